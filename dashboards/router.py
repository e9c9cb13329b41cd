"""The bridge to the browser: its address, the clubs it follows, its theme."""

from __future__ import annotations

from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.theme import STATIC


class Router(JSComponent):
    """``url`` is the address shown: the browser writes it on links and on back, and goes where it is told to here.

    ``drawn`` counts the pages shown.
    """

    url = param.String(default="")
    title = param.String(default="")
    drawn = param.Integer(default=0)
    followed = param.List(default=[], item_type=str)
    dark = param.Boolean(default=False)

    _debounce: ClassVar[int] = 0
    """By itself Panel waits for 50 ms whether more will change."""

    _esm = STATIC / "router.js"
    _stylesheets: ClassVar[list[str]] = [":host{position:absolute;width:1px;height:1px;overflow:hidden}"]
