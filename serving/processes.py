"""The processes of the service and the one above them, as uvicorn implements them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from socket import socket

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from serving.ending import AT_ONCE


class Process(multiprocess.Process):
    """One whose end is noticed at once, and that ends with its parent.

    The parent asks each process whether it is healthy and waits for the answer. uvicorn keeps both ends of the pipe
    open in the parent: a process that is killed before it answers, as while it starts, is replaced only after the limit
    of a health check. With one end the wait ends with the process.
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()

    def target(self, sockets: list[socket] | None = None) -> None:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
        super().target(sockets)


def _end_with_parent() -> None:
    """As at SIGTERM when the parent was killed: nothing would restart this process, and the port would stay taken."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


class Parent(multiprocess.Multiprocess):
    """It closes its copy of the processes' socket when it ends them, and passes on that SIGINT ends them at once.

    With the socket open the kernel would go on to accept connections that none of them answers until this process ends,
    too. uvicorn sends SIGTERM whatever it was sent, and hears nothing more while it waits.
    """

    def run(self) -> None:
        multiprocess.Process = Process  # type: ignore[misc]  # uvicorn has no other way to name one
        super().run()

    @property
    def failed(self) -> bool:
        """Whether it ended because a process could not start."""
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)

    def handle_int(self) -> None:
        super().handle_int()
        self.signal_queue.append(signal.SIGINT)  # for join_all

    def terminate_all(self) -> None:
        super().terminate_all()
        for each in self.sockets:
            each.close()

    def join_all(self) -> None:
        for each in self.processes:
            while each.process.is_alive():
                if signal.SIGINT in self.signal_queue:
                    self.signal_queue.clear()
                    self._end_at_once()
                each.process.join(0.1)

    def _end_at_once(self) -> None:
        for each in self.processes:
            if each.process.is_alive() and each.process.pid:
                os.kill(each.process.pid, AT_ONCE)
