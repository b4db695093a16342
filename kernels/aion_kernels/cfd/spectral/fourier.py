"""Real fields on a periodic box and the Fourier coefficients that survive dealiasing.

    f(x) = Σ f̂(k) exp(i k·x),   |mⱼ| < Nⱼ / 3 for the wave numbers kⱼ = 2π mⱼ / Lⱼ

On N points an axis the product of two series has waves up to twice as short as the shortest of
either, and what the grid cannot hold returns as a false long wave. With the shortest third of the
waves left out (Orszag 1971, doi 10.1175/1520-0469(1971)028<1074:OTEOAI>2.0.CO;2) only waves that
are left out anyway are spoilt, so quadratic terms are free of aliasing.

Only the kept coefficients are stored. They are the amplitudes themselves: they do not grow with the
number of points, and a state moves to another grid by adding or removing rows. The field being
real, half of the last axis suffices. Against the full half-spectrum that leaves 4/9 of the numbers
in two dimensions and 8/27 in three: arithmetic on coefficients is bound by memory, so it costs that
much less.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

__all__ = ["FourierGrid"]

_FEWEST = 8
"""Points along an axis; fewer keep no two waves that interact."""


@dataclass(frozen=True)
class FourierGrid:
    """A periodic box with equidistant points: what fixes the shapes of a spectral solver."""

    points: tuple[int, ...]
    """Points along each axis, even and at least 8."""
    lengths: tuple[float, ...]
    """Periods, in the user's unit of length."""

    def __post_init__(self) -> None:
        if len(self.points) != len(self.lengths) or not 1 <= len(self.points) <= 3:
            raise ValueError(
                f"points {self.points} and lengths {self.lengths}: one of each for each of up to "
                "three axes"
            )
        for count in self.points:
            if count < _FEWEST or count % 2:
                raise ValueError(f"{count} points along an axis; an even number from 8 is needed")
        for length in self.lengths:
            if not (math.isfinite(length) and length > 0):
                raise ValueError(f"a period is {length}; it must be positive")

    @classmethod
    def cube(cls, axes: int, points: int, length: float = 2 * math.pi) -> FourierGrid:
        """The same points and period along each axis."""
        return cls((points,) * axes, (float(length),) * axes)

    @property
    def highest(self) -> tuple[int, ...]:
        """The largest whole wave number kept along each axis."""
        return tuple((count - 1) // 3 for count in self.points)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of coefficients: m = 0..K, −K..−1, and 0..K along the last axis."""
        *full, half = self.highest
        return (*(2 * m + 1 for m in full), half + 1)

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of a field, counted from its end, so that stacks of fields pass through."""
        return tuple(range(-len(self.points), 0))

    def coordinates(self) -> tuple[np.ndarray, ...]:
        """Positions of the points along each axis."""
        pairs = zip(self.points, self.lengths, strict=True)
        return tuple(np.arange(n) * (length / n) for n, length in pairs)

    def mesh(self) -> tuple[np.ndarray, ...]:
        """Positions of all points, one full array an axis."""
        return tuple(np.meshgrid(*self.coordinates(), indexing="ij"))

    def wave_numbers(self, dtype: Any) -> tuple[Float[Array, "..."], ...]:
        """k along each axis, shaped to combine with coefficients: a handful of numbers each.

        Whatever is made of them inside a compiled program is computed where it is used; stored
        arrays of the size of the state would have to be read again at every step.
        """
        found = []
        for axis, (top, length) in enumerate(zip(self.highest, self.lengths, strict=True)):
            waves = np.arange(top + 1)
            if axis < len(self.points) - 1:
                waves = np.concatenate([waves, np.arange(-top, 0)])
            shape = [1] * len(self.points)
            shape[axis] = len(waves)
            found.append(jnp.asarray((2 * np.pi / length * waves).reshape(shape), dtype))
        return tuple(found)

    def squared(self, dtype: Any) -> Float[Array, "..."]:
        """|k|²."""
        total = jnp.zeros((1,) * len(self.points), dtype)
        for wave in self.wave_numbers(dtype):
            total = total + wave * wave
        return total

    def inverse_squared(self, dtype: Any) -> Float[Array, "..."]:
        """1/|k|², and zero for the mean: −∇⁻² of fields without a mean."""
        squared = self.squared(dtype)
        return jnp.where(squared > 0, 1 / jnp.where(squared > 0, squared, 1), 0)

    def weights(self, dtype: Any) -> Float[Array, "..."]:
        """How many of the box's waves a stored one stands for: 2, or 1 on the plane m = 0.

        With them ⟨f g⟩ = Σ w Re(f̂ ĝ*), by Parseval.
        """
        weights = np.full(self.shape[-1], 2.0)
        weights[0] = 1.0
        return jnp.asarray(weights.reshape((1,) * (len(self.points) - 1) + (-1,)), dtype)

    @functools.partial(jax.jit, static_argnums=0)
    def to_physical(self, coefficients: Complex[Array, "..."]) -> Float[Array, "..."]:
        """The field at the points; leading axes are a stack of fields."""
        return jnp.fft.irfftn(self._padded(coefficients), self.points, self.axes, norm="forward")

    @functools.partial(jax.jit, static_argnums=0)
    def to_spectral(self, field: Float[Array, "..."]) -> Complex[Array, "..."]:
        """The kept coefficients of a field at the points; leading axes are a stack of fields."""
        return self._kept(jnp.fft.rfftn(field, axes=self.axes, norm="forward"))

    def transfer(
        self, coefficients: Complex[Array, "..."], other: FourierGrid
    ) -> Complex[Array, "..."]:
        """The same field on another grid of the same box: waves that it cannot hold are lost."""
        if other.lengths != self.lengths:
            raise ValueError(f"boxes of periods {self.lengths} and {other.lengths} differ")
        for axis, top in enumerate(other.highest):
            coefficients = _resized(coefficients, axis - len(self.points), self.highest[axis], top)
        return coefficients

    def mean_square(self, coefficients: Complex[Array, "..."]) -> Float[Array, "..."]:
        """⟨f²⟩ over the box, for each of a stack of fields."""
        squares = coefficients.real**2 + coefficients.imag**2
        weights = self.weights(squares.dtype)
        weights = weights.reshape((1,) * (squares.ndim - weights.ndim) + weights.shape)
        return jnp.sum(weights * squares, axis=self.axes)

    @functools.partial(jax.jit, static_argnums=(0, 2), static_argnames=("longest", "shortest"))
    def random(
        self, key: Array, dtype: Any, *, longest: int = 1, shortest: int = 4
    ) -> Complex[Array, "..."]:
        """Gaussian coefficients of the waves with ``longest`` ≤ |m| ≤ ``shortest``.

        The same key gives the same field on every grid that holds these waves.
        """
        if shortest > min(self.highest):
            raise ValueError(f"wave {shortest} is finer than the grid, which holds {self.highest}")
        drawn = FourierGrid.cube(len(self.points), 4 * (shortest + 2))
        parts = jax.random.normal(key, (2, *drawn.shape), dtype)
        waves = jax.lax.complex(parts[0], parts[1])
        for axis, kept in enumerate(self.highest):
            waves = _resized(waves, axis - len(self.points), drawn.highest[axis], kept)
        unit = FourierGrid(self.points, (2 * math.pi,) * len(self.points)).squared(dtype)
        inside = (unit >= longest**2) & (unit <= shortest**2)
        # Round trip: of waves on the plane m = 0 only the part that belongs to a real field stays.
        return self.to_spectral(self.to_physical(jnp.where(inside, waves, 0)))

    def _padded(self, coefficients: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        for axis, (top, count) in enumerate(zip(self.highest, self.points, strict=True)):
            place, last = axis - len(self.points), axis == len(self.points) - 1
            missing = count // 2 - top if last else count - 2 * top - 1
            coefficients = _with_gap(coefficients, place, top + 1, missing)
        return coefficients

    def _kept(self, coefficients: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        for axis, (top, count) in enumerate(zip(self.highest, self.points, strict=True)):
            place, last = axis - len(self.points), axis == len(self.points) - 1
            stop = count // 2 + 1 if last else count - top
            coefficients = _without(coefficients, place, top + 1, stop)
        return coefficients


def _resized(
    coefficients: Inexact[Array, "..."], place: int, top: int, wanted: int
) -> Inexact[Array, "..."]:
    """Coefficients up to wave ``top`` along one axis, up to ``wanted`` afterwards."""
    if wanted >= top:
        gap = wanted - top if place == -1 else 2 * (wanted - top)
        return _with_gap(coefficients, place, top + 1, gap)
    stop = top + 1 if place == -1 else 2 * top + 1 - wanted
    return _without(coefficients, place, wanted + 1, stop)


def _with_gap(array: Inexact[Array, "..."], axis: int, at: int, size: int) -> Array:
    """Zeros of ``size`` set into an axis before index ``at``."""
    shape = list(array.shape)
    shape[axis] = size
    parts = [*_split(array, axis, at), jnp.zeros(shape, array.dtype)]
    return jnp.concatenate([parts[0], parts[2], parts[1]], axis)


def _without(array: Inexact[Array, "..."], axis: int, start: int, stop: int) -> Array:
    """An axis without the indices from ``start`` to ``stop``."""
    first = _split(array, axis, start)[0]
    return jnp.concatenate([first, _split(array, axis, stop)[1]], axis)


def _split(array: Inexact[Array, "..."], axis: int, at: int) -> list[Array]:
    size = array.shape[axis]
    return [
        jax.lax.slice_in_dim(array, 0, at, axis=axis % array.ndim),
        jax.lax.slice_in_dim(array, at, size, axis=axis % array.ndim),
    ]
