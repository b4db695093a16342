"""How far two results are apart, as one number that no NaN or misshapen leaf slips through."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

__all__ = ["largest_difference"]


def largest_difference(found: PyTree, expected: PyTree) -> float:
    """Largest difference in any leaf, relative to that leaf's largest finite expected value.

    Infinite where the trees, shapes or types differ, or where one leaf is not finite and the other
    is another way. Random keys are compared as their words.
    """
    if jax.tree.structure(found) != jax.tree.structure(expected):
        return float(np.inf)
    worst = 0.0
    for a, b in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        worst = max(worst, _leaf_difference(_plain(a), _plain(b)))
    return worst


def _leaf_difference(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return float(np.inf)
    finite = np.isfinite(expected)
    if not np.array_equal(found[~finite], expected[~finite], equal_nan=True):
        return float(np.inf)
    first, second = (values[finite].astype(np.complex128) for values in (found, expected))
    gap = np.max(np.abs(first - second), initial=0.0)
    if not np.isfinite(gap):
        return float(np.inf)
    return float(gap / max(np.max(np.abs(second), initial=0.0), 1e-300))


def _plain(leaf: Any) -> np.ndarray:
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf)
