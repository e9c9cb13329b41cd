"""What each feature adds to a forecast: the common layout, (n, features of the contract + 1), what is left of it last.

Rows add up to log(home win / away win) before the model's temperature. The last column is what the model says of an
average match: home advantage.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from footpred_dagster.core.features.contract import Feature
from footpred_dagster.core.models.scaling import Floats


def log_odds(probabilities: Floats) -> Floats:
    """(n,) of home against away."""
    given = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(np.log(given[:, 0] / given[:, 2]))


def in_contract_order(contract: tuple[Feature, ...], names: Sequence[str], parts: Floats, rest: Floats) -> Floats:
    """``parts`` (n, names) put in the columns of those features, zero in all others, and ``rest`` (n,) last."""
    places = {feature.name: place for place, feature in enumerate(contract)}
    spread = np.zeros((len(rest), len(contract) + 1))
    spread[:, [places[name] for name in names]] = parts
    spread[:, -1] = rest
    return spread


def settled(parts: Floats, total: Floats) -> Floats:
    """``parts`` (n, m) that add up to ``total`` (n,) but for a small error, which each bears in proportion to its size.

    A row of zeros stays as it is.
    """
    sizes = np.abs(parts)
    whole = sizes.sum(axis=1, keepdims=True)
    error = total[:, None] - parts.sum(axis=1, keepdims=True)
    return np.asarray(parts + error * sizes / np.where(whole > 0, whole, 1.0))
