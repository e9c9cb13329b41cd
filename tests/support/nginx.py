"""A real nginx with a file of deploy/nginx."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from footpred_dagster.core.settings import PACKAGE_ROOT
from tests.support.processes import running

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/nginx/sbin")
FOLDER = PACKAGE_ROOT / "deploy/nginx"
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@contextmanager
def proxy(name: str, folder: Path, replaced: Mapping[str, str], listens: int) -> Iterator[None]:
    """nginx with the file ``name`` at the port ``listens``; ``replaced`` maps text of the file to other text."""
    text = (FOLDER / name).read_text()
    for old, new in {"/tmp/": f"{folder}/", **replaced}.items():
        assert old in text, old
        text = text.replace(old, new)
    file = folder / name
    file.write_text(text)
    command = [str(NGINX), "-c", str(file), "-e", str(folder / "error.log"), "-g", "daemon off; user root;"]
    with running(command, folder / "nginx.log", {}, listens):
        yield
