"""Pictures for the experiment log, as PNG. Colours of Okabe and Ito, which the colour-blind can tell apart.

matplotlib takes a second to import: only functions import it. Figures are made without pyplot, whose state is global.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from footpred_dagster.core.statistics.reliability import Bin
from footpred_dagster.core.statistics.scoring_rules import ECE_BINS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from footpred_dagster.core.market.accounts import Account

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#666666"
DOTS_PER_INCH = 120
SHOWN_FEATURES = 20


def calibration(bins: Sequence[Bin], title: str, note: str = "") -> bytes:
    """The reliability curve with 95 % intervals, and below it how many claims each point stands for."""
    figure = _figure(6.4, 7.2)
    curve, claims = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    claimed, observed = [each.claimed for each in bins], [each.observed for each in bins]
    # An interval that ends at its own middle, where all or nothing happened, may miss it by a rounding.
    below = [max(each.observed - each.low, 0.0) for each in bins]
    above = [max(each.high - each.observed, 0.0) for each in bins]
    curve.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="as often as claimed")
    curve.errorbar(
        claimed, observed, yerr=(below, above), color=BLUE, marker="o", markersize=5, capsize=3, label="happened, 95 %"
    )
    curve.set(ylabel="share that happened", xlim=(0, 1), ylim=(0, 1))
    curve.set_title(title, loc="left", fontsize=11)
    curve.legend(loc="upper left", frameon=False)
    curve.grid(alpha=0.25)
    middles = [(each.place + 0.5) / ECE_BINS for each in bins]
    claims.bar(middles, [each.n for each in bins], width=0.09, color=BLUE, alpha=0.75)
    claims.set(xlabel=f"claimed probability of home, draw or away{note and f' ({note})'}", ylabel="claims")
    claims.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    claims.set_xticks([tenth / 10 for tenth in range(11)])
    return _png(figure)


def feature_importance(importance: Mapping[str, float], title: str, note: str = "") -> bytes:
    """Horizontal bars of the largest shares, which sum to one over all features, the largest on top."""
    shown = list(importance.items())[:SHOWN_FEATURES]
    names, shares = [name for name, _ in shown], [share for _, share in shown]
    figure = _figure(7.2, 1.4 + 0.27 * len(shown))
    axes = figure.subplots()
    bars = axes.barh(names, shares, color=BLUE)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=3, fontsize=8, color=GREY)
    axes.invert_yaxis()
    axes.set_xlim(0, max(shares) * 1.12)
    left = len(importance) - len(shown)
    of = f"largest {len(shown)} of {len(importance)}" if left else "all inputs"
    axes.set_xlabel(f"share of importance, {of}{note and f' ({note})'}")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_title(title, loc="left", fontsize=11)
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return _png(figure)


def _figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def better_than_champion(
    rows: Sequence[tuple[str, float, float | None, float | None]], champion: str, note: str = ""
) -> bytes:
    """By how much each log-loss is lower than the champion's: name, difference, low and high of its interval, None
    without one."""
    figure = _figure(7.2, 1.4 + 0.34 * len(rows))
    axes = figure.subplots()
    ranked = sorted(rows, key=lambda row: row[1])
    for place, (_, difference, low, high) in enumerate(ranked):
        if low is None or high is None:
            axes.plot(difference, place, "o", color=GREY)
            continue
        axes.errorbar(
            difference,
            place,
            xerr=[[max(difference - low, 0.0)], [max(high - difference, 0.0)]],
            fmt="o",
            color=BLUE if low > 0 else VERMILION if high < 0 else GREY,
            capsize=3,
        )
    axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
    axes.margins(x=0.08, y=0.15)
    axes.set_yticks(range(len(ranked)), [name for name, *_ in ranked])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.25)
    axes.set_xlabel(f"lower log-loss than {champion}, 95 % interval by match week{note and f' ({note})'}")
    axes.set_title(f"Who beats the champion, {champion}", loc="left", fontsize=11)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return _png(figure)


def betting_returns(accounts: Sequence[Account], note: str = "") -> bytes:
    """ROI of flat stakes by claimed edge with 95 % intervals, each point with its profit or loss, at either line."""
    figure = _figure(9.0, 4.8)
    axes = figure.subplots()
    edges = sorted({account.edge for account in accounts})
    sides = {"opening": (BLUE, "right", -1), "closing": (VERMILION, "left", 1)}
    for line, (colour, alignment, side) in sides.items():
        for account in accounts:
            found, place = account.returns, edges.index(account.edge) + 0.08 * side
            if account.line != line or found.roi is None:
                continue
            low, high = (found.roi if bound is None else bound for bound in (found.roi_low, found.roi_high))
            reach = [[max(found.roi - low, 0.0)], [max(high - found.roi, 0.0)]]
            axes.errorbar(place, found.roi, yerr=reach, fmt="o", color=colour, capsize=3)
            axes.annotate(
                f"{found.profit:+,.0f} units\n{found.bets:,} bets",
                (place, found.roi),
                xytext=(6 * side, 0),
                textcoords="offset points",
                ha=alignment,
                va="center",
                fontsize=7,
                color=colour,
            )
        axes.plot([], [], "o", color=colour, label=f"at {line} odds")
    axes.axhline(0, color=GREY, linewidth=1, linestyle="--", label="nothing won, nothing lost")
    axes.margins(y=0.1)
    axes.set_xlim(-0.6, len(edges) - 0.4)
    axes.set_xticks(range(len(edges)), [f"> {edge:.0%}" for edge in edges])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set(ylabel="profit / staked", xlabel=f"claimed edge, one unit a bet{note and f' ({note})'}")
    axes.set_title(f"What betting on the claims of {accounts[0].model} returned", loc="left", fontsize=11)
    axes.grid(axis="y", alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    body = BytesIO()
    figure.savefig(body, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return body.getvalue()
