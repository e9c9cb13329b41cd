"""Randomness that depends on nothing but what it is asked for."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def dice(seed: int, *labels: object) -> np.random.Generator:
    """A generator of its own for every (seed, labels): drawing for one purpose never shifts another's draws.

    Labels go through their text and CRC-32, as ``hash()`` differs from process to process. ``seed`` is not negative.
    """
    return np.random.default_rng([seed, *(crc32(str(label).encode()) for label in labels)])
