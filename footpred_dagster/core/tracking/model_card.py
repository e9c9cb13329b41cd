"""A model card (Mitchell et al. 2019) as Markdown, for people: what a fit is, how it did, what it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import isfinite

from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.features.contract import MARKET_AWARE_FEATURES, contract_of
from footpred_dagster.core.tracking.model_card_data import LITTLE_RECORD, CardFacts, Judged, Record

TOP_FEATURES = 10
ENDS = 3
"""Leagues shown of the best and of the worst."""
MEANINGS = {feature.name: feature.meaning for feature in MARKET_AWARE_FEATURES}
SCORED = ("log_loss", "rps", "brier", "accuracy")
SIMULATED = (
    "**Simulated football.** Clubs, results and prices were made up by the built-in simulator: these figures say how "
    "well the machinery works, and nothing about real matches."
)


def render(facts: CardFacts) -> str:
    """The whole card. Equal facts give equal text."""
    sections = (
        ("", [SIMULATED] if facts.simulated else []),
        ("", [introduction(facts), key_figures(facts)]),
        ("What it learned from", _learned(facts)),
        ("How it did out of season", _verdict(facts)),
        ("Leagues", _leagues(facts)),
        ("Calibration", _calibration(facts)),
        ("What it looks at", _importance(facts)),
        ("Hyperparameters", _hyperparameters(facts)),
        ("What it does not know", _limits(facts)),
        ("Where it comes from", _origin(facts)),
    )
    parts = [f"# {facts.title}"]
    for heading, paragraphs in sections:
        parts += [f"## {heading}"] if heading and paragraphs else []
        parts += paragraphs
    return "\n\n".join(parts) + "\n"


def summary(facts: CardFacts) -> str:
    """The first paragraph and the key figures: what a registry's page has room for."""
    return "\n\n".join(([SIMULATED] if facts.simulated else []) + [introduction(facts), key_figures(facts)])


def introduction(facts: CardFacts) -> str:
    known, version = facts.known, facts.version
    return (
        f"{facts.description} Version {version.version} of the recipe `{version.name}`: chances of home win, draw and "
        f"away win after regular time, fitted as of {_instant(facts.as_of)} on {_count(known.matches)} "
        f"{'simulated' if facts.simulated else 'real'} league matches of {_divisions(known)}."
    )


def key_figures(facts: CardFacts) -> str:
    newest = facts.newest
    if newest is None:
        return "No season could be judged out of sample: too few are complete."
    scores = newest.scores
    return (
        f"Out of season, {_seasons(newest.seasons)}, {_count(scores.n)} matches: log-loss "
        f"**{scores.log_loss:.4f}** ± {newest.errors['log_loss']:.4f}, RPS **{scores.rps:.4f}**, accuracy "
        f"{scores.accuracy:.1%}, ECE {scores.ece:.4f} (if every chance were true: {newest.chance.mean:.4f} on average, "
        f"below {newest.chance.upper:.4f} in 95 of 100)."
    )


def _learned(facts: CardFacts) -> list[str]:
    known, learned = facts.known, facts.learned
    part = "all of them" if learned.matches == known.matches else f"the newest {_count(learned.matches)}"
    return [
        f"- On record before as_of: {_count(known.matches)} matches, {_span(known)}.\n"
        f"- Learned from: {part}, {_divisions(learned)}, {len(learned.seasons)} seasons "
        f"({learned.seasons[0]} to {learned.seasons[-1]}), {_span(learned)}.\n"
        f"- Inputs: {facts.inputs} of the {len(contract_of(facts.version.name))} features of contract "
        f"`{facts.version.fingerprint}`, made of matches dated before the match's own day"
        f"{' and of the opening odds' if facts.reads_odds else ''}."
    ]


def _verdict(facts: CardFacts) -> list[str]:
    if not facts.judged:
        return ["Not judged."]
    rows = [*facts.judged, *([facts.closing] if facts.closing else [])]
    heading = ["window", "season", "who", "matches", "log-loss", "RPS", "Brier", "accuracy", "ECE", "ECE by chance"]
    return [
        "Every season was predicted by a fit on the seasons before it. Windows for selection chose among candidates, "
        "the final one is only reported. Means ± standard errors by match week; lower is better but for accuracy. "
        "*ECE by chance* is the mean and the 95 % point for a perfectly calibrated model on as many matches. The "
        "closing line is the bookmakers' last price without margin, where there was one.",
        _table(heading, [_scores(row) for row in rows], text=3),
    ]


def _scores(row: Judged) -> list[str]:
    scores = row.scores
    means = [_mean(getattr(scores, name), row.errors[name]) for name in SCORED]
    chance = f"{row.chance.mean:.4f}, {row.chance.upper:.4f}"
    return [row.window, _seasons(row.seasons), row.who, _count(scores.n), *means, f"{scores.ece:.4f}", chance]


def _mean(value: float, error: float) -> str:
    """Without a standard error where there are too few match weeks for one."""
    return f"{value:.4f} ± {error:.4f}" if isfinite(error) else f"{value:.4f}"


def _leagues(facts: CardFacts) -> list[str]:
    if len(facts.leagues) <= 2 * ENDS:
        shown: Sequence[tuple[str, float, float]] = facts.leagues
    else:
        shown = [*facts.leagues[:ENDS], *facts.leagues[-ENDS:]]
    if not shown:
        return []
    rows = [[_league(code), _mean(loss, error)] for code, loss, error in shown]
    note = (
        f"Log-loss over the same matches, best and worst of {len(facts.leagues)} leagues. Leagues differ in how even "
        "their matches are: a worse score need not mean a worse model."
    )
    return [note, _table(["league", "log-loss"], rows, text=1)]


def _calibration(facts: CardFacts) -> list[str]:
    if not facts.bins:
        return []
    off = sum(not each.honest for each in facts.bins)
    rows = [
        [f"{each.claimed:.1%}", f"{each.observed:.1%}", f"{each.low:.1%} to {each.high:.1%}", _count(each.n)]
        for each in facts.bins
    ]
    return [
        f"Temperature {facts.temperature:.3f} (1 leaves the model as it is). Chances of all three outcomes pooled into "
        f"ten bins; in {off or 'none'} of {len(facts.bins)} the claim lies outside the 95 % interval of what happened. "
        "The picture is `calibration.png`, beside this card.",
        _table(["claimed", "happened", "95 % interval", "claims"], rows, text=0),
    ]


def _importance(facts: CardFacts) -> list[str]:
    if not facts.importance:
        return ["No feature: it knows the division a match is played in, and nothing else."]
    top = list(facts.importance.items())[:TOP_FEATURES]
    rows = [[f"`{name}`", MEANINGS.get(name, ""), f"{share:.1%}"] for name, share in top]
    left = len(facts.importance) - len(top)
    more = f" {left} more share the rest; all are in `feature_importance.json`." if left else ""
    return [
        f"Shares of what the fit owes to each input.{more} Inputs that say "
        "nearly the same divide their share by chance.",
        _table(["feature", "meaning", "share"], rows, text=2),
    ]


def _hyperparameters(facts: CardFacts) -> list[str]:
    return [", ".join(f"`{name}` {value}" for name, value in facts.hyperparameters.items()) + "."]


def _limits(facts: CardFacts) -> list[str]:
    unknown = [
        "Line-ups, injuries, suspensions, transfers, a new coach, travel, weather and motivation.",
        "Money: wages, market values and betting odds are not among its inputs.",
        "Cups, play-offs on neutral ground, extra time: it learned from league matches over 90 minutes.",
    ]
    if facts.no_shots:
        unknown.append(f"Shots, where none are counted: {', '.join(facts.no_shots)}. Strength rests on goals there.")
    cold = f"Clubs with fewer than {LITTLE_RECORD} matches on record start from their league's average"
    if facts.cold_starts:
        matches, loss = facts.cold_starts
        cold += f": {_count(matches)} of the matches judged, log-loss {loss:.4f}"
    unknown.append(cold + ".")
    return ["\n".join(f"- {line}" for line in unknown), _advice(facts)]


def _advice(facts: CardFacts) -> str:
    """The market, on the very matches it is compared on, or without figures where there are none."""
    text = "**Not betting advice.** The bookmakers' closing prices are the better forecast"
    if facts.closing is None or facts.newest is None:
        return f"{text}; whoever bets against them with this model should expect to lose."
    ours, theirs = facts.newest.scores.log_loss, facts.closing.scores.log_loss
    if theirs >= ours:  # then one must not claim that it is
        return (
            f"**Not betting advice.** On these matches the closing line scores {theirs:.4f} in log-loss and this model "
            f"{ours:.4f}; a model without odds that is ahead of the market on real football is a leak until proven."
        )
    return f"{text}: log-loss {theirs:.4f} against {ours:.4f}. Whoever bets on this model should expect to lose."


def _origin(facts: CardFacts) -> list[str]:
    data = (
        "Data: the built-in simulator, in the format of football-data.co.uk."
        if facts.simulated
        else "Data: [football-data.co.uk](https://www.football-data.co.uk), real results, shots and closing prices. "
        "The site states no open licence: its files are used for research, attributed, and not redistributed."
    )
    facts_of_run = [
        f"{name.replace('_', ' ')} `{value}`" for name, value in facts.provenance.items() if name != "origin" and value
    ]
    bundle = f"Bundle: sha256 `{facts.version.artifact_sha256}`."
    return [" ".join([data, bundle, *([f"From: {', '.join(facts_of_run)}."] if facts_of_run else [])])]


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]], *, text: int) -> str:
    """A Markdown table; the first ``text`` columns are words, the others are numbers and aligned right."""
    rule = ["---"] * text + ["---:"] * (len(heading) - text)
    return "\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *rows))


def _league(code: str) -> str:
    league = MAIN_LEAGUES[code]
    return f"{league.name}, {league.country} ({code})"


def _divisions(record: Record) -> str:
    return "1 division" if record.leagues == 1 else f"{record.leagues} divisions"


def _span(record: Record) -> str:
    return f"{record.first:%-d %B %Y} to {record.last:%-d %B %Y}"


def _seasons(seasons: Sequence[str]) -> str:
    return " and ".join(seasons) if len(seasons) <= 2 else f"{seasons[0]} to {seasons[-1]}"


def _instant(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC"


def _count(number: int) -> str:
    """Thousands apart by a thin space that does not break."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
