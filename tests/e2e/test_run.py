"""A newcomer's path on a small site: first run, second run, a change, a bad file, and the commands beside it."""

from __future__ import annotations

import json
from datetime import datetime

import psycopg
import pytest

from footpred_dagster.core.domain import Season
from tests.support.command import Home, fresh_home
from tests.support.site import build_site, clubs, put_back, season_rows, write_extra, write_fixtures, write_season

AS_OF = "2024-08-01"
ARGUMENTS = ("--leagues", "E0,SC0,NOR", "--as-of", AS_OF)
EXTRA_YEARS = (2016, 2017, 2018)
MAIN_MATCHES = 16 * 56
CONTENDERS = {"elo_logit", "strength_logit", "dixon_coles", "xgboost", "stack"}
OTHERS = {"base_rate", "market_aware"}
FIXTURE_ROWS = [
    {"Div": "E0", "Date": "31/07/2024", "Time": "19:45", "HomeTeam": "E0 Club A", "AwayTeam": "E0 Club B"},
    {"Div": "E0", "Date": "10/08/2024", "Time": "15:00", "HomeTeam": "E0 Club C", "AwayTeam": "E0 Club D"},
    {"Div": "SC0", "Date": "11/08/2024", "Time": "15:00", "HomeTeam": "SC0 Club A", "AwayTeam": "SC0 Club B"},
    {"Div": "E0", "Date": "11/08/2024", "Time": "15:00", "HomeTeam": "New One", "AwayTeam": "New Two"},
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    build_site(root, ["E0", "SC0"], 2016, 2023)
    write_extra(
        root, "NOR", "Norway", {f"{year}": season_rows("NOR", Season(year), clubs("NOR")) for year in EXTRA_YEARS}
    )
    write_fixtures(root, FIXTURE_ROWS)
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with fresh_home(tmp_path_factory.mktemp("e2e")) as home:
        yield home


@pytest.fixture(scope="module")
def first(home, site):
    return home.json("run", "--source", str(site), *ARGUMENTS)


@pytest.fixture
def settled(home, site, first):
    """Nothing that another test changed waits for a run; that run's summary."""
    return home.json("run", "--source", str(site), *ARGUMENTS)


def test_the_first_run_takes_files_to_sealed_predictions(first):
    assert (first["files"], first["matches"], first["quarantined"]) == (17, MAIN_MATCHES + 3 * 56, {})
    assert first["checks"]["failed"] == len(first["failed_checks"])
    unlisted = {"intermediate/int_matches:team_names_are_known", "marts/dim_teams:clubs_have_proper_names"}
    assert set(first["failed_checks"]) <= unlisted
    assert first["champion"]["name"] in CONTENDERS
    assert first["champion"]["version"] == 1
    assert {layer["name"] for layer in first["layers"]} == {
        *("raw", "staging", "intermediate", "marts", "ratings", "features", "models", "predictions"),
        "monitoring",
    }
    assert first["predictions"] == {"listed": 4, "past": 1, "predicted": 2, "unready": 1, "sealed": 2}
    assert first["fixtures"] == 3
    rows = {(row["model"], row["league"]): row for row in first["evaluation"]}
    assert rows["champion", "all"]["seasons"] == "2223,2324"
    assert rows["champion", "all"]["n"] == rows["market_closing", "all"]["n"] == 4 * 56
    assert rows["elo", "all"]["log_loss"] < rows["base_rate", "all"]["log_loss"]


def test_predictions_of_a_past_clock_are_replays_whose_inputs_are_older(home, first):
    with psycopg.connect(home.database_url) as connection:
        rows = connection.execute("""
            select kind, latest_input < as_of, as_of < kickoff, sealed_at > now() - interval '1 hour',
                p_home + p_draw + p_away
            from predictions.ledger
        """).fetchall()
        roles = connection.execute(
            "select role, count(*), count(distinct model_name) from predictions.ledger where seq <= %s group by 1",
            [(1 + len(CONTENDERS)) * first["predictions"]["sealed"]],
        )
        roles = {role: (sealed, models) for role, sealed, models in roles.fetchall()}
    sealed = first["predictions"]["sealed"]
    # Every other candidate predicts in the champion's shadow; no fixture here has an opening price.
    assert roles == {"champion": (sealed, 1), "challenger": (len(CONTENDERS) * sealed, len(CONTENDERS))}
    for *facts, total in rows:
        assert facts == ["replay", True, True, True]
        assert total == pytest.approx(1)


def test_the_second_run_recomputes_nothing(home, site, settled):
    before = home.checksums()
    second = home.json("run", "--source", str(site), *ARGUMENTS)
    assert (second["materialized"], second["layers"], second["predictions"]["sealed"]) == (0, [], 0)
    assert {key: second[key] for key in ("files", "matches", "fixtures", "champion", "evaluation")} == {
        key: settled[key] for key in ("files", "matches", "fixtures", "champion", "evaluation")
    }
    assert home.checksums() == before


def test_status_and_doctor_tell_what_is(home, settled):
    status = home.json("status")
    assert {asset["state"] for asset in status["assets"]} <= {"fresh", "failing"}
    assert status["champion"] == settled["champion"]
    assert status["services"]["api"] == {"url": None, "state": "stopped", "metrics": None}
    assert status["data_age"]["newest_match"].startswith("2023-11")
    doctor = home.json("doctor")
    assert doctor["home"] == str(home.path)
    assert doctor["versions"]["dagster"].startswith("1.13")


def test_evaluate_gives_rows_for_every_model_and_refuses_what_it_does_not_know(home, settled):
    rows = home.json("evaluate", "--seasons", "2223-2324", "--leagues", "all,E0", "--as-of", AS_OF)["rows"]
    assert {row["model"] for row in rows} == {
        *("champion", "elo", *CONTENDERS, *OTHERS, "market_opening", "market_closing")
    }
    stored = {row["model"]: row for row in settled["evaluation"]}
    again = {row["model"]: row for row in rows if row["league"] == "all"}
    assert again["champion"]["log_loss"] == pytest.approx(stored["champion"]["log_loss"], abs=1e-9)
    assert "unknown model" in home.run("evaluate", "--seasons", "2324", "--models", "oracle", code=2)
    assert "no played matches" in home.run("evaluate", "--seasons", "9394", code=2)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--leagues", "E9"), "unknown league E9"),
        (("--seasons", "2425-2324"), "runs backwards"),
        (("--as-of", "yesterday"), "write 2025-06-30"),
        (("--source", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_a_wrong_call_exits_2_and_says_what_is_accepted(home, arguments, complaint):
    assert complaint in home.run("run", *arguments, code=2)


def test_an_empty_home_says_what_to_do(tmp_path):
    (tmp_path / "not a site").mkdir()
    with fresh_home(tmp_path) as empty:
        assert "fill it with footpred run" in empty.run("evaluate", "--seasons", "2324", code=1)
        result = empty.json("run", "--source", str(tmp_path / "not a site"), code=1)
        assert len(result["errors"]) == 1
        assert "a source holds mmz4281/2425/E0.csv" in result["errors"][0]
        assert {asset["state"] for asset in empty.json("status")["assets"]} == {"missing"}


def _rows(home: Home, query: str) -> dict[str, str]:
    """Rows of a table as text, by the first column of ``query``."""
    with psycopg.connect(home.database_url) as connection:
        return {key: str(row) for key, *row in connection.execute(query).fetchall()}


def test_faults_17_a_corrected_score_reaches_what_depends_on_it_and_leaves_sealed_rows_alone(home, site, first):
    matches = "select match_id, to_jsonb(t) from intermediate.int_matches as t"
    features = """
        select match_id, spine.match_date::text, to_jsonb(t)
        from features.fct_match_features as t inner join intermediate.int_match_spine as spine using (match_id)
    """
    sealed = "select seq::text, hash from predictions.ledger"
    before = [_rows(home, query) for query in (matches, features, sealed)]
    rows = season_rows("E0", Season(2023), clubs("E0"))
    rows[20] |= {"FTHG": 9, "FTAG": 0, "FTR": "H", "HST": 11, "HS": 14}
    write_season(site, "E0", Season(2023), rows)
    corrected = home.json("run", "--source", str(site), *ARGUMENTS)
    assert corrected["matches"] == first["matches"]
    assert corrected["champion"]["version"] > first["champion"]["version"]
    after = [_rows(home, query) for query in (matches, features, sealed)]
    changed = [{key for key in old if new[key] != old[key]} for old, new in zip(before, after, strict=True)]
    # That match alone; of the features only later ones of its country; of the sealed rows none.
    assert [after[0][key].count("'home_goals': 9") for key in changed[0]] == [1]
    day = datetime.strptime(str(rows[20]["Date"]), "%d/%m/%Y").date().isoformat()
    assert {after[1][key][2:12] > day and "'league': 'E0'" in after[1][key] for key in changed[1]} == {True}
    assert changed[2] == set()
    history = _rows(home, "select history_id::text, kind, new_values ->> 'home_goals' from raw.match_history")
    assert list(history.values()) == ["['changed', '9']"]


PAGE = b"<!DOCTYPE HTML><html><title>300 Multiple Choices</title></html>"


@pytest.mark.fault(1, "a page instead of a file: refused, the old rows stay, nothing else stops")
@pytest.mark.fault(10, "a required column missing: the file is refused, naming it, and stops no other league")
@pytest.mark.parametrize(
    ("spoil", "reason", "said"),
    [
        (lambda good: good.replace(b"FTHG", b"Goals"), "missing_column", "no column FTHG"),
        # The reason differs and the way does not: tests of sources have every reason.
        pytest.param(lambda good: PAGE, "html", "300 Multiple Choices", marks=pytest.mark.slow),
    ],
)
def test_a_refused_file_is_named_with_reason_and_way_out_and_stops_nothing_else(
    home, site, settled, spoil, reason, said
):
    path, other = (site / "mmz4281" / "2324" / f"{league}.csv" for league in ("SC0", "E0"))
    before = home.checksums()
    with put_back(path, other):
        path.write_bytes(spoil(path.read_bytes()))
        other.write_bytes(other.read_bytes() + b"\r\n")  # another league has news in the same run
        done = home.json("run", "--source", str(site), *ARGUMENTS, code=3)
        assert (done["errors"], done["matches"]) == ([], settled["matches"])
        assert done["not_published"] == ["E0|2024-25", "SC0|2024-25"], "as of August"
        (refused,) = done["refused"]
        found = (refused["partition"], refused["path"], refused["reason"])
        assert found == ("SC0|2023-24", "mmz4281/2324/SC0.csv", reason)
        assert said in refused["detail"]
        changed = {table for table, checksum in home.checksums().items() if before[table] != checksum}
        assert changed <= {"raw.refusals", "raw.loads"}
        assert any("files_are_accepted" in check for check in home.json("status")["failing_checks"])
        inspected = json.loads(home.run("inspect", str(path), "--json", code=1))
        assert inspected["reason"].startswith(f"{reason}: ")
        assert str(home.path) in inspected["judged_against"]
        # The same bytes again: nothing is done, and the file is still named.
        again = home.run("run", "--source", str(site), *ARGUMENTS, code=3)
        assert f"mmz4281/2324/SC0.csv (SC0|2023-24): {reason}: " in again
    assert home.json("run", "--source", str(site), *ARGUMENTS)["refused"] == []
    assert home.checksums() == before


def test_a_selection_of_which_nothing_is_loaded_ends_with_an_error(home, site, first):
    nothing = home.json("run", "--source", str(site), "--leagues", "D1", "--seasons", "2324", "--as-of", AS_OF, code=1)
    assert any("none of 1 files" in error and "mmz4281/2425/E0.csv" in error for error in nothing["errors"])


def test_extra_leagues_are_rated_and_no_model_learns_from_them(home, first):
    with psycopg.connect(home.database_url) as connection:
        rated = connection.execute("""
            select season, count(*), count(closing_odds_home), count(distinct home_elo) > 5
            from intermediate.int_matches inner join ratings.team_elo using (match_id, season)
            where int_matches.league = 'NOR' group by 1 order by 1
        """).fetchall()
        learned = connection.execute("select max(training_rows) from models.versions").fetchone()
    assert rated == [(str(year), 56, 56, True) for year in EXTRA_YEARS]
    assert learned == (MAIN_MATCHES,)


def test_the_second_source_is_off_until_named_and_then_warns_of_what_it_does_not_share(home, site, settled, tmp_path):
    assert "raw/openfootball" not in {asset["key"] for asset in home.json("status")["assets"]}
    match = {"date": "2023-08-07", "team1": "E0 Club A", "team2": "Nobody", "score": {"ft": [1, 0]}}
    (tmp_path / "2023-24").mkdir()
    (tmp_path / "2023-24" / "en.1.json").write_text(json.dumps({"matches": [match]}))
    on = Home(home.path, {"FOOTPRED_OPENFOOTBALL": str(tmp_path)})
    warned = on.json("run", "--source", str(site), *ARGUMENTS)
    assert (warned["materialized"], warned["errors"]) == (1, [])
    assert any("raw/openfootball:agrees_with_results" in warning for warning in warned["warnings"])
    absent = Home(home.path, {"FOOTPRED_OPENFOOTBALL": str(tmp_path / "nowhere")})
    silent = absent.json("run", "--source", str(site), *ARGUMENTS)
    assert (silent["materialized"], silent["errors"]) == (0, [])
    assert any("without a second opinion" in warning for warning in silent["warnings"])
    # From the archive nobody is asked for either opinion.
    quiet = absent.json("run", "--source", "archive", *ARGUMENTS)
    assert (quiet["materialized"], quiet["warnings"]) == (0, [])


def test_people_overrule_the_policy_and_the_next_run_predicts_accordingly(home, site, first):
    reigning = home.json("status")["champion"]
    rival = min(CONTENDERS - {reigning["name"]})
    promoted = home.json("promote", rival, "--because", "a trial", "--pin")
    assert promoted["champion"].startswith(f"{rival}:")
    run = home.json("run", "--source", str(site), *ARGUMENTS)
    assert (run["champion"]["name"], run["errors"]) == (rival, [])
    assert run["predictions"]["sealed"] == run["predictions"]["predicted"] == 2
    assert not any("alias" in warning for warning in run["warnings"])
    back = home.json("rollback", "--because", "the trial is over")
    assert back["champion"] == f"{reigning['name']}:{reigning['version']}"
    assert "no model oracle" in home.run("veto", "oracle", "--because", "x", code=2)
    assert "it is never the champion" in home.run("promote", "market_aware", "--because", "x", code=2)
    home.run("unpin", "--because", "the trial is over")
    with psycopg.connect(home.database_url) as connection:
        told = connection.execute("select kind from models.interventions order by intervention_id").fetchall()
    assert told == [("pin",), ("unpin",)]


def test_two_workers_search_and_nothing_changes_until_somebody_commits_what_they_found(home, first, tmp_path):
    arguments = ("--workers", "2", "--trials", "4", "--minutes", "0.2", "--as-of", AS_OF)
    found = home.json("tune", *arguments, "--output", str(tmp_path / "found.json"))
    assert found["log_loss"] <= found["log_loss_committed"]
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["parameters"] == found["parameters"]
    before = sum(found["trials"].values())
    again = home.json("tune", "--trials", "1", "--as-of", AS_OF)
    assert sum(again["trials"].values()) == before + 1
    assert again["written_to"].startswith(str(home.path))
    assert {"fresh", "failing", "stale"} >= {asset["state"] for asset in home.json("status")["assets"]}


def test_down_stops_the_database_and_the_next_command_brings_it_back(home, first):
    assert json.loads(home.run("down", "--json")) == {"stopped": ["database"]}
    assert home.json("down") == {"stopped": []}
    assert home.json("status")["champion"]["name"] in CONTENDERS
