"""Hyperparameters of the boosted trees, searched for by Optuna; any number of workers join one study in PostgreSQL.

Only seasons that select are read: the frame is cut behind the last of them before anything is fitted.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psycopg

from footpred_dagster.core.database.credentials import without_password
from footpred_dagster.core.database.sibling_databases import sibling_database
from footpred_dagster.core.domain import Season
from footpred_dagster.core.evaluation.windows import of_seasons, season_windows
from footpred_dagster.core.features.contract import FEATURE_NAMES, fingerprint
from footpred_dagster.core.models.base import last_seasons
from footpred_dagster.core.models.boosted_trees import Boosting, boost, hyperparameters
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.statistics.scoring_rules import log_losses

if TYPE_CHECKING:
    from optuna import Study, Trial

HEARTBEAT, SILENCE = 5, 30
"""Seconds between a worker's signs of life, and after how many without one its trial counts as lost."""
COMMITTED = "committed"
FIRST_FULL_TRIALS = 6
"""Trials that are never pruned: what later ones are compared with."""


class NothingToTune(ValueError):
    """No complete season selects, or none lies before it."""


@dataclass(frozen=True, slots=True)
class Task:
    """``frame`` ends with the last of ``seasons``, on which trials are judged."""

    frame: pd.DataFrame
    seasons: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, as_of: datetime) -> Task:
        """Raises NothingToTune when no season can select."""
        seasons = season_windows(frame, as_of).selection
        if not seasons:
            raise NothingToTune("no complete season to select on: load more seasons with footpred run")
        return cls(frame[frame["season"] <= seasons[-1]], seasons)

    @property
    def study_name(self) -> str:
        """The same task resumes the same study; other seasons, matches or features begin another."""
        codes = ",".join(Season.parse(season).site_code for season in self.seasons)
        content = pd.util.hash_pandas_object(self.frame[["outcome", *FEATURE_NAMES]], index=False).to_numpy()
        digest = hashlib.sha256(content.tobytes()).hexdigest()[:8]
        return f"xgboost on {codes}, {len(self.frame)} matches {digest}, contract {fingerprint()}"


def storage_url(settings: Settings) -> str:
    """The database ``<name>_optuna`` beside ours; its password stays in a libpq file."""
    passfile = settings.home / "tuning" / "pgpass"
    passfile.parent.mkdir(parents=True, exist_ok=True)
    url = without_password(sibling_database(settings, "optuna"), passfile)
    return "postgresql+psycopg2://" + url.partition("://")[2]


def open_study(url: str, task: Task) -> Study:
    """The study of ``task``, begun with the committed hyperparameters if it is new."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with _alone(url), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # heartbeats, constant liar
        storage = optuna.storages.RDBStorage(
            url,
            heartbeat_interval=HEARTBEAT,
            grace_period=SILENCE,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=1),
        )
        study = optuna.create_study(
            study_name=task.study_name,
            storage=storage,
            direction="minimize",
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(multivariate=True, constant_liar=True, n_startup_trials=8),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_FULL_TRIALS),
        )
        _offer_committed(study)
    return study


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """One at a time: Optuna makes its tables on first use, and two that do so at once trip over each other."""
    with psycopg.connect("postgresql://" + url.partition("://")[2], prepare_threshold=None) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('footpred.study'))")
        yield


def _offer_committed(study: Study) -> None:
    """Have the committed hyperparameters tried unless they were, or will be: every gain is told against them."""
    from optuna.trial import TrialState

    committed, lost = _flat(hyperparameters()), (TrialState.FAIL, TrialState.PRUNED)
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state not in lost]
    if not any(committed in (trial.params, trial.user_attrs.get(COMMITTED)) for trial in trials):
        study.enqueue_trial(committed, user_attrs={COMMITTED: committed})


def work(study: Study, task: Task, deadline: float, trials: int | None = None) -> None:
    """Try hyperparameters until ``deadline`` (of time.monotonic) or for ``trials``, beside whoever else does.

    No trial begins after the deadline; one under way ends.
    """
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.optimize(
            lambda trial: judge(trial, task), n_trials=trials, timeout=max(deadline - time.monotonic(), 0.01), catch=()
        )


def judge(trial: Trial, task: Task) -> float:
    """Mean log-loss of walk-forward fits over the task's seasons; pruned after a season that went worse than most."""
    from optuna import TrialPruned

    chosen = suggest(trial)
    losses: list[float] = []
    for step, season in enumerate(task.seasons):
        learned = last_seasons(task.frame[task.frame["season"] < season], chosen["seasons"])
        played = task.frame[of_seasons(task.frame, [season])]
        predicted = Boosting(boost(learned, chosen)).predict_proba(played)
        losses += log_losses(predicted, played["outcome"].to_numpy(dtype=np.int64)).tolist()
        trial.report(float(np.mean(losses)), step)
        if trial.should_prune() and COMMITTED not in trial.user_attrs:
            raise TrialPruned
    return float(np.mean(losses))


def suggest(trial: Trial) -> dict[str, Any]:
    """The space searched, in the shape of ``hyperparameters.json``."""
    return _nested(
        {
            "seasons": trial.suggest_int("seasons", 6, 16),
            "rounds": trial.suggest_int("rounds", 60, 400, step=10),
            "eta": trial.suggest_float("eta", 0.02, 0.12, log=True),
            "max_depth": trial.suggest_int("max_depth", 2, 5),
            "min_child_weight": trial.suggest_float("min_child_weight", 10, 300, log=True),
            "subsample": trial.suggest_float("subsample", 0.3, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.15, 1.0),
            "lambda": trial.suggest_float("lambda", 1, 300, log=True),
        }
    )


def result(study: Study) -> dict[str, Any]:
    """What to commit: the best trial in the shape of ``hyperparameters.json``, and what was gained on what is there.

    Raises NothingToTune while no trial is complete.
    """
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if not complete:
        raise NothingToTune("no trial was completed: give it more minutes")
    committed = [trial.value for trial in complete if _nested(trial.params) == _committed()]
    return {
        "study": f"{study.study_name}: {study.best_value:.5f} after {len(study.get_trials(deepcopy=False))} trials",
        "date": datetime.now(UTC).date().isoformat(),
        **_nested(study.best_params),
        "log_loss": study.best_value,
        "log_loss_committed": committed[0] if committed else None,
    }


def counts(study: Study) -> dict[str, int]:
    """Trials by state: complete, pruned, running, waiting, fail."""
    found: dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        found[trial.state.name.lower()] = found.get(trial.state.name.lower(), 0) + 1
    return found


def best_trials(study: Study, most: int = 10) -> Sequence[tuple[int, float, dict[str, Any]]]:
    """``(number, log-loss, parameters)`` of the best complete trials, best first."""
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    ranked = sorted(complete, key=lambda trial: trial.value or np.inf)[:most]
    return [(trial.number, float(trial.value or np.inf), dict(trial.params)) for trial in ranked]


def _committed() -> dict[str, Any]:
    return _nested(_flat(hyperparameters()))


def _flat(chosen: Mapping[str, Any]) -> dict[str, Any]:
    return {"seasons": chosen["seasons"], "rounds": chosen["rounds"], **chosen["parameters"]}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in flat.items() if name not in ("seasons", "rounds")}
    return {"seasons": flat["seasons"], "rounds": flat["rounds"], "parameters": rest}
