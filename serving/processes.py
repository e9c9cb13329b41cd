"""The processes of the service under the one that starts them, as uvicorn implements it."""

from __future__ import annotations

from uvicorn.supervisors import multiprocess


class Process(multiprocess.Process):
    """One whose end is noticed at once.

    The parent asks each process whether it is healthy and waits for the answer. uvicorn keeps both ends of the pipe
    open in the parent: a process that is killed before it answers, as while it starts, is replaced only after the limit
    of a health check. With one end the wait ends with the process.
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()


def notice_ends() -> None:
    """From now on uvicorn starts processes of this kind."""
    multiprocess.Process = Process  # type: ignore[misc]  # the supervisor has no other way to name one
