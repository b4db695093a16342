"""A sparse matrix whose pattern is known before its entries: compressed rows, entries traced.

The pattern is computed once on the host from the unknowns of every cell; an assembly then is one
scatter-add into the entries. Entries may be batched and differentiated, the pattern is shared.
"""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float, Int

__all__ = ["Pattern", "SparseMatrix", "join_patterns"]


class Pattern(eqx.Module):
    """Where the entries of a sparse matrix stand, row by row, columns rising."""

    rows: Int[Array | np.ndarray, " entries"]
    columns: Int[Array | np.ndarray, " entries"]
    starts: Int[Array | np.ndarray, " rows_and_one"]
    shape: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, keys: Int[np.ndarray, " entries"], shape: tuple[int, int]) -> Pattern:
        """From sorted, distinct numbers row · columns + column."""
        rows, columns = np.divmod(keys, shape[1])
        starts = np.searchsorted(rows, np.arange(shape[0] + 1))
        return cls(rows.astype(np.int32), columns.astype(np.int32), starts.astype(np.int32), shape)

    @property
    def entries(self) -> int:
        """Number of stored entries."""
        return self.rows.shape[0]


class SparseMatrix(eqx.Module):
    """Entries on a pattern: a linear operator that jit, vmap and grad pass through."""

    entries: Float[Array, " entries"]
    pattern: Pattern

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pattern.shape

    def __matmul__(self, vector: Float[Array, " columns"]) -> Float[Array, " rows"]:
        products = self.entries * vector[self.pattern.columns]
        return jax.ops.segment_sum(
            products, self.pattern.rows, self.shape[0], indices_are_sorted=True
        )

    def transposed_product(self, vector: Float[Array, " rows"]) -> Float[Array, " columns"]:
        """Aᵀ v without forming Aᵀ."""
        products = self.entries * vector[self.pattern.rows]
        return jax.ops.segment_sum(products, self.pattern.columns, self.shape[1])

    def diagonal(self) -> Float[Array, " rows"]:
        """The entries with equal row and column; zero where none is stored."""
        here = jnp.where(self.pattern.rows == self.pattern.columns, self.entries, 0)
        return jax.ops.segment_sum(here, self.pattern.rows, self.shape[0], indices_are_sorted=True)

    def __add__(self, other: SparseMatrix) -> SparseMatrix:
        """The sum of two matrices that share a pattern."""
        if self.pattern.entries != other.pattern.entries or self.shape != other.shape:
            raise ValueError("the matrices differ in pattern; assemble the sum of the forms")
        return SparseMatrix(self.entries + other.entries, self.pattern)

    def __mul__(self, factor: Float[Array, ""] | float) -> SparseMatrix:
        return SparseMatrix(self.entries * factor, self.pattern)

    def to_scipy(self) -> scipy.sparse.csr_array:
        """A copy for SciPy; outside of traces only."""
        pattern = self.pattern
        parts = (np.asarray(self.entries), np.asarray(pattern.columns), np.asarray(pattern.starts))
        return scipy.sparse.csr_array(parts, shape=self.shape)


def join_patterns(
    pairs: Sequence[tuple[Int[np.ndarray, "_ _"], Int[np.ndarray, "_ _"]]],
    shape: tuple[int, int],
) -> tuple[Pattern, list[Int[np.ndarray, "_ _ _"]]]:
    """The pattern that several sets of element matrices fill, and the slot of each entry."""
    keys = [
        (rows[:, None, :].astype(np.int64) * shape[1] + columns[None, :, :])
        for rows, columns in pairs
    ]
    flat = np.concatenate([key.ravel() for key in keys]) if keys else np.zeros(0, np.int64)
    distinct, slots = np.unique(flat, return_inverse=True)
    slots = slots.astype(np.int32)
    ends = np.cumsum([key.size for key in keys])[:-1]
    parts = np.split(slots, ends)
    return Pattern.of(distinct, shape), [
        part.reshape(key.shape) for part, key in zip(parts, keys, strict=True)
    ]
