"""The input manifest: which raw files a model was fitted on or a prediction was made from, by their sha256.

One JSON document in the archive, under its own sha256, so that equal inputs are one object::

    {"format": 1,
     "partitions": [{"partition": "E0|2023-24", "path": "mmz4281/2324/E0.csv", "sha256": "...", "parser": "..."}, ...],
     "seeds": [{"path": "dbt_project/seeds/team_aliases.csv", "sha256": "..."}, ...]}

A partition is what its body says and nothing else: which earlier bodies there were, and which of them ``footpred
accept`` let in, decided only which body that is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from footpred_dagster.core.archive.base import Archive

FORMAT = 1
FIXTURES_KEY = "fixtures"


@dataclass(frozen=True, slots=True)
class Partition:
    """A raw partition as loaded: ``E0|2023-24`` or ``fixtures``, from which body, read by which parser."""

    partition: str
    path: str
    sha256: str
    parser: str

    @property
    def league(self) -> str | None:
        """None for the fixtures, which are of all leagues."""
        return None if self.partition == FIXTURES_KEY else self.partition.partition("|")[0]


@dataclass(frozen=True, slots=True)
class Seed:
    """A file committed with the code that is data as well, such as the names of clubs."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything from outside that rows of the warehouse are made of, in order of partition and path."""

    partitions: tuple[Partition, ...]
    seeds: tuple[Seed, ...]

    def keep(self, archive: Archive) -> str:
        """Put the manifest into the archive; its sha256."""
        document = {"format": FORMAT, **asdict(self)}
        return archive.put(json.dumps(document, separators=(",", ":")).encode())

    @classmethod
    def read(cls, archive: Archive, sha256: str) -> Inputs:
        """Raises ObjectLost when missing or damaged, ValueError for a format of another version of this program."""
        document = json.loads(archive.get(sha256))
        if document.get("format") != FORMAT:
            raise ValueError(f"manifest {sha256} has format {document.get('format')}, and this program reads {FORMAT}")
        return cls(
            tuple(Partition(**entry) for entry in document["partitions"]),
            tuple(Seed(**entry) for entry in document["seeds"]),
        )
