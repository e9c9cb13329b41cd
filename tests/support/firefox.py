"""The system's Firefox, driven by WebDriver BiDi, which it speaks itself: Playwright needs a build of its own."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
needs_firefox = pytest.mark.skipif(FIREFOX is None, reason="no firefox-esr or firefox on PATH: install the package")
PATIENCE = 60.0
DRAWN = """
() => {
    const deep = (root, selector) => [...root.querySelectorAll("*")].some(
        node => node.matches(selector) || (node.shadowRoot && deep(node.shadowRoot, selector)))
    return deep(document, ".foot strong") && deep(document, "h1")
}
"""


class Session:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._ids = connection, itertools.count(1)
        self._command("session.new", capabilities={})
        self._context = self._command("browsingContext.getTree")["contexts"][0]["context"]

    def resize(self, width: int, height: int) -> None:
        self._command("browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height})

    def visit(self, url: str) -> None:
        self._command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, function: str) -> Any:
        """What a function without arguments returns, as JSON has it."""
        found = self._command(
            "script.evaluate",
            expression=f"Promise.resolve(({function})()).then(JSON.stringify)",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def wait_for(self, function: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.evaluate(function):
            assert time.monotonic() < deadline, f"never true: {function}"
            time.sleep(0.1)

    def picture(self) -> str:
        """A PNG of what is seen, in base64."""
        return str(self._command("browsingContext.captureScreenshot", context=self._context)["data"])

    def _command(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer: dict[str, Any] = json.loads(self._connection.recv(PATIENCE))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                result: dict[str, Any] = answer["result"]
                return result


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    """A Firefox of its own with an empty profile in ``folder``, ended afterwards."""
    profile, log = folder / "profile", folder / "firefox.log"
    profile.mkdir()
    command = [str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
    try:
        with connect(f"{_address(process, log)}/session", max_size=None) as connection:
            yield Session(connection)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while True:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace")):
            return found[1]
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)
