"""How everything looks: one scale of type, one palette for light and dark, told apart by colour-blind readers too."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
STYLE = (STATIC / "style.css").read_text(encoding="utf-8")

HOME, DRAW, AWAY = "#3a83c5", "#8b929c", "#d9761a"
"""Blue, grey, orange: distinct under every common colour blindness, at 3:1 or more on both backgrounds."""
SERIES = ("#3a83c5", "#d9761a", "#1f9e89", "#b05fa8", "#8b929c", "#a88a1c")
QUIET = "#8b929c"

PALETTES = {
    "light": {
        "page": "#f5f6f8",
        "surface": "#ffffff",
        "text": "#18212c",
        "muted": "#566270",
        "line": "#dde2e8",
        "line-strong": "#8a95a3",
        "link": "#195a97",
        "focus": "#195a97",
        "note": "#fdf1e3",
        "hover": "#f5f8fb",
        "home-text": "#1f66a8",
        "away-text": "#a85306",
    },
    "dark": {
        "page": "#0f141a",
        "surface": "#171e27",
        "text": "#e7ebf0",
        "muted": "#a3afbd",
        "line": "#2a3440",
        "line-strong": "#67737f",
        "link": "#84bdf2",
        "focus": "#84bdf2",
        "note": "#33291c",
        "hover": "#1c2530",
        "home-text": "#7fb6ea",
        "away-text": "#f0a258",
    },
}
SHARED = {
    "home": HOME,
    "draw": DRAW,
    "away": AWAY,
    "home-deep": "#2668a6",
    "draw-deep": "#666e79",
    "away-deep": "#a85306",
}


WHOLE = ":host{max-height:none;flex-shrink:0}"
"""For containers: Bokeh limits each to the height of its parent, here the window's, and what is longer is overlaid."""

BUSY = """
:root[data-busy]::before{content:"";position:fixed;z-index:2000;top:0;left:0;height:3px;width:100%;
background:var(--fp-home);transform-origin:left;animation:fp-busy 2s .2s ease-out both;}
@keyframes fp-busy{from{transform:scaleX(0)}to{transform:scaleX(.9)}}
@media(prefers-reduced-motion:reduce){:root[data-busy]::before{animation-timing-function:step-end}}
"""
"""While a page is drawn: nothing for the first moment, then a bar that grows."""


def document_css() -> str:
    """Variables on the document, where every component below finds them."""

    def block(selector: str, colours: dict[str, str]) -> str:
        return selector + "{" + "".join(f"--fp-{name}:{colour};" for name, colour in colours.items()) + "}"

    pages = "html,body{background:var(--fp-page)!important;}"
    return block(":root", SHARED | PALETTES["light"]) + block(":root[data-fp=dark]", PALETTES["dark"]) + pages + BUSY


def _material(mode: str) -> dict[str, object]:
    colours = PALETTES[mode]
    return {
        "palette": {
            "primary": {"main": colours["link"]},
            "text": {"primary": colours["text"], "secondary": colours["muted"]},
            "background": {"default": colours["page"], "paper": colours["page"]},
            "divider": colours["line"],
        },
    }


MATERIAL = {"light": _material("light"), "dark": _material("dark")}
BAR = {
    "& .MuiAppBar-root.header": {"backgroundColor": "#14273b", "backgroundImage": "none", "color": "#fff"},
    "& .MuiAppBar-root .title": {"fontSize": "20px", "fontWeight": 500},
    "& .MuiAppBar-root .MuiLinearProgress-root": {"display": "none"},  # it tells of the process, BUSY of this page
}
