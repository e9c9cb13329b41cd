"""What counts as the same fit, and what cannot be fitted again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footpred_dagster.core.lineage.input_manifest import Inputs, Partition
from footpred_dagster.core.lineage.reproduction import (
    METRICS,
    NotReproducible,
    changed_code,
    compare,
    missing_objects,
    registered_fit,
)
from footpred_dagster.core.lineage.trace import FitRecord, RunIds, record_fit

AS_OF = datetime(2024, 8, 1, tzinfo=UTC)
ROW = dict.fromkeys(METRICS, 0.25) | {"model": "elo_logit", "league": "all", "seasons": "2324", "n": 56}


@pytest.mark.parametrize(
    ("registered", "reproduced", "same"),
    [
        (0.25, 0.25, True),
        (0.25, 0.25 + 9e-10, True),
        (0.25, 0.25 - 2e-9, False),
        (None, None, True),
        (0.25, None, False),
    ],
)
def test_a_score_is_the_same_within_a_billionth_and_infinite_only_with_infinite(registered, reproduced, same):
    lines = compare([ROW | {"log_loss": registered}], [ROW | {"log_loss": reproduced}])
    assert [line.metric for line in lines] == list(METRICS)
    assert {line.metric: line.same for line in lines} == dict.fromkeys(METRICS, True) | {"log_loss": same}


def test_a_season_only_one_side_was_judged_on_is_a_difference():
    other = ROW | {"seasons": "2223"}
    for lines in (compare([ROW, other], [ROW]), compare([ROW], [ROW, other])):
        assert {line.seasons for line in lines if not line.same} == {"2223"}


def test_the_parts_of_the_code_that_changed_are_named():
    then = {"parser": "2", "model": "a", "libraries": "numpy 1"}
    assert changed_code(then, dict(then)) == []
    assert changed_code(then, then | {"libraries": "numpy 2", "new": "x"}) == ["libraries", "new"]


def test_a_version_that_never_was_or_whose_inputs_are_not_known_cannot_be_fitted_again(connection):
    with pytest.raises(NotReproducible, match="there is no champion: name the recipe"):
        registered_fit(connection, None, 1)
    connection.execute(
        """
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        values ('elo_logit', 1, 'f', 'a', now(), 9, 'production')
        """
    )
    with pytest.raises(NotReproducible, match="no version 2; versions are: elo_logit up to 1"):
        registered_fit(connection, "elo_logit", 2)
    with pytest.raises(NotReproducible, match="is not recorded"):
        registered_fit(connection, "elo_logit", 1)
    record_fit(connection, "elo_logit", 1, FitRecord("x", [ROW], AS_OF, {"model": "m"}, "abc", RunIds("d", "c")))
    connection.execute("""
        insert into models.promotions (as_of, name, version, decision, reasons)
        values (now(), 'elo_logit', 1, 'promoted', '{}')
    """)
    found = registered_fit(connection, None, 1)
    assert (found.name, found.inputs_sha256, found.as_of, found.metrics) == ("elo_logit", "x", AS_OF, [ROW])


def test_bodies_the_archive_lost_are_named_before_anything_is_built(archive):
    kept = Partition("E0|2022-23", "mmz4281/2223/E0.csv", archive.put(b"kept"), "2")
    lost = Partition("E0|2023-24", "mmz4281/2324/E0.csv", "0" * 64, "2")
    assert missing_objects(archive, Inputs((kept, lost), ())) == ["E0|2023-24"]
