"""What a series in time says: its peak between the samples, and the error of its mean."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from aion_kernels.core.statistics import mean_with_error

__all__ = ["peak", "sampling_error"]

_SAMPLES = np.arange(-2.0, 3.0)
_QUARTIC = np.linalg.inv(np.vander(_SAMPLES, increasing=True))
"""From samples at −2 ... 2 to the coefficients of the quartic through them."""
_NEWTON_STEPS = 6


def peak(series: Float[Array, " samples"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The largest value of a smooth series and its place in units of the spacing.

    The quartic through the five samples around the largest one is maximised; an end of the series
    that is its largest sample is the peak itself. Both results are differentiable.
    """
    if series.size < _SAMPLES.size:
        raise ValueError(f"the series has {series.size} samples; five are needed")
    largest = jnp.argmax(series)
    first = jnp.clip(largest - 2, 0, series.size - 5)
    samples = jax.lax.dynamic_slice(series, (first,), (5,))
    coefficients = jnp.asarray(_QUARTIC, series.dtype) @ samples

    def polynomial(place: Float[Array, ""], coefficients: Float[Array, "5"]) -> Float[Array, ""]:
        return jnp.polyval(coefficients[::-1], place)

    slope = jax.grad(polynomial)
    curvature = jax.grad(slope)
    fixed = jax.lax.stop_gradient(coefficients)
    start = (largest - first - 2).astype(series.dtype)
    place = start
    for _ in range(_NEWTON_STEPS):
        bend = curvature(place, fixed)
        place = place - slope(place, fixed) / jnp.where(bend < 0, bend, -1)
        place = jnp.clip(place, start - 1, start + 1)
    # One more step, of zero length, carries the derivative of where the slope vanishes.
    bend = curvature(place, fixed)
    moved = place - slope(place, coefficients) / jnp.where(bend < 0, bend, -1)
    inside = (largest > 0) & (largest < series.size - 1)
    place = jnp.where(inside, moved, start)
    return polynomial(place, coefficients), place + (first + 2).astype(series.dtype)


def sampling_error(series: Float[Array, " samples"]) -> Float[Array, ""]:
    """One standard error of the mean of a correlated series, by its autocorrelation time.

    A series that is too short for its correlation, such as one that still drifts, has its whole
    range as its error. Computed on the host (:mod:`aion_kernels.core.statistics`); not
    differentiated.
    """
    shape = jax.ShapeDtypeStruct((), series.dtype)
    fixed = jax.lax.stop_gradient(series)
    return jax.pure_callback(_error, shape, fixed, vmap_method="sequential")


def _error(series: Any) -> np.ndarray:
    samples = np.asarray(series)
    if not np.all(np.isfinite(samples)):
        return np.asarray(np.nan, samples.dtype)
    error = min(mean_with_error(samples).sampling, float(np.ptp(samples)))
    return np.asarray(error, samples.dtype)
