"""Algebraic multigrid: set up by PyAMG on the host, cycled by XLA.

Smoothed aggregation (Vaněk, Mandel & Brezina 1996, doi 10.1007/BF02238511) groups unknowns that
are strongly coupled and smooths the interpolation from the groups. The hierarchy is a pytree of
sparse matrices, so that a cycle is traced like anything else and serves every matrix near the one
that it was made from: a batch of materials needs one set-up.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, ArrayLike, Float

from aion_kernels.fem.sparse import Pattern, SparseMatrix
from aion_kernels.invalid import InvalidInputError

__all__ = ["Multigrid", "smoothed_aggregation"]

_SWEEPS = 2
_SMALLEST_SHARE = 0.25
"""Part of the spectrum left to the coarser level: Chebyshev smooths [0.25, 1.1] of ρ(D⁻¹A)."""


class _Level(eqx.Module):
    matrix: SparseMatrix
    prolongation: SparseMatrix
    inverse_diagonal: Float[Array | np.ndarray, " n"]
    radius: Float[Array | np.ndarray, ""]
    """Spectral radius of D⁻¹ A."""


class Multigrid(eqx.Module):
    """A hierarchy; calling it applies one symmetric V-cycle to a residual."""

    levels: tuple[_Level, ...]
    coarsest: Float[Array | np.ndarray, "n n"]
    """Pseudo-inverse of the coarsest matrix."""

    def __call__(self, residual: Float[Array, " n"]) -> Float[Array, " n"]:
        """An approximation of A⁻¹ r."""
        return self._cycle(0, residual)

    def _cycle(self, depth: int, rhs: Float[Array, " n"]) -> Float[Array, " n"]:
        if depth == len(self.levels):
            return jnp.asarray(self.coarsest, rhs.dtype) @ rhs
        level = self.levels[depth]
        x = _smooth(level, rhs, jnp.zeros_like(rhs))
        coarse = level.prolongation.transposed_product(rhs - level.matrix @ x)
        x = x + level.prolongation @ self._cycle(depth + 1, coarse)
        return _smooth(level, rhs, x)


def smoothed_aggregation(
    matrix: SparseMatrix,
    near_kernel: Float[ArrayLike, "n modes"] | None = None,
) -> Multigrid:
    """The hierarchy of a symmetric positive definite matrix, known on the host.

    ``near_kernel`` are vectors that the operator without boundary conditions maps to zero: the
    constant (the default), the rigid motions of an elastic body.
    """
    try:
        import pyamg
    except ImportError as error:
        raise InvalidInputError(
            'algebraic multigrid needs PyAMG: pip install "aion-sci[fem]"'
        ) from error
    modes = None if near_kernel is None else np.asarray(near_kernel, np.float64)
    found = pyamg.smoothed_aggregation_solver(
        scipy.sparse.csr_matrix(matrix.to_scipy()), B=modes, max_coarse=300
    )
    levels = []
    for fine in found.levels[:-1]:
        diagonal = fine.A.diagonal()
        scaled = scipy.sparse.diags_array(1 / diagonal) @ fine.A
        radius = pyamg.util.linalg.approximate_spectral_radius(scaled)
        levels.append(
            _Level(_sparse(fine.A), _sparse(fine.P), 1 / diagonal, np.asarray(float(radius)))
        )
    coarsest = np.linalg.pinv(found.levels[-1].A.toarray(), hermitian=True)
    return Multigrid(tuple(levels), coarsest)


def _sparse(matrix: Any) -> SparseMatrix:
    rows = scipy.sparse.csr_array(matrix)
    rows.sort_indices()
    height, width = map(int, matrix.shape)
    keys = np.repeat(np.arange(height, dtype=np.int64), np.diff(rows.indptr))
    pattern = Pattern.of(keys * width + rows.indices, (height, width))
    return SparseMatrix(jnp.asarray(rows.data), pattern)


def _smooth(level: _Level, rhs: Float[Array, " n"], x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Chebyshev sweeps for D⁻¹ A, damping the upper part of its spectrum."""
    dtype = rhs.dtype
    radius = jnp.asarray(level.radius, dtype)
    inverse = jnp.asarray(level.inverse_diagonal, dtype)
    matrix = SparseMatrix(level.matrix.entries.astype(dtype), level.matrix.pattern)
    high, low = 1.1 * radius, _SMALLEST_SHARE * radius
    centre, half = 0.5 * (high + low), 0.5 * (high - low)
    sigma = centre / half
    rho = 1 / sigma
    step = inverse * (rhs - matrix @ x) / centre
    for _ in range(_SWEEPS - 1):
        x = x + step
        next_rho = 1 / (2 * sigma - rho)
        step = next_rho * (rho * step + 2 / half * inverse * (rhs - matrix @ x))
        rho = next_rho
    return x + step
