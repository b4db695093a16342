"""Constraints by one mechanism: the unknowns as a prolongation of those that are free.

Every linear constraint says u = P y + g. Prescribed values, periodic pairs and multi-point
constraints differ only in the sparse matrix P, known beforehand, and in the vector g, which may be
traced. What is solved is Pᵀ A P y = Pᵀ (b − A g): symmetric where A is, without a penalty and
without rows that do not belong there. The slots of the small matrix that each entry of A adds to
are found once, so a reduction is one gather, or one segment sum.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float, Int

from aion_kernels.fem.sparse import Pattern, SparseMatrix
from aion_kernels.invalid import InvalidInputError

__all__ = ["Constraints", "fix", "fix_and_tie", "prolong"]


class Constraints(eqx.Module):
    """A prolongation P with what it takes to reduce matrices of one pattern."""

    rows: Int[Array | np.ndarray, " pairs"]
    columns: Int[Array | np.ndarray, " pairs"]
    weights: Float[Array | np.ndarray, " pairs"]
    pattern: Pattern
    """Of the reduced matrix."""
    source: Int[Array | np.ndarray, " contributions"]
    """Entry of A that contributes."""
    target: Int[Array | np.ndarray, " contributions"]
    """Entry of Pᵀ A P that it adds to, rising."""
    factors: Float[Array | np.ndarray, " contributions"]
    shape: tuple[int, int] = eqx.field(static=True)
    selects: bool = eqx.field(static=True)
    """Whether P only leaves out unknowns, so that reducing is gathering."""

    def reduce_matrix(self, matrix: SparseMatrix) -> SparseMatrix:
        """Pᵀ A P."""
        entries = matrix.entries[self.source]
        if not self.selects:
            weighted = entries * jnp.asarray(self.factors, entries.dtype)
            entries = jax.ops.segment_sum(
                weighted, self.target, self.pattern.entries, indices_are_sorted=True
            )
        return SparseMatrix(entries, self.pattern)

    def reduce_vector(self, vector: Float[Array, " unknowns"]) -> Float[Array, " free"]:
        """Pᵀ b."""
        if self.selects:
            return vector[self.rows]
        weighted = vector[self.rows] * jnp.asarray(self.weights, vector.dtype)
        return jax.ops.segment_sum(weighted, self.columns, self.shape[1])

    def expand(
        self, free: Float[Array, " free"], prescribed: Float[Array, " unknowns"] | float = 0.0
    ) -> Float[Array, " unknowns"]:
        """P y + g."""
        weighted = free[self.columns] * jnp.asarray(self.weights, free.dtype)
        whole = jnp.zeros(self.shape[0], free.dtype).at[self.rows].add(weighted)
        return whole + jnp.asarray(prescribed, free.dtype)


def fix(pattern: Pattern, fixed: Int[np.ndarray, " fixed"]) -> Constraints:
    """Prescribe the unknowns ``fixed``; their values are the g of each solve."""
    return fix_and_tie(pattern, fixed, {})


def fix_and_tie(
    pattern: Pattern, fixed: Int[np.ndarray, " fixed"], ties: dict[int, dict[int, float]]
) -> Constraints:
    """Prescribe some unknowns and express others by weighted sums of free ones.

    ``ties`` maps a dependent unknown to {free unknown: weight}: a periodic partner has one weight
    of 1, a hanging node several.

    Raises :class:`InvalidInputError` where an unknown is both, or depends on one that is not free.
    """
    size = pattern.shape[0]
    dependent = np.fromiter(ties, np.int64, len(ties))
    both = np.intersect1d(dependent, fixed)
    if len(both):
        raise InvalidInputError(f"unknown {both[0]} is prescribed and tied; it can be one of them")
    is_free = np.ones(size, bool)
    is_free[fixed] = False
    is_free[dependent] = False
    number = np.cumsum(is_free) - 1
    free = np.flatnonzero(is_free)
    rows, columns, weights = [free], [number[free]], [np.ones(len(free))]
    for unknown, masters in ties.items():
        for master, weight in masters.items():
            if not is_free[master]:
                raise InvalidInputError(f"unknown {unknown} is tied to {master}, which is not free")
            rows.append(np.array([unknown]))
            columns.append(np.array([number[master]]))
            weights.append(np.array([weight]))
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return prolong(pattern, scipy.sparse.csr_array(parts, shape=(size, len(free))))


def prolong(pattern: Pattern, prolongation: Any) -> Constraints:
    """Constraints from a sparse matrix P (unknowns × free unknowns) of SciPy."""
    matrix: Any = scipy.sparse.csr_array(prolongation)
    matrix.sort_indices()
    counts = np.diff(matrix.indptr)
    rows, columns = np.asarray(pattern.rows), np.asarray(pattern.columns)
    # Each entry (i, j) of A meets every weight of row i of P with every one of row j.
    left, right = counts[rows], counts[columns]
    repeats = left * right
    source = np.repeat(np.arange(len(rows)), repeats)
    within = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    first, second = np.divmod(within, np.maximum(right[source], 1))
    p = matrix.indptr[rows[source]] + first
    q = matrix.indptr[columns[source]] + second
    size = matrix.shape[1]
    keys = matrix.indices[p].astype(np.int64) * size + matrix.indices[q]
    order = np.argsort(keys, kind="stable")
    distinct, target = np.unique(keys, return_inverse=True)
    selects = bool(np.all(counts <= 1) and np.all(matrix.data == 1) and len(matrix.data) == size)
    return Constraints(
        rows=np.repeat(np.arange(matrix.shape[0]), counts).astype(np.int32),
        columns=matrix.indices.astype(np.int32),
        weights=np.asarray(matrix.data),
        pattern=Pattern.of(distinct, (size, size)),
        source=source[order].astype(np.int32),
        target=target[order].astype(np.int32),
        factors=(matrix.data[p] * matrix.data[q])[order],
        shape=(matrix.shape[0], size),
        selects=selects,
    )
