"""The smallest eigenvalues of K v = λ M v, with derivatives.

ARPACK finds them on the host by shift and invert (Lehoucq, Sorensen & Yang 1998,
doi 10.1137/1.9780898719628); the shift lies below the spectrum, so that a body that can move
freely, whose K is singular, needs nothing special. The program then takes the Rayleigh quotients

    λ = vᵀ K v / vᵀ M v,   ∂λ = vᵀ (∂K − λ ∂M) v / vᵀ M v,

which do not change to first order with v: holding v fixed gives the exact derivative. Among
repeated eigenvalues the vectors are arbitrary: the sum of their derivatives is defined, each alone
is not, and none is infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, eigsh

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.fem.sparse import SparseMatrix

__all__ = ["smallest_eigenpairs"]

_TOLERANCE = 1e-4
"""Largest accepted ‖K v − λ M v‖ / (|λ| + shift) ‖M v‖. Round-off times the ratio of the largest to
the smallest eigenvalue is in it: 1e-7 in a beam of L/h = 50, whose λ has more digits than that."""


def smallest_eigenpairs(
    stiffness: SparseMatrix,
    mass: SparseMatrix,
    count: int,
    *,
    shift: Float[Array, ""] | float,
) -> Solution:
    """The ``count`` eigenvalues nearest above −shift, rising, and their vectors.

    ``shift`` is positive and of the order of the smallest eigenvalue that matters. Both matrices
    are symmetric and share a pattern, ``mass`` positive definite. ``value`` is the pair
    (eigenvalues, vectors as columns); ``stats`` has the largest ``residual``.
    """
    dtype = stiffness.entries.dtype
    shift = jnp.asarray(shift, dtype)
    k, m = jax.lax.stop_gradient((stiffness.entries, mass.entries))
    pattern = stiffness.pattern
    vectors = jax.pure_callback(
        lambda *args: _on_host(*args, count=count),
        jax.ShapeDtypeStruct((stiffness.shape[0], count), dtype),
        k,
        m,
        jnp.asarray(pattern.columns),
        jnp.asarray(pattern.starts),
        jax.lax.stop_gradient(shift),
        vmap_method="broadcast_all",
    )
    vectors = jax.lax.stop_gradient(vectors)
    stiff = jax.vmap(stiffness.__matmul__, 1, 1)(vectors)
    heavy = jax.vmap(mass.__matmul__, 1, 1)(vectors)
    values = jnp.sum(vectors * stiff, axis=0) / jnp.sum(vectors * heavy, axis=0)
    left = jnp.linalg.norm(stiff - heavy * values[None, :], axis=0)
    scale = (jnp.abs(values) + shift) * jnp.linalg.norm(heavy, axis=0)
    residual = jax.lax.stop_gradient(jnp.max(left / scale))
    allowed = _TOLERANCE if dtype == jnp.float64 else 1e-2
    outcome = jnp.where(residual <= allowed, int(Outcome.ok), int(Outcome.not_converged))
    outcome = jnp.where(jnp.isfinite(residual), outcome, int(Outcome.non_finite))
    return Solution((values, vectors), outcome.astype(jnp.int32), {"residual": residual})


def _on_host(k: Any, m: Any, columns: Any, starts: Any, shift: Any, *, count: int) -> np.ndarray:
    """Vectors for each member, as columns; not-a-number where none are found."""
    k, m, shift = np.asarray(k), np.asarray(m), np.asarray(shift)
    columns, starts = np.asarray(columns), np.asarray(starts)
    size = starts.shape[-1] - 1
    batch = k.shape[:-1]
    parts = [a.reshape(-1, a.shape[-1]) for a in (k, m, columns, starts)]
    found = [
        _eigenvectors([part[i] for part in parts], float(below), size, count)
        for i, below in enumerate(shift.ravel())
    ]
    return np.asarray(found).reshape(*batch, size, count).astype(k.dtype)


def _eigenvectors(arrays: Sequence[np.ndarray], shift: float, size: int, count: int) -> np.ndarray:
    k, m, columns, starts = arrays
    if not (np.all(np.isfinite(k)) and np.all(np.isfinite(m)) and np.isfinite(shift)):
        return np.full((size, count), np.nan)
    stiffness, mass = (
        scipy.sparse.csr_array((entries.astype(np.float64), columns, starts), shape=(size, size))
        for entries in (k, m)
    )
    start = np.random.default_rng(0).standard_normal(size)  # the same vectors every time
    try:
        values, vectors = eigsh(
            stiffness, count, mass, sigma=-float(shift), v0=start, ncv=min(size, 4 * count + 20)
        )
    except (ArpackError, ArpackNoConvergence, RuntimeError):
        return np.full((size, count), np.nan)
    return vectors[:, np.argsort(values)]
