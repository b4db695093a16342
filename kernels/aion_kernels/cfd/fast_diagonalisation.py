"""Direct solution of (a − b ∇²) x = f on a box by diagonalising one axis at a time.

The discrete Laplacian of a tensor-product grid is a sum of one-dimensional operators, L = Σ_d L_d.
Each L_d is symmetric in the inner product of its cell widths, so a small eigenproblem on the host,

    L_d = V_d Λ_d V_d⁻¹,

turns the solve into: transform every axis with V⁻¹, divide by a − b Σ λ, transform back
(Lynch, Rice & Thomas 1964, doi 10.1007/BF01386067). That is two matrix products an axis: exact,
differentiable, and the matrices do not depend on a and b, so a batch of solves with different
coefficients becomes a few large matrix products instead of many small ones.

Along a long periodic axis the eigenvectors are waves, and a fast Fourier transform takes the place
of the two products.

Where every axis has Neumann ends or none, and a is zero, the constant is in the null space: the
solution with zero mean is returned, and the mean of f is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

from aion_kernels.cfd.boundaries import ScalarKind
from aion_kernels.cfd.grid import GridAxis, StaggeredGrid

__all__ = ["AxisKind", "AxisLaplacian", "BoxLaplacian"]

AxisKind = Literal["face"] | tuple[ScalarKind, ScalarKind]
"""Where the unknowns sit and what holds at the two ends: on interior faces with a given value on
both walls (``face``), or in cells with a given value or flux at the lower and the upper wall. A
periodic axis has no ends: there the kind makes no difference."""


@dataclass(frozen=True)
class AxisLaplacian:
    """Eigenpairs of d²/dx² on one axis: L = V diag(λ) V⁻¹."""

    axis: GridAxis
    kind: AxisKind

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The operator itself, dense."""
        return _stiffness(self.axis, self.kind) / self._widths[:, None]

    @cached_property
    def eigenvalues(self) -> NDArray[np.float64]:
        """λ ≤ 0, in 1/length²; the one of a constant is exactly zero."""
        return self._decomposition[0]

    @cached_property
    def vectors(self) -> NDArray[np.float64]:
        """V, an eigenvector a column."""
        return self._decomposition[1] / np.sqrt(self._widths)[:, None]

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """V⁻¹; the inner product of the widths makes it a transpose."""
        return self._decomposition[1].T * np.sqrt(self._widths)[None, :]

    @property
    def _widths(self) -> NDArray[np.float64]:
        return self.axis.spacings if self.kind == "face" else self.axis.widths

    @cached_property
    def _decomposition(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        root = np.sqrt(self._widths)
        values, vectors = np.linalg.eigh(
            _stiffness(self.axis, self.kind) / root[:, None] / root[None, :]
        )
        values[np.abs(values) < 1e-11 * np.abs(values).max()] = 0.0
        return values, vectors


def _stiffness(axis: GridAxis, kind: AxisKind) -> NDArray[np.float64]:
    """Symmetric matrix of flux differences: widths times the second derivative."""
    if axis.periodic:
        link = axis.cells / axis.length
        ring = np.roll(np.eye(axis.cells), 1, axis=1)
        return link * (ring + ring.T - 2 * np.eye(axis.cells))
    if kind == "face":
        links = 1.0 / axis.widths
        return np.diag(links[1:-1], 1) + np.diag(links[1:-1], -1) - np.diag(links[1:] + links[:-1])
    links = 1.0 / axis.gaps
    for end, wall in zip((0, -1), kind, strict=True):
        links[end] *= 2.0 if wall == "value" else 0.0
    return np.diag(links[1:-1], 1) + np.diag(links[1:-1], -1) - np.diag(links[1:] + links[:-1])


_LONG = 64
"""Cells of a periodic axis from which on a Fourier transform is faster than two products."""

_axis_laplacian = lru_cache(maxsize=256)(AxisLaplacian)


@dataclass(frozen=True)
class BoxLaplacian:
    """∇² on a box, one kind of axis after the other; solves (a − b ∇²) x = f directly."""

    grid: StaggeredGrid
    kinds: tuple[AxisKind, ...]

    @property
    def axes(self) -> tuple[AxisLaplacian, ...]:
        """The one-dimensional operators whose sum this is."""
        return tuple(
            _axis_laplacian(axis, kind)
            for axis, kind in zip(self.grid.axes, self.kinds, strict=True)
        )

    def solve(
        self,
        rhs: Float[Array, "*cells"],
        shift: Float[Array, ""] | float,
        factor: Float[Array, ""] | float,
    ) -> Float[Array, "*cells"]:
        """x with (shift − factor ∇²) x = rhs; of zero mean where the operator is singular."""
        with jax.named_scope("fast_diagonalisation"):
            waves, axes = self._waves, list(enumerate(self.axes))
            spectrum = self._transform(rhs, [None if n in waves else x.inverse for n, x in axes])
            if waves:
                spectrum = jnp.fft.rfftn(spectrum, axes=waves)
            total = _outer_sum([self._eigenvalues(n) for n, _ in axes])
            symbol = shift - factor * jnp.asarray(total, rhs.dtype)
            constant = jnp.asarray(total == 0.0) & (symbol == 0)
            inverse = jnp.where(constant, 0, 1 / jnp.where(constant, 1, symbol))
            spectrum = spectrum * inverse.astype(spectrum.dtype)
            if waves:
                lengths = [self.grid.shape[n] for n in waves]
                spectrum = jnp.fft.irfftn(spectrum, lengths, axes=waves)
            return self._transform(spectrum, [None if n in waves else x.vectors for n, x in axes])

    @property
    def _waves(self) -> tuple[int, ...]:
        """The axes that a Fourier transform diagonalises faster than a matrix product."""
        return tuple(
            number
            for number, axis in enumerate(self.grid.axes)
            if axis.periodic and axis.cells >= _LONG
        )

    def _eigenvalues(self, number: int) -> NDArray[np.float64]:
        """λ of one axis in the order of its transform; that of real input halves the last axis."""
        if number not in self._waves:
            return self.axes[number].eigenvalues
        axis = self.grid.axes[number]
        count = axis.cells // 2 + 1 if number == self._waves[-1] else axis.cells
        rate = 2 * axis.cells / axis.length
        return -((rate * np.sin(np.pi * np.arange(count) / axis.cells)) ** 2)

    def _transform(
        self, field: Float[Array, "*cells"], matrices: list[NDArray[np.float64] | None]
    ) -> Float[Array, "*cells"]:
        for matrix in matrices:
            if matrix is None:
                field = jnp.moveaxis(field, 0, -1)
                continue
            # The contracted axis is the first one and the new axis becomes the last one, so after
            # one product an axis the order is back, and a batch axis is a free axis of the product.
            field = jnp.tensordot(field, jnp.asarray(matrix.T, field.dtype), axes=(0, 0))
        return field


def _outer_sum(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    total = np.zeros((1,) * len(values))
    for number, value in enumerate(values):
        total = total + value.reshape([-1 if i == number else 1 for i in range(len(values))])
    return total
