"""What a series in time says: its peak between the samples, and the error of its mean."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtr, stdtrit

__all__ = ["error_between", "peak"]

_SAMPLES = np.arange(-2.0, 3.0)
_QUARTIC = np.linalg.inv(np.vander(_SAMPLES, increasing=True))
"""From samples at −2 ... 2 to the coefficients of the quartic through them."""
_NEWTON_STEPS = 6
_ONE_SIGMA = float(ndtr(1.0))
"""The quantile of a normal distribution at one standard deviation."""
_FEWEST_HISTORIES = 3


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


def error_between(series: Float[Array, "samples histories"]) -> Float[Array, ""]:
    """One standard error of the mean over time and independent histories, by their spread.

    Within one history the autocorrelation tells an error too
    (:mod:`aion_kernels.core.statistics`), but nothing of what that history never saw: rare bursts,
    or another attractor. Of sixteen histories of the Kolmogorov flow at Reynolds number 40, 240
    units long, only 7 had the mean dissipation within one such error and 9 within two. Student's
    factor makes up for the small number of histories. Where all drift alike, half the difference
    between the halves of the time is the error if that is larger. Not differentiated.
    """
    fixed = jax.lax.stop_gradient(series)
    means = jnp.mean(fixed, axis=0)
    if means.size < _FEWEST_HISTORIES:
        raise ValueError(f"{means.size} histories; a spread needs at least {_FEWEST_HISTORIES}")
    factor = float(stdtrit(means.size - 1, _ONE_SIGMA)) / math.sqrt(means.size)
    # What decays in all histories alike shows in no spread, but between the halves of the time.
    middle = len(series) // 2
    drift = 0.5 * jnp.abs(jnp.mean(fixed[:middle]) - jnp.mean(fixed[middle:]))
    return jnp.maximum(factor * jnp.std(means, ddof=1), drift)
