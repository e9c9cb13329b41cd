"""``footpred inspect`` as its users call it: exit codes, both outputs, and that nothing makes it slow or fall over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from footpred_dagster.cli.group import main
from footpred_dagster.cli.inspect import SHOWN_ROWS
from tests.support.football_data import GOOD, HEADER, OTHER, body

KEYS = {
    *("accepted", "not_published", "judged_against", "reason", "kind", "league", "league_from", "season"),
    *("season_from", "rows", "matches", "awarded", "void"),
    *("fixtures", "duplicates", "other_leagues", "quarantined", "quarantined_by_reason", "encoding", "dates", "odds"),
    *("blank_rows", "ragged_rows", "columns", "warnings", "bytes", "sha256"),
}

LOADED = """
import sys
from footpred_dagster.cli.group import main
try:
    main(["inspect", sys.argv[1]])
except SystemExit:
    print(*{name.partition(".")[0] for name in sys.modules})
"""
"""Runs the command, then prints the packages that are loaded."""


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)], catch_exceptions=False)


def told(*arguments: str | Path, code: int) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == code, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist, and is not to be created."""
    home = tmp_path / "home"
    monkeypatch.setenv("FOOTPRED_HOME", str(home))
    return home


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mmz4281" / "2425" / "E0.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(body(GOOD, "E0,18/08/2024,16:30,Leeds,Derby,1.5,0,H", OTHER))
    return path


def test_json_has_the_keys_programs_read_and_an_accepted_file_exits_0(file: Path) -> None:
    found = told(file, code=0)
    assert set(found) == KEYS
    assert (found["accepted"], found["reason"], found["rows"], found["matches"]) == (True, None, 3, 2)
    assert found["quarantined"] == [
        {"line": 3, "column": "FTHG", "reason": "bad_goals", "value": "1.5", "dropped": True}
    ]


def test_a_refused_file_exits_1_and_options_say_what_it_should_be(file: Path) -> None:
    found = told(file, "--league", "EC", code=1)
    assert set(found) == KEYS
    assert found["reason"].startswith("wrong_division: line 2 is of division 'E0', EC was requested")
    assert (found["league"], found["league_from"], found["season"]) == ("EC", "option", "2425")
    assert "refused wrong_division" in call(file, "--league", "EC").stdout


def test_without_a_home_the_file_is_judged_as_a_first_load_and_no_home_is_made(file: Path, no_home: Path) -> None:
    assert told(file, code=0)["judged_against"] == "first load"
    assert "judged as     first load" in call(file).stdout
    assert not no_home.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.csv"], "does not exist"),
        (["."], "is a directory"),
        (["/dev/zero"], "not a regular file"),
        (["E0.csv", "--league", "XX"], "'XX' is not one of"),
        (["E0.csv", "--season", "2427"], "its second year must follow its first"),
        (["E0.csv", "--seasons", "2425"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_call_exits_2_and_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "E0.csv").write_bytes(body(GOOD))
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_pipe_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "E0.csv")
    assert call(tmp_path / "E0.csv").exit_code == 2


def test_people_read_a_summary_and_a_table_of_what_was_doubted(file: Path) -> None:
    shown = call(file).stdout
    assert shown.startswith("accepted\n")
    for text in ("results file, E0 (by path), season 2425 (by path)", "3: 2 scored, 1 dropped", "bad_goals 1"):
        assert text in shown
    assert ["3", "FTHG", "bad_goals", "1.5", "row", "dropped"] in [line.split() for line in shown.splitlines()]


def test_a_long_table_ends_and_says_how_many_rows_it_leaves_out(file: Path) -> None:
    rows = [f"E0,17/08/2024,15:00,Home {n},Away {n},2,0,H,145" for n in range(SHOWN_ROWS + 7)]
    file.write_bytes(body(*rows, header=f"{HEADER},HF"))
    assert "and 7 more" in call(file).stdout
    assert len(told(file, code=0)["quarantined"]) == SHOWN_ROWS + 7


def test_what_a_file_holds_never_speaks_to_the_terminal(file: Path) -> None:
    """Escape sequences, markup and a name with a formula are shown as text."""
    rows = ("E0,17/08/2024,15:00,\x1b[2J\x07,[/red][bold]x,2,0,H", "E0,[/],15:00,=cmd|A1,<b>B</b>,2,0,H")
    file.write_bytes(body(*rows))
    shown = call(file).stdout
    assert "\\x1b[2J\\x07" in shown
    assert "[/]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"\x1f\x8b\x08\x00" + os.urandom(64),
        bytes(range(256)) * 64,
        b"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\n" + b"\xed\xa0\x80,\xff\n" * 9,
        b'"' * 100_000,
    ],
    ids=["empty", "NULs", "gzip", "every byte", "surrogates", "quotes"],
)
def test_no_bytes_make_it_fall_over(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "E0.csv"
    path.write_bytes(data)
    assert told(path, code=1)["reason"]
    assert call(path).exit_code == 1


def test_fifty_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "E0.csv"
    with path.open("wb") as file:
        file.truncate(50 * 2**20)
    assert told(path, code=1)["reason"].startswith("too_large")


def test_a_file_name_of_any_bytes_will_do(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\x1b[31m.csv"
    Path(os.fsdecode(path)).write_bytes(body(GOOD))
    result = subprocess.run(
        [sys.executable, "-m", "footpred_dagster.cli", "inspect", path], capture_output=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.startswith(b"accepted")


def test_it_takes_under_a_second_and_loads_neither_dagster_nor_a_database_driver(file: Path) -> None:
    def seconds() -> float:
        started = time.monotonic()
        result = subprocess.run([sys.executable, "-c", LOADED, file], capture_output=True, text=True, check=True)
        loaded = set(result.stdout.splitlines()[-1].split())
        assert "rich" in loaded
        assert not loaded & {"dagster", "psycopg", "pandas", "numpy", "sqlalchemy", "httpx", "dbt"}
        return time.monotonic() - started

    assert min(seconds() for _ in range(2)) < 1
