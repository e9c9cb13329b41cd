"""Live progress of a run on the terminal: one line per layer, on stderr so that stdout stays for results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

console = Console(stderr=True)


class LayerProgress:
    """Counts steps of each layer as they finish. On a pipe: a line when a layer is done, nothing redrawn."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.fields[layer]:<13}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", table_column=None),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def expect(self, layer: str, total: int) -> None:
        """Announce ``total`` more steps in a layer."""
        if layer in self._tasks:
            task = self._bars.tasks[self._tasks[layer]]
            self._bars.update(task.id, total=(task.total or 0) + total)
        else:
            self._tasks[layer] = self._bars.add_task("", total=total, layer=layer, start=False)

    def advance(self, layer: str, doing: str, steps: int = 1) -> None:
        """``steps`` of a layer are done; ``doing`` says what."""
        if layer not in self._tasks:
            return
        task = self._tasks[layer]
        self._bars.start_task(task)
        self._bars.update(task, advance=steps, description=doing)
        if self._bars.tasks[task].finished:
            self._bars.stop_task(task)
            if not console.is_terminal:
                console.print(f"{layer}: {int(self._bars.tasks[task].completed)} done")

    def say(self, text: str) -> None:
        """A line above the bars."""
        console.print(text)


@contextmanager
def stdout_kept_for_results() -> Iterator[None]:
    """Steps print (dbt's log among them). Dagster's compute logs keep that; this process's stdout is for the summary.

    Done on the file descriptor, because that is where Dagster captures, and passes on what it captured.
    """
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
