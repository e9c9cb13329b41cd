"""Which tables a backup holds, and why the others need none. Every table of the migrations stands in one of the two."""

from __future__ import annotations

KEPT = {
    "raw.fetches": "when which bytes were fetched: the way into the archive, and what is asked of a source next",
    "raw.accepted": "decisions of people",
    "raw.stated_adjustments": "decisions of people",
    "raw.match_rulings": "decisions of people",
    "raw.club_decisions": "decisions of operators: which club a name means",
    "raw.match_history": "what a source said before it corrected itself; newest files do not tell",
    "models.versions": "the ledger names them, and their artifacts in the archive are found by them",
    "models.candidates": "the fit that belongs to each recipe's rows of walk_forward",
    "models.walk_forward": "predictions of recipes whose code is gone, which challengers are measured against",
    "models.promotions": "who was champion when, and why",
    "models.interventions": "decisions of people: pins and vetoes are in force until lifted",
    "models.looks": "who looked at the final window; a lost look would make it seem fresh",
    "predictions.ledger_identity": "the name under which the archive keeps the ledger's anchors",
    "predictions.ledger_anchors": "what the order in time is compared with, resumes and their reasons among them",
    "predictions.ledger": "the evidence: what was predicted before kickoff cannot be predicted again",
    "predictions.batches": "what each sealed batch was made from",
    "predictions.sealed_matches": "which clubs each sealed prediction is of",
    "predictions.club_merges": "which clubs' predictions stand under former ids",
    "predictions.scores": "closing odds and results as they were when scored, corrections beside them",
    "predictions.projections": "earlier matchdays by the models of their day; a run makes the newest only",
    "predictions.served": "could be made again: with it the service answers before the pipeline has run",
    "predictions.served_history": "which of its sealed predictions each played match was served with",
    "monitoring.drift_runs": "every alarm that rang, and its report in the archive",
    "serving.keys": "callers hold the secrets, nobody else could make the same keys",
    "serving.uses": "whether a key is still in use: asked before it is revoked",
}
"""Table: what would be lost with it."""

_LOADED = "footpred run --source archive loads it from the bytes in the archive"
_BUILT = "built from the raw tables by the next run"
_SCORED = "computed from kept tables by the next run"
_TOLD = "written anew by each run, and every minute while the daemon lives"
_QUEUE = "work in progress: a caller whose task is gone gets 404 and asks again"

LEFT_OUT = {
    "public.schema_version": "written by the migrations; the manifest has it",
    "raw.loads": _LOADED,
    "raw.refusals": _LOADED,
    "raw.fetch_failures": "written again by the next run, if the source still gives no such file",
    "raw.matches": _LOADED,
    "raw.fixtures": _LOADED,
    "raw.quarantine": _LOADED,
    "raw.openfootball_files": _LOADED,
    "raw.openfootball_matches": _LOADED,
    "raw.changes": "what incremental tables still have to take in: they are built whole after a restore",
    "raw.held_seasons": "written by the checks of the next run",
    "intermediate.held_seasons": "taken over from raw.held_seasons by the next run",
    "intermediate.match_rulings": "taken over by the next run from raw.match_rulings and the seed",
    "intermediate.club_names": "resolved by the next run from the raw tables and the decisions",
    "intermediate.build_marks": "how far incremental tables are: they are built whole after a restore",
    "ratings.team_elo": _BUILT,
    "ratings.team_pi": _BUILT,
    "ratings.team_strength": _BUILT,
    "ratings.team_state": _BUILT,
    "ratings.division_state": _BUILT,
    "ratings.standings": _BUILT,
    "models.evaluation": _SCORED,
    "models.slices": _SCORED,
    "models.replay_candidates": "fitted again by a run about that day",
    "models.comparisons": _SCORED,
    "models.reliability": _SCORED,
    "predictions.track_record": _SCORED,
    "predictions.reliability": _SCORED,
    "predictions.market_roi": _SCORED,
    "predictions.closing_line": _SCORED,
    "monitoring.drift": _SCORED,
    "monitoring.asset_states": _TOLD,
    "monitoring.code_modules": "written by the next run for the code that stands",
    "monitoring.check_states": _TOLD,
    "serving.table_versions": "counted anew: a service that starts reads every table",
    "serving.leases": "what is left of rate limits: full again after a restore",
    "serving.live_scores": "as its source had it when last asked: it is asked again",
    "serving.live_polls": "as its source had it when last asked: it is asked again",
    "serving.tasks": _QUEUE,
    "queue.procrastinate_jobs": _QUEUE,
    "queue.procrastinate_events": _QUEUE,
    "queue.procrastinate_periodic_defers": _QUEUE,
    "queue.procrastinate_workers": _QUEUE,
}
"""Table: where its rows come from after a restore. Tables of dbt are not of the migrations: all of them are built."""
