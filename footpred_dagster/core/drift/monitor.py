"""The drift tables: found, stored, reported, and asked for alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.drift.findings import ALL, Finding, Kind
from footpred_dagster.core.drift.report import page
from footpred_dagster.core.drift.windows import SOURCE, Windows, examine, foretold_matches, windows_of
from footpred_dagster.core.matches.data_origin import simulated
from footpred_dagster.core.statistics.bootstrap import in_whole_weeks


@dataclass(frozen=True, slots=True)
class Monitored:
    """What one look found. ``foretold``: matches of the current window by where their forecast comes from."""

    windows: Windows
    findings: list[Finding]
    foretold: dict[str, int]
    report: str
    sha256: str

    @property
    def alarms(self) -> list[Finding]:
        return alarms_of(self.findings, self.windows)


def monitor(connection: psycopg.Connection, archive: Archive, as_of: datetime) -> Monitored:
    """Replace ``monitoring.drift`` by what is found in the match weeks that were over at ``as_of``, keep the report.

    The look is added to ``monitoring.drift_runs``; in the caller's transaction. Raises ArchiveError.
    """
    frame = foretold_matches(connection, as_of)
    frame = frame[in_whole_weeks(frame["kickoff"], as_of)]
    windows = windows_of(frame, as_of)
    findings = examine(windows, frame)
    foretold = windows.current.matches[SOURCE].value_counts().drop("", errors="ignore")
    report = page(windows, findings, alarms_of(findings, windows), as_of, is_simulated=bool(simulated(connection)))
    digest = archive.put(report.encode())
    found = Monitored(windows, findings, {str(source): int(n) for source, n in foretold.items()}, report, digest)
    _store(connection, as_of, found)
    return found


def alarms_of(findings: Sequence[Finding], windows: Windows) -> list[Finding]:
    """What is flagged of the current window, all leagues together."""
    return [each for each in findings if each.flagged and each.league == ALL and each.current == windows.current.label]


def alarms(connection: psycopg.Connection, *kinds: Kind) -> list[tuple[str, float, float | None, str]]:
    """Subject, effect, adjusted p and words of what the newest look found wrong with its current window."""
    return connection.execute(
        """
        select subject, effect, p_adjusted, says from monitoring.drift
        where kind = any(%s) and flagged and league = %s
            and current = (select current from monitoring.drift_runs order by run_id desc limit 1)
        order by abs(effect) desc, subject
        """,
        [list(kinds), ALL],
    ).fetchall()


def _store(connection: psycopg.Connection, as_of: datetime, found: Monitored) -> None:
    columns = ", ".join(field.name for field in fields(Finding))
    windows, rung = found.windows, [f"{each.kind} {each.subject}" for each in found.alarms]
    with connection.cursor() as cursor:
        cursor.execute("delete from monitoring.drift")
        with cursor.copy(f"copy monitoring.drift (as_of, {columns}) from stdin") as copy:
            for finding in found.findings:
                copy.write_row((as_of, *astuple(finding)))
        cursor.execute(
            """
            insert into monitoring.drift_runs
                (as_of, current, reference, mix_reference, n_current, findings, alarms, report_sha256)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                *(as_of, windows.current.label, windows.reference.label, windows.mix_reference.label),
                *(len(windows.current.matches), len(found.findings), rung, found.sha256),
            ],
        )
