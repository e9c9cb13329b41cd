"""The archive as a source: what was fetched before, by anybody who shares it, and never the network."""

from __future__ import annotations


class ArchiveSource:
    """Stands for the archive a fetch writes to: nothing is asked, the log kept beside the objects is read back.

    Rows come back as they were logged, under the names of the sources that answered, so that these can be asked
    conditionally again, and each partition finds every body it ever had in the order it came.
    """

    name = "archive"
    rate_limited = given_up = False

    def close(self) -> None:
        """Nothing is held open."""
