"""The processes of the service and the one above them, as uvicorn implements them."""

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


class Parent(multiprocess.Multiprocess):
    """It closes its copy of the processes' socket when it ends them.

    Otherwise the kernel would go on to accept connections that none of them answers until this process ends, too.
    """

    def run(self) -> None:
        multiprocess.Process = Process  # type: ignore[misc]  # uvicorn has no other way to name one
        super().run()

    def terminate_all(self) -> None:
        super().terminate_all()
        for socket in self.sockets:
            socket.close()
