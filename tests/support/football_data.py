"""A results file of a few lines, and what the parser makes of it."""

from __future__ import annotations

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.results import ParsedFile, RawMatch, parse_results

SEASON = Season(2024)
HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR"
GOOD = "E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H"
OTHER = "E0,18/08/2024,16:30,Chelsea,Man City,0,2,A"


def body(*rows: str, header: str = HEADER, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in (header, *rows)).encode()


def parse(*rows: str, header: str = HEADER) -> ParsedFile:
    return parse_results(body(*rows, header=header), "E0", SEASON)


def only(parsed: ParsedFile) -> RawMatch:
    (match,) = parsed.matches
    return match
