"""A file that comes again and says otherwise: corrected matches (FAULTS 17), and files that shrank (FAULTS 18)."""

from __future__ import annotations

import psycopg
import pytest

from footpred_dagster.core.archive.base import ArchiveError, sha256_hex
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.acceptance import NothingToAccept, accept
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, due, load_fixtures, load_results, results_target
from tests.support.command import checksums
from tests.support.site import clubs, season_rows, write_fixtures, write_season

SEASON = Season(2023)
TARGET = results_target("E0", SEASON)
ROWS = 56


class Feed:
    """A folder that delivers one season's file again and again into a warehouse."""

    def __init__(self, root, connection: psycopg.Connection, archive: LocalArchive) -> None:
        self.root, self.connection, self.archive = root, connection, archive
        self.rows = season_rows("E0", SEASON, clubs("E0"))
        self.digest = ""

    def deliver(self, rows=None, league="E0"):
        path = write_season(self.root, league, SEASON, self.rows if rows is None else rows)
        self.digest = sha256_hex(path.read_bytes())
        fetch(self.connection, self.archive, DirectorySource(self.root), [results_target(league, SEASON)])
        return self.load(league)

    def load(self, league="E0"):
        return load_results(self.connection, self.archive, league, SEASON)

    def history(self):
        return self.connection.execute(
            "select kind, home, away, old_values, new_values from raw.match_history order by history_id"
        ).fetchall()

    def stored(self) -> int:
        return self.connection.execute("select count(*) from raw.matches").fetchone()[0]


@pytest.fixture
def feed(tmp_path, warehouse, archive):
    feed = Feed(tmp_path / "site", warehouse, archive)
    assert feed.deliver().rows == ROWS
    return feed


def _changed(rows, place: int, **values):
    return [row | values if number == place else row for number, row in enumerate(rows)]


def test_faults_17_a_corrected_score_leaves_exactly_one_history_row_with_both_values_and_both_files(feed):
    first, old = feed.digest, feed.rows[10]
    assert feed.deliver(_changed(feed.rows, 10, FTHG=9, FTAG=0, FTR="H", HST=11, HS=14)).corrected == 1
    ((kind, home, away, before, after),) = feed.history()
    assert (kind, home, away) == ("changed", old["HomeTeam"], old["AwayTeam"])
    assert after == {"home_goals": 9, "away_goals": 0, "home_shots": 14, "home_shots_on_target": 11}
    assert before["home_goals"] == old["FTHG"]
    files = feed.connection.execute("select old_sha256, new_sha256, changed_at <= now() from raw.match_history")
    assert files.fetchall() == [(first, feed.digest, True)]


def test_history_cannot_be_rewritten(feed):
    feed.deliver(_changed(feed.rows, 10, FTHG=9, FTAG=0, FTR="H", HST=11, HS=14))
    for statement in ("update raw.match_history set kind = 'removed'", "delete from raw.match_history"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="insert-only"):
            feed.connection.execute(statement)


def test_a_moved_match_is_told_from_one_that_is_gone_and_one_that_is_new(feed):
    moved = _changed(feed.rows[:-1], 3, Date="01/05/2024", Time="20:00")
    feed.deliver(moved)
    (first, second) = feed.history()
    assert first[0] == "changed"
    assert (first[3]["match_date"], first[4]) == (
        "2023-08-07",
        {"match_date": "2024-05-01", "kickoff_time": "20:00:00"},
    )
    assert (second[0], second[4]) == ("removed", None)
    assert feed.deliver([*moved, feed.rows[-1]]).corrected == 0


def test_a_club_spelled_anew_by_a_republished_file_is_the_same_match(feed):
    spelled = [{**row, "AwayTeam": str(row["AwayTeam"]).replace("Club A", "Club Alpha")} for row in feed.rows]
    assert feed.deliver(spelled).corrected == 7
    assert {kind for kind, *_ in feed.history()} == {"changed"}
    assert [new for *_, new in feed.history()] == [{"away": "E0 Club Alpha"}] * 7


def test_rows_in_another_order_with_other_odds_are_no_correction(feed):
    assert feed.deliver([row | {"AvgH": 2.0, "AvgD": 3.5, "AvgA": 4.2} for row in reversed(feed.rows)]).corrected == 0
    assert feed.history() == []


def test_a_pair_that_meets_twice_keeps_its_meetings_apart(feed):
    """SC0 and others play several rounds: a score changed in the second is no correction of the first."""
    again = feed.rows[0] | {"Date": "20/05/2024"}
    changed = again | {"FTHG": 8, "FTAG": 0, "FTR": "H", "HST": 10, "HS": 15}
    for rows in ([*feed.rows, again], [*feed.rows, changed]):
        feed.deliver([row | {"Div": "SC0"} for row in rows], league="SC0")
    dates = feed.connection.execute("select match_date::text from raw.match_history").fetchall()
    assert dates == [("2024-05-20",)]


def test_faults_18_a_file_that_lost_over_2_percent_is_refused_and_the_old_rows_stay(feed):
    refused = feed.deliver(feed.rows[:-4])
    assert refused.state == "refused"
    assert "52 rows where the last good file gave 56" in refused.detail
    assert f"footpred accept --sha256 {feed.digest}" in refused.detail
    assert (feed.stored(), feed.history(), due(feed.connection, [TARGET])) == (ROWS, [], [])
    reason = feed.connection.execute("select reason, structural from raw.refusals").fetchall()
    assert reason == [("rows_fell", True)]


def test_a_few_rows_less_are_let_in_and_what_went_is_in_the_history(feed):
    assert feed.deliver(feed.rows[:-3]).state == "loaded"
    assert [kind for kind, *_ in feed.history()] == ["removed"] * 3


def test_a_large_file_may_lose_two_percent_and_no_more(feed):
    large = feed.rows + [
        row | {side: f"{row[side]} {n}" for side in ("HomeTeam", "AwayTeam")} for row in feed.rows for n in range(6)
    ]
    feed.deliver(large)
    assert len(large) == 392
    assert feed.deliver(large[:-7]).state == "loaded"
    assert feed.deliver(large[:-15]).state == "refused"


def test_accepting_lets_the_file_in_once_and_for_all(feed):
    refused = feed.deliver(feed.rows[:-10]), feed.digest
    taken = accept(feed.connection, feed.archive, refused[1], "the league was stopped")
    assert (taken.partition_key, due(feed.connection, [TARGET])) == (TARGET.partition_key, [TARGET.partition_key])
    assert feed.load().rows == feed.stored() == ROWS - 10
    # The longer file back, and the accepted one again: an accepted body stays accepted.
    assert feed.deliver().rows == ROWS
    assert feed.deliver(feed.rows[:-10]).state == "loaded"


def test_a_rebuild_from_the_archive_alone_lets_in_what_was_accepted(feed, module_database_url):
    feed.deliver(feed.rows[:-10])
    accept(feed.connection, feed.archive, feed.digest, "the league was stopped")
    feed.load()
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        for _ in range(2):  # the second time everything is known
            fetch(connection, feed.archive, ArchiveSource(), [TARGET])
        assert load_results(connection, feed.archive, "E0", SEASON).rows == ROWS - 10
        assert checksums(connection) == checksums(feed.connection)
        word = "select * from raw.accepted"
        assert connection.execute(word).fetchall() == feed.connection.execute(word).fetchall() != []


def test_what_the_archive_cannot_keep_is_not_accepted(feed):
    feed.deliver(feed.rows[:-10])
    refused = feed.connection.execute("select * from raw.refusals").fetchall()
    feed.archive.root.rename(feed.root / "elsewhere")
    feed.archive.root.touch()
    with pytest.raises(ArchiveError, match="cannot archive"):
        accept(feed.connection, feed.archive, feed.digest, "the league was stopped")
    assert feed.connection.execute("select * from raw.accepted").fetchall() == []
    assert feed.connection.execute("select * from raw.refusals").fetchall() == refused


def test_the_same_bytes_read_by_another_parser_are_neither_correction_nor_fall(feed):
    feed.connection.execute("update raw.loads set parser_version = '0', rows = 100")
    feed.connection.execute("update raw.matches set home_shots = null")
    assert feed.load().state == "loaded"
    assert feed.history() == []


def test_only_what_is_refused_for_its_rows_can_be_accepted(feed):
    with pytest.raises(NothingToAccept, match="what is: nothing"):
        accept(feed.connection, feed.archive, feed.digest, "because")
    feed.deliver(feed.rows[:-10])
    with pytest.raises(NothingToAccept, match=rf"{feed.digest} \(E0\|2023-24\)"):
        accept(feed.connection, feed.archive, "0" * 64, "because")


def test_fixtures_come_and_go(feed):
    rows = [{"Div": "E0", "Date": f"{day:02}/08/2024", "HomeTeam": "A", "AwayTeam": "B"} for day in range(1, 21)]
    for count in (20, 1, 0):
        write_fixtures(feed.root, rows[:count])
        fetch(feed.connection, feed.archive, DirectorySource(feed.root), [FIXTURES])
        assert load_fixtures(feed.connection, feed.archive).rows == count
