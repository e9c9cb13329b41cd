"""All served predictions, page by page, and beside the market; from memory."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from litestar import Request, Response, get
from litestar.params import QueryParameter

from footpred_dagster.core.domain import SITE_ZONE
from footpred_dagster.core.domain.disclaimer import DISCLAIMER
from footpred_dagster.core.domain.odds import power_devig
from serving.controllers.filters import known_league, known_seasons, known_team
from serving.controllers.matches import Cursor, From, League, Limit, Season, TeamId, To
from serving.controllers.operation import LIST, gives, operation
from serving.http.negotiation import CSV, JSON, NDJSON, lines, table
from serving.http.pagination import cursor_of, link, place_of
from serving.schemas.prediction_bodies import Answer
from serving.schemas.prediction_rows import COLUMNS, flat
from serving.schemas.predictions import Card, CardPage, Outcomes, PredictionPage
from serving.service_call import call_of
from serving.state.snapshot import by_kickoff

CARD_COLUMNS = (
    *("match_id", "league", "kickoff", "home_id", "home", "away_id", "away", "p_home", "p_draw", "p_away"),
    *("market_home", "market_draw", "market_away", "value_home", "value_draw", "value_away"),
    *("odds_home", "odds_draw", "odds_away", "model", "model_version", "as_of"),
    *("home_display_name", "away_display_name"),
)
Kind = Annotated[Literal["live", "replay"] | None, QueryParameter()]


def page_of(answers: list[Answer], cursor: str | None, limit: int, **filters: Any) -> tuple[list[Answer], str | None]:
    """The answers after ``cursor`` that pass, and the cursor of those after them."""
    place = place_of(cursor)
    begin = bisect.bisect_right(answers, place, key=by_kickoff) if place else 0
    passing = _passing(answers, begin, **filters)
    page = list(itertools.islice(passing, limit))
    last = page[-1].prediction if len(page) == limit and next(passing, None) else None
    return page, cursor_of(last.kickoff, last.match_id or "") if last else None


def _passing(
    answers: list[Answer],
    begin: int,
    *,
    league: str | None = None,
    seasons: Sequence[str] | None = None,
    team: str | None = None,
    kind: str | None = None,
    start: date | None = None,
    end: date | None = None,
    after: datetime | None = None,
) -> Iterator[Answer]:
    for place in range(begin, len(answers)):
        found = answers[place].prediction
        day = found.kickoff.astimezone(SITE_ZONE).date() if start or end else None
        if (
            (league is None or found.league == league)
            and (seasons is None or found.season in seasons)
            and (team is None or team in (found.home.id, found.away.id))
            and (kind is None or found.kind == kind)
            and (start is None or (day is not None and day >= start))
            and (end is None or (day is not None and day <= end))
            and (after is None or found.kickoff > after)
        ):
            yield answers[place]


@operation(
    get,
    "/predict/predictions/",
    gives(PredictionPage, "A page, by kickoff."),
    "unknown-league",
    "unknown-season",
    "unknown-team",
    "unknown-cursor",
    scope="read",
    tag="predictions",
    formats=LIST,
)
async def list_predictions(
    request: Request[Any, Any, Any],
    league: League = None,
    season: Season = None,
    team: TeamId = None,
    kind: Kind = None,
    start: From = None,
    end: To = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[bytes]:
    """The newest sealed prediction of each match. JSON, NDJSON or CSV, by Accept; odds are in none of them."""
    call = call_of(request.scope)
    wanted, service = call.representation, call.service
    code = known_league(league)
    page, following = page_of(
        service.snapshot.ordered,
        cursor,
        limit,
        league=code,
        seasons=known_seasons(season, code),
        team=known_team(service, team),
        kind=kind,
        start=start,
        end=end,
    )
    if wanted == CSV:
        return table((flat(answer.prediction, service.age.stale) for answer in page), COLUMNS, link(following))
    tail = service.age.tail()
    encoded = [answer.head + tail for answer in page]
    if wanted == NDJSON:
        return lines(encoded, link(following))
    body = b'{"items":[' + b",".join(encoded) + b'],"next":' + msgspec.json.encode(following) + b"}"
    return Response(body, headers=link(following), media_type=JSON)


@operation(
    get,
    "/predict/cards/",
    gives(CardPage, "A page of fixtures, soonest first."),
    "unknown-league",
    "unknown-team",
    "unknown-cursor",
    scope="read",
    tag="predictions",
    formats=LIST,
)
async def list_cards(
    request: Request[Any, Any, Any],
    league: League = None,
    team: TeamId = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[Any]:
    """Coming fixtures beside the market line. Odds are left out unless the operator has licensed them, and value is
    rounded so that it does not give them away."""
    call = call_of(request.scope)
    wanted, service = call.representation, call.service
    page, following = page_of(
        service.snapshot.ordered,
        cursor,
        limit,
        league=known_league(league),
        team=known_team(service, team),
        after=datetime.now(UTC),
    )
    cards = _cards(page, show_odds=service.settings.export_odds)
    if wanted == CSV:
        return table(map(_flat, cards), CARD_COLUMNS, link(following))
    if wanted == NDJSON:
        return lines(map(msgspec.json.encode, cards), link(following))
    told = CardPage(cards, following, DISCLAIMER, service.age.stale, service.age.seconds())
    return Response(told, headers=link(following), media_type=JSON)


def _cards(page: list[Answer], *, show_odds: bool) -> list[Card]:
    odds = np.array([_triple(answer.odds) for answer in page]).reshape(-1, 3)
    line = power_devig(odds)
    cards = []
    for answer, priced, market in zip(page, odds.tolist(), line.tolist(), strict=True):
        found = answer.prediction
        chances = _triple(found.probabilities)
        known = market[0] == market[0]  # a quote without sense has no line, which is NaN
        value = (
            Outcomes(*(round(p * price - 1, 2) for p, price in zip(chances, priced, strict=True))) if known else None
        )
        cards.append(
            Card(
                found.match_id or "",
                found.league,
                found.kickoff,
                found.home,
                found.away,
                found.probabilities,
                Outcomes(*(round(share, 4) for share in market)) if known else None,
                value,
                answer.odds if show_odds else None,
                found.model,
                found.as_of,
            )
        )
    return cards


def _triple(outcomes: Outcomes | None) -> tuple[float, float, float]:
    return (outcomes.home, outcomes.draw, outcomes.away) if outcomes else (np.nan, np.nan, np.nan)


def _flat(card: Card) -> dict[str, Any]:
    row = {
        "match_id": card.match_id,
        "league": card.league,
        "kickoff": card.kickoff.isoformat(),
        "home_id": card.home.id,
        "home": card.home.name,
        "away_id": card.away.id,
        "away": card.away.name,
        "model": card.model.name,
        "model_version": card.model.version,
        "as_of": card.as_of.isoformat(),
        "home_display_name": card.home.display_name,
        "away_display_name": card.away.display_name,
    }
    for name, found in (("p", card.probabilities), ("market", card.market), ("value", card.value), ("odds", card.odds)):
        if found is not None:
            row |= {f"{name}_home": found.home, f"{name}_draw": found.draw, f"{name}_away": found.away}
    return row
