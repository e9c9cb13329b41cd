"""How the models score, who is champion and why, and what the market knows better."""

from __future__ import annotations

from dashboards.reader import Reader, Row


def champion(reader: Reader) -> Row | None:
    """The promotion in force with its version; None before the first."""
    return reader.row("""
        select decisions.*, versions.fingerprint, versions.artifact_sha256, versions.recipe, versions.training_rows,
            versions.profile, versions.created_at, versions.mlflow_run_id, versions.mlflow_version
        from models.decisions left join models.versions using (name, version)
        order by promotion_id desc limit 1
    """)


def promotions(reader: Reader) -> list[Row]:
    return reader.rows("""
        select promotion_id, decided_at, as_of, name, version, decision, actor, because, reasons
        from models.promotions order by promotion_id desc limit 50
    """)


def interventions(reader: Reader) -> list[Row]:
    return reader.rows("select * from models.interventions order by intervention_id desc limit 50")


def candidates(reader: Reader) -> list[Row]:
    return reader.rows("""
        select candidates.name, candidates.version, candidates.trained_at, versions.training_rows, versions.profile,
            versions.fingerprint, versions.mlflow_run_id
        from models.candidates inner join models.versions using (name, version) order by candidates.name
    """)


def looks(reader: Reader) -> Row:
    return reader.rows("select count(*) as n, max(looked_at) as newest from models.looks")[0]


def evaluation(reader: Reader) -> list[Row]:
    return reader.rows('select *, "window" as span from models.evaluation order by log_loss')


def slices(reader: Reader) -> list[Row]:
    return reader.rows('select *, "window" as span from models.slices order by slice, value, log_loss')


def against(reader: Reader, ours: str) -> list[Row]:
    """``ours`` beside every other on the seasons of selection: what it saves of their log-loss, the most first."""
    rows = reader.rows(
        """
        select model, against, n, difference, low, high from models.comparisons
        where "window" = 'selection' and league = 'all' and %(ours)s in (model, against)
        """,
        {"ours": ours},
    )
    turned = [row if row["model"] == ours else turn(row) | {"against": row["model"]} for row in rows]
    return sorted(turned, key=lambda row: -row["difference"])


def turn(row: Row, name: str = "difference", low: str = "low", high: str = "high") -> Row:
    """A difference and its interval seen from the other side; bounds of None stay so."""
    lowest, highest = (None if row[bound] is None else -row[bound] for bound in (high, low))
    return row | {name: -row[name], low: lowest, high: highest}


def track_record(reader: Reader) -> list[Row]:
    return reader.rows("select * from predictions.track_record")


def sealed_reliability(reader: Reader) -> list[Row]:
    return reader.rows("select * from predictions.reliability order by kind, model, bin")


def backtest_reliability(reader: Reader, window: str, model: str) -> list[Row]:
    """Bins of a model over a window of seasons, none of which it was fitted on."""
    return reader.rows(
        """
        select bin, n, predicted, observed, low, high from models.reliability
        where "window" = %(window)s and model = %(model)s order by bin
        """,
        {"window": window, "model": model},
    )


def gaps_to_closing(reader: Reader, window: str, model: str) -> list[Row]:
    """Log-loss of a model less that of the closing line by league: value, gap, low, high (None without one) and n."""
    return reader.rows(
        """
        select league as value, -difference as gap, -high as low, -low as high, n from models.comparisons
        where "window" = %(window)s and model = %(model)s and against = 'market_closing' and league <> 'all'
        order by league
        """,
        {"window": window, "model": model},
    )


def span(seasons: str) -> str:
    """``2324,2425`` as ``2023-25``, one season as ``2023-24``."""
    codes = seasons.split(",")
    first, last = codes[0], codes[-1]
    century = "19" if int(first[:2]) > 90 else "20"
    return f"{century}{first[:2]}–{last[2:]}"


def honest_number(reader: Reader) -> str | None:
    """What a prediction is worth, in one sentence, from live sealed predictions once there are any, else backtests."""
    live = {row["model"]: row for row in track_record(reader) if (row["kind"], row["slice"]) == ("live", "all")}
    if "champion" in live and live["champion"]["n"] >= 300:
        where, found = "sealed before kickoff", live
    else:
        crowned = champion(reader)
        rows = [row for row in evaluation(reader) if (row["span"], row["league"]) == ("final", "all")]
        found = {row["model"]: row for row in rows}
        if not crowned or crowned["name"] not in found:
            return None
        found["champion"] = found[crowned["name"]]
        where = f"of {span(found['champion']['seasons'])}, which the model had not seen"
    ours = found["champion"]
    parts = [f"log-loss {ours['log_loss']:.4f} on {ours['n']:,} matches {where}".replace(",", "\u202f", 1)]
    if base := found.get("base_rate"):
        parts.append(f"guessing base rates gives {base['log_loss']:.4f}")
    if market := found.get("market_closing"):
        verdict = "the market knows more" if market["log_loss"] < ours["log_loss"] else "no worse than the market here"
        parts.append(f"a bookmaker's closing line {market['log_loss']:.4f}: {verdict}")
    return "; ".join(parts)
