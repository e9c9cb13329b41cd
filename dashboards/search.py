"""The search for a team at the top of every page: asks the server as the reader types, so that any spelling finds."""

from __future__ import annotations

from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.theme import STATIC


class TeamSearch(JSComponent):
    """``asked``: text and number of the newest question. ``results``: rows of id, name and where for one of a number.

    ``chosen``: team the reader chose; numbered too, so that the same team can be chosen twice.
    """

    asked = param.Dict(default={"text": "", "number": 0})
    results = param.Dict(default={"number": 0, "rows": []})
    chosen = param.Dict(default={"team": "", "number": 0})

    _debounce: ClassVar[int] = 0

    _esm = STATIC / "search.js"
    _stylesheets: ClassVar[list[str]] = [(STATIC / "search.css").read_text(encoding="utf-8")]
