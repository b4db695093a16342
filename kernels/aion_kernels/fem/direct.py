"""Sparse direct solves on the host, as part of a compiled program.

SuperLU factors the matrix in float64 whatever the program computes in. The last factors are kept,
so a matrix that returns (the adjoint of a solve, the next step in time, another load) costs two
triangular solves. Within ``vmap`` one matrix with many right-hand sides is factored once.

The derivative is that of the solution, x = A⁻¹ b: one more solve, with Aᵀ in reverse mode.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float
from scipy.sparse.linalg import splu

from aion_kernels.fem.sparse import SparseMatrix

__all__ = ["direct_solve"]

_KEPT = 6
"""Factorisations remembered."""
_PIVOT = 1e-3
"""A diagonal entry is the pivot unless another of its column is larger by more than this."""


def direct_solve(matrix: SparseMatrix, rhs: Float[Array, " n"]) -> Float[Array, " n"]:
    """The x with A x = b; not-a-number where A is singular."""
    return jax.lax.custom_linear_solve(
        matrix.__matmul__,
        rhs,
        lambda _, b: _call(matrix, b, transposed=False),
        transpose_solve=lambda _, b: _call(matrix, b, transposed=True),
    )


def _call(matrix: SparseMatrix, rhs: Float[Array, " n"], *, transposed: bool) -> Array:
    pattern = jax.lax.stop_gradient(matrix.pattern)
    return jax.pure_callback(
        _solve_transposed if transposed else _solve,
        jax.ShapeDtypeStruct(rhs.shape, rhs.dtype),
        matrix.entries,
        jnp.asarray(pattern.columns),
        jnp.asarray(pattern.starts),
        rhs,
        vmap_method="expand_dims",
    )


def _solve(entries: Any, columns: Any, starts: Any, rhs: Any) -> np.ndarray:
    return _on_host(entries, columns, starts, rhs, "N")


def _solve_transposed(entries: Any, columns: Any, starts: Any, rhs: Any) -> np.ndarray:
    return _on_host(entries, columns, starts, rhs, "T")


def _on_host(entries: Any, columns: Any, starts: Any, rhs: Any, trans: str) -> np.ndarray:
    """Solve for each member; leading axes of size one are shared."""
    entries, rhs = np.asarray(entries), np.asarray(rhs)
    columns = np.asarray(columns).reshape(-1, entries.shape[-1])[0]
    starts = np.asarray(starts)
    starts = starts.reshape(-1, starts.shape[-1])[0]
    n = rhs.shape[-1]
    batch = np.broadcast_shapes(entries.shape[:-1], rhs.shape[:-1])
    loads = np.broadcast_to(rhs, (*batch, n)).reshape(-1, n)
    if np.prod(entries.shape[:-1]) == 1:
        factors = _factors.of(entries.ravel(), columns, starts)
        return _apply(factors, loads.T, trans).T.reshape(*batch, n).astype(rhs.dtype)
    matrices = np.broadcast_to(entries, (*batch, entries.shape[-1])).reshape(len(loads), -1)
    solved = [
        _apply(_factors.of(matrix, columns, starts), load, trans)
        for matrix, load in zip(matrices, loads, strict=True)
    ]
    return np.asarray(solved).reshape(*batch, n).astype(rhs.dtype)


def _apply(factors: Any, rhs: np.ndarray, trans: str) -> np.ndarray:
    if factors is None:
        return np.full(rhs.shape, np.nan)
    return factors.solve(np.ascontiguousarray(rhs, np.float64), trans=trans)


class _Factors:
    """The factorisations used last, by the content of their matrices."""

    def __init__(self) -> None:
        self.known: OrderedDict[bytes, Any] = OrderedDict()
        self.lock = threading.Lock()

    def of(self, entries: np.ndarray, columns: np.ndarray, starts: np.ndarray) -> Any:
        """The factors of a matrix; None where it is singular or not finite."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (entries, columns, starts):
            digest.update(np.ascontiguousarray(part).data)
        key = digest.digest()
        with self.lock:
            if key in self.known:
                self.known.move_to_end(key)
                return self.known[key]
        factors = _factor(entries, columns, starts)
        with self.lock:
            self.known[key] = factors
            while len(self.known) > _KEPT:
                self.known.popitem(last=False)
        return factors


_factors = _Factors()


def _factor(entries: np.ndarray, columns: np.ndarray, starts: np.ndarray) -> Any:
    if not np.all(np.isfinite(entries)):
        return None
    size = len(starts) - 1
    matrix = scipy.sparse.csr_array(
        (entries.astype(np.float64), columns, starts), shape=(size, size)
    ).tocsc()
    try:
        # The pattern is symmetric: its own ordering fills in far less than the column one, while
        # rows stay in place. A saddle point asks for other rows at a threshold of 0.1 already and
        # fills in sixteen times as much.
        return splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=_PIVOT,
            options={"SymmetricMode": True},
        )
    except RuntimeError:  # "Factor is exactly singular"
        return None
