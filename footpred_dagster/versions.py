"""What makes an asset stale: its code, its inputs, and, for what depends on the clock, the cut as_of makes."""

from __future__ import annotations

import hashlib
import inspect
from types import ModuleType

import dagster as dg

CUT = "as_of cut"
"""Metadata key: what the run's as_of let the asset see, as text. Another cut makes it stale, another as_of may not."""


def code_version(*modules: ModuleType, data: bytes = b"") -> str:
    """Twelve hex digits that change when the source text of one of ``modules``, or ``data``, does."""
    text = "".join(inspect.getsource(module) for module in modules)
    return hashlib.sha256(text.encode() + data).hexdigest()[:12]


def cut_version(content: str, cut: str) -> dg.DataVersion:
    """Data version of an asset that depends on the clock: its content and the cut it was made under."""
    return dg.DataVersion(hashlib.sha256(f"{content}|{cut}".encode()).hexdigest()[:16])
