"""How fresh and how whole the data is."""

from __future__ import annotations

from dashboards.reader import Reader, Row
from footpred_dagster.core.clubs.names import decision_command


def freshness(reader: Reader) -> Row:
    """Newest of everything, in one row."""
    return reader.rows("""
        select
            (select max(match_date) from marts.fct_matches where status = 'played') as newest_result,
            (select min(kickoff) from marts.fct_matches where status = 'fixture') as next_kickoff,
            (select count(*) from marts.fct_matches where status = 'played') as matches,
            (select count(*) from marts.fct_matches where status = 'fixture') as fixtures,
            (select max(loaded_at) from raw.loads) as loaded_at,
            (select max(fetched_at) from raw.fetches) as fetched_at,
            (select max(sealed_at) from predictions.served) as sealed_at,
            (select count(*) from predictions.served) as served
    """)[0]


def simulated(reader: Reader) -> bool:
    """Whether any of the data was made up by the simulator."""
    return bool(reader.rows("select exists (select from raw.fetches where simulated) as made_up")[0]["made_up"])


def by_league(reader: Reader) -> list[Row]:
    return reader.rows("""
        select leagues.league, leagues.name, leagues.country, leagues.matches, leagues.first_season,
            leagues.latest_season, newest.match_date as newest_result, loads.loaded_at, loads.files,
            coalesce(loads.quarantined, 0) as quarantined
        from marts.dim_leagues as leagues
        inner join (
            select league, max(match_date) as match_date from marts.fct_matches where status = 'played' group by league
        ) as newest using (league)
        left join (
            select split_part(partition_key, '|', 1) as league, max(loaded_at) as loaded_at, count(*) as files,
                sum(quarantined) as quarantined
            from raw.loads group by 1
        ) as loads using (league)
        order by leagues.country, leagues.tier, leagues.league
    """)


def quarantine_reasons(reader: Reader) -> list[Row]:
    return reader.rows("""
        select reason, count(*) filter (where dropped) as rows_dropped,
            count(*) filter (where not dropped) as values_emptied, count(distinct partition_key) as partitions
        from raw.quarantine group by reason order by count(*) desc
    """)


def quarantine(reader: Reader, limit: int = 200) -> list[Row]:
    return reader.rows(
        """
        select partition_key, path, line, "column", reason, value, dropped from raw.quarantine
        order by partition_key desc, line limit %(limit)s
        """,
        {"limit": limit},
    )


def pending_clubs(reader: Reader) -> list[Row]:
    """Names of clubs whose matches wait for a decision, the newest season first."""
    rows = reader.rows("""
        select country, season, name, why, nearest, leagues, matches, fixtures
        from intermediate.club_names
        where status = 'pending' and matches + fixtures > 0 order by season desc, country, name
    """)
    return [row | {"command": decision_command(row["country"], row["name"], row["nearest"])} for row in rows]


def refusals(reader: Reader) -> list[Row]:
    """Newest files that were refused whole, and seasons that a check holds back."""
    return reader.rows("""
        select partition_key, reason, detail, refused_at from raw.refused_files
        union all
        select league || '|' || season, 'held back by ' || check_name, why, held_at from raw.held_seasons
        order by refused_at desc
    """)


def fetches(reader: Reader) -> list[Row]:
    return reader.rows("""
        select source, status, count(*) as n, max(fetched_at) as newest, avg(seconds) as seconds, sum(size) as bytes
        from raw.fetches group by source, status order by max(fetched_at) desc limit 20
    """)


def ledger_head(reader: Reader) -> Row | None:
    return reader.row("select seq, hash, sealed_at from predictions.ledger order by seq desc limit 1")


def drift(reader: Reader) -> list[Row]:
    """The newest look at the newest season: all leagues together, what is flagged first, then leagues that are."""
    return reader.rows("""
        select kind, subject, league, reference, current, n_current, p_adjusted, flagged, says, as_of
        from monitoring.drift
        where (league = 'all' or flagged)
            and current = (select current from monitoring.drift_runs order by run_id desc limit 1)
        order by league <> 'all', flagged desc, kind, subject
    """)


def assets(reader: Reader) -> list[Row]:
    """Every asset as ``footpred status`` judges it, what is wrong first."""
    return reader.rows("""
        select asset, state, reason, materialized_at, told_at from monitoring.asset_states
        order by array_position(array['failing', 'missing', 'late', 'stale', 'fresh'], state), asset
    """)


def checks(reader: Reader) -> list[Row]:
    """The newest evaluation of every check, what failed first."""
    return reader.rows("""
        select asset, name, severity, passed, evaluated_at from monitoring.check_states
        order by passed, severity, asset, name
    """)
