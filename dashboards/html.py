"""HTML in small pieces. Whatever comes from data is escaped: ``Markup.format`` and ``markup`` see to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

DASH = "–"


def join(parts: Iterable[str], separator: str = "") -> Markup:
    return Markup(separator).join(parts)  # noqa: S704 - separators are constants


def number(value: float | None, digits: int = 0, *, sign: bool = False) -> str:
    """``1 234.5`` with a thin space, ``–`` for nothing; a real minus."""
    if value is None or not isfinite(value):
        return DASH
    text = f"{value:{'+' if sign else ''},.{digits}f}".replace(",", "\u202f")
    return text.replace("-", "\u2212") if float(f"{value:.{digits}f}") else f"{0:.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    return DASH if value is None else number(100 * value, digits) + "%"


def day(value: date | None, *, weekday: bool = False) -> str:
    """``23 Nov 2026``."""
    return (
        DASH if value is None else f"{value:%a} {value.day} {value:%b %Y}" if weekday else f"{value.day} {value:%b %Y}"
    )


def instant(value: datetime | None) -> str:
    return DASH if value is None else f"{day(value)}, {value:%H:%M} UTC"


def ago(value: datetime | None, now: datetime) -> str:
    """``3 hours ago``, coarse: what a reader needs to judge age."""
    if value is None:
        return "never"
    seconds = (now - value).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (count := int(seconds // length)) >= 1:
            return f"{number(count)} {unit}{'s' if count > 1 else ''} ago"
    return "just now" if seconds >= 0 else f"at {instant(value)}"


def address(page: str, query: Mapping[str, object] | None = None) -> str:
    """``/page?a=b`` without what is empty, in a fixed order: one state, one address."""
    kept = {name: value for name, value in sorted((query or {}).items()) if value not in (None, "", False)}
    return f"/{page}" + (f"?{urlencode(kept)}" if kept else "")


def link(page: str, text: object, /, **query: object) -> Markup:
    return Markup('<a data-nav href="{}">{}</a>').format(address(page, query), text)


@dataclass(frozen=True, slots=True)
class Column:
    """``cell`` makes text (escaped) or Markup of a row; ``kind`` is a CSS class: n for numbers, wide, narrow."""

    label: str
    cell: Callable[[Any], object]
    kind: str = ""
    hint: str = ""


def numeric(label: str, name: str, digits: int = 0, kind: str = "n", hint: str = "") -> Column:
    return Column(label, lambda row: number(row[name], digits), kind, hint)


def table(
    columns: Sequence[Column],
    rows: Iterable[Any],
    caption: str,
    *,
    group: Callable[[Any], object] | None = None,
    mark: Callable[[Any], str] | None = None,
) -> Markup:
    """A table that scrolls sideways when it must. ``group`` heads each run of equal values, ``mark`` classes a row."""
    head = join(
        Markup('<th scope="col" class="{}"{}>{}</th>').format(
            column.kind, Markup(' title="{}"').format(column.hint) if column.hint else "", column.label
        )
        if column.label
        else Markup('<td class="{}"></td>').format(column.kind)
        for column in columns
    )
    lines, before = [], None
    for row in rows:
        if group is not None and (heading := group(row)) != before:
            before = heading
            lines.append(
                Markup('<tr class="day"><th scope="rowgroup" colspan="{}">{}</th></tr>').format(len(columns), heading)
            )
        cells = join(Markup('<td class="{}">{}</td>').format(column.kind, column.cell(row)) for column in columns)
        lines.append(Markup('<tr class="{}">{}</tr>').format(mark(row) if mark else "", cells))
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table><caption>{}</caption>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(caption, caption, head, join(lines))


def bar(probabilities: Sequence[float]) -> Markup:
    """Home, draw, away side by side; the numbers stand beside it, so that it is hidden from a screen reader."""
    parts = join(
        Markup('<i class="{}" style="width:{}%"></i>').format(name, f"{100 * share:.2f}")
        for name, share in zip("hda", probabilities, strict=True)
    )
    return Markup('<span class="bar" aria-hidden="true">{}</span>').format(parts)


def run(results: str, teams: str = "") -> Markup:
    """``WWDLW``, newest last."""
    letters = join(Markup('<b class="{0}">{0}</b>').format(letter) for letter in results if letter in "WDL")
    return Markup('<span class="run" role="img" aria-label="{} {}">{}</span>').format(teams, results, letters)


def card(title: str, *parts: str, note: object = "", level: int = 2) -> Markup:
    """``title`` is the question this part of the page answers."""
    noted = Markup('<p class="muted">{}</p>').format(note) if note else ""
    return Markup('<section class="card"><h{0}>{1}</h{0}>{2}{3}</section>').format(level, title, noted, join(parts))


def cards(*parts: str) -> Markup:
    return Markup('<div class="cards">{}</div>').format(join(parts))


def facts(pairs: Iterable[tuple[str, object, object]]) -> Markup:
    """(label, value, remark) as a definition list."""
    items = join(
        Markup("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>").format(label, value, remark)
        for label, value, remark in pairs
    )
    return Markup('<dl class="facts">{}</dl>').format(items)


def empty(title: str, why: object = "") -> Markup:
    return Markup('<div class="empty"><strong>{}</strong><p>{}</p></div>').format(title, why)


def csv_link(name: str, query: Mapping[str, object], text: str = "Download CSV") -> Markup:
    return Markup('<a class="button" download href="{}">{}</a>').format(address(f"export/{name}.csv", query), text)


def head(title: str, lead: object, *tools: str) -> Markup:
    buttons = Markup("<div>{}</div>").format(join(tools, " ")) if tools else ""
    return Markup('<div class="tools"><div><h1>{}</h1><p class="lead">{}</p></div>{}</div>').format(
        title, lead, buttons
    )
