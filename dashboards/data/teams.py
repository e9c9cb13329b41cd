"""Clubs, leagues, their tables and their ratings."""

from __future__ import annotations

from dashboards.reader import Reader, Row
from footpred_dagster.core.clubs.search import CLUBS, Club, ClubSearch

ELO_NEAR = 25
"""Half the width of what counts as a similar Elo difference."""


def leagues(reader: Reader) -> list[Row]:
    """Leagues with matches, as readers know them: by country, the highest division first."""
    return reader.rows("""
        select league, name, country, tier, first_season, latest_season, matches from marts.dim_leagues
        where matches > 0 order by country, tier, league
    """)


def home_league(reader: Reader) -> str | None:
    """The first division with most matches: where a page without a league begins."""
    first = [row for row in leagues(reader) if row["tier"] == 1]
    return max(first, key=lambda row: row["matches"], default={"league": None})["league"]


def teams(reader: Reader) -> list[Row]:
    """Every club with all its names and its last league, those that played last and highest first."""
    return sorted(reader.rows(CLUBS), key=lambda row: (-int(row["season"][:4]), row["tier"], row["display_name"]))


def search(reader: Reader) -> ClubSearch:
    """The clubs to search, kept as long as other rows are."""

    def index() -> list[Row]:
        return [{"search": ClubSearch([Club.of(row) for row in reader.rows(CLUBS)])}]

    found: ClubSearch = reader.derived(("club search",), index)[0]["search"]
    return found


def matching(reader: Reader, text: str, limit: int) -> list[dict[str, str]]:
    """Clubs that ``text`` may mean, best first: id, proper name, and where it is from and plays."""
    known = {row["league"]: row["name"] for row in leagues(reader)}
    return [
        {
            "id": club.team_id,
            "name": club.display_name,
            "where": ", ".join(filter(None, (club.city, club.country, known.get(club.league, club.league)))),
        }
        for club in search(reader).find(text, limit)
    ]


def team(reader: Reader, team_id: str) -> Row | None:
    return reader.row(
        """
        select teams.team_id, teams.display_name as name, teams.country, teams.league, leagues.name as league_name,
            teams.season,
            teams.first_season, teams.matches, form.results_last_5, form.points_last_5, form.goals_for_last_5,
            form.goals_against_last_5, form.latest_match_date, state.elo
        from marts.dim_teams as teams
        inner join marts.dim_leagues as leagues using (league)
        left join marts.fct_team_form as form using (team_id)
        left join ratings.team_state as state on state.team_id = teams.team_id and state.league = teams.league
        where teams.team_id = %(team)s
        """,
        {"team": team_id},
    )


def seasons(reader: Reader, league: str) -> list[str]:
    rows = reader.rows(
        "select distinct season from marts.fct_league_tables where league = %(league)s order by season desc",
        {"league": league},
    )
    return [row["season"] for row in rows]


def league_table(reader: Reader, league: str, season: str) -> list[Row]:
    return reader.rows(
        """
        select lines.league, lines.season, lines.table_date, lines.position, lines.team_id, lines.team_name,
            teams.display_name, lines.played, lines.won, lines.drawn, lines.lost, lines.goals_for, lines.goals_against,
            lines.goal_difference, lines.points, lines.points_won, lines.points_adjustment, lines.points_halved,
            lines.phase, lines.zone, form.results_last_5, form.season as form_season
        from marts.fct_league_tables as lines inner join marts.dim_teams as teams using (team_id)
        left join marts.fct_team_form as form using (team_id)
        where lines.league = %(league)s and lines.season = %(season)s
        order by lines.position, teams.display_name
        """,
        {"league": league, "season": season},
    )


def adjustments(reader: Reader, league: str, season: str) -> list[Row]:
    """Points given or taken by rulings that are in force, by day."""
    return reader.rows(
        """
        select team_id, team_name, points, effective_on, reason from marts.fct_points_adjustments
        where league = %(league)s and season = %(season)s and effective_on <= current_date
        order by effective_on, team_name
        """,
        {"league": league, "season": season},
    )


def results(reader: Reader, league: str, season: str) -> list[Row]:
    """Played and awarded matches of a season in order, for the race of points; its rates are of those played."""
    return reader.rows(
        """
        select match_date, home_id, away_id, home_goals, away_goals, status, outcome from marts.fct_matches
        where league = %(league)s and season = %(season)s and status in ('played', 'awarded')
        order by match_date, match_id
        """,
        {"league": league, "season": season},
    )


def strongest(reader: Reader, league: str | None, limit: int = 30) -> list[Row]:
    """Clubs of the latest seasons by Elo, as their next match would be rated."""
    return reader.rows(
        """
        with newest as (select league, max(season) as season from ratings.team_state group by league)
        select teams.team_id, teams.display_name as name, teams.country, state.league, leagues.name as league_name,
            state.elo,
            state.home_pi, state.away_pi, form.results_last_5
        from ratings.team_state as state
        inner join newest using (league, season)
        inner join marts.dim_teams as teams on teams.team_id = state.team_id and teams.league = state.league
        inner join marts.dim_leagues as leagues on leagues.league = state.league
        left join marts.fct_team_form as form on form.team_id = state.team_id
        where %(league)s::text is null or state.league = %(league)s
        order by state.elo desc limit %(limit)s
        """,
        {"league": league, "limit": limit},
    )


def elo_history(reader: Reader, team_id: str, since: str = "1900-01-01", until: str = "2200-01-01") -> list[Row]:
    """A club's Elo before each of its matches, oldest first."""
    return reader.rows(
        """
        select matches.match_date,
            case when matches.home_id = %(team)s then elo.home_elo else elo.away_elo end as elo
        from marts.fct_matches as matches inner join ratings.team_elo as elo using (match_id)
        where (matches.home_id = %(team)s or matches.away_id = %(team)s)
            and matches.match_date between %(since)s and %(until)s
        order by matches.match_date
        """,
        {"team": team_id, "since": since, "until": until},
    )


def elo_outcomes(reader: Reader) -> list[Row]:
    """Outcomes of all matches by Elo difference, home less away, in steps of one point."""
    return reader.rows("""
        select round(elo.elo_difference)::integer as difference, count(*) filter (where outcome = 0) as home,
            count(*) filter (where outcome = 1) as draw, count(*) filter (where outcome = 2) as away
        from ratings.team_elo as elo inner join marts.fct_matches as matches using (match_id)
        where matches.status = 'played' group by 1
    """)


def what_happened(rows: list[Row], difference: float, near: int = ELO_NEAR) -> tuple[int, int, int]:
    """Home wins, draws and away wins where the Elo difference was within ``near`` of this one."""
    found = [row for row in rows if abs(row["difference"] - difference) <= near]
    return (sum(row["home"] for row in found), sum(row["draw"] for row in found), sum(row["away"] for row in found))
