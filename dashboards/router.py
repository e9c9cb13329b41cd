"""The bridge to the browser: its address, the clubs it follows, its theme."""

from __future__ import annotations

import param
from panel.custom import JSComponent

from dashboards.theme import STATIC


class Router(JSComponent):
    """``url`` is the address shown. The browser writes it on links and on back; written here, the browser goes there."""

    url = param.String(default="")
    title = param.String(default="")
    followed = param.List(default=[], item_type=str)
    dark = param.Boolean(default=False)

    _esm = STATIC / "router.js"
    _stylesheets = [":host{position:absolute;width:1px;height:1px;overflow:hidden}"]
