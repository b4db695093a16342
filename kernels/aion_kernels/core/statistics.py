"""The mean of a correlated series, and how well it is known.

Successive states of a simulation resemble each other, so n samples hold only n / 2τ independent
ones, where τ is the integrated autocorrelation time

    τ = 1/2 + Σ ρ(t),  t = 1, 2, ...,   error of the mean = √(2 τ σ² / n).

The sum must stop before it adds nothing but noise. Two rules are offered: Sokal's window, the first
M ≥ 5 τ(M) (Sokal 1997, doi 10.1007/978-1-4899-0319-8_6), and Geyer's initial sequence, which for a
reversible chain adds pairs ρ(2t) + ρ(2t+1) while they are positive and decreasing (Geyer 1992, doi
10.1214/ss/1177011137). Blocking (Flyvbjerg & Petersen 1989, doi 10.1063/1.457480) needs no sum at
all: it averages neighbours until they are independent, and serves as the check.

Series are arrays on the host with time along axis 0; further axes are further series.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from aion_kernels.estimate import Estimate

__all__ = [
    "Blocking",
    "autocorrelation",
    "autocorrelation_time",
    "block_errors",
    "mean_with_error",
]

_FEWEST = 8
"""Samples below which neither rule can say anything."""
_WINDOW = 5.0
"""Sokal's factor: the bias of the sum is about exp(−5)."""
_INDEPENDENT_FEWEST = 2
"""Blocks below which a variance has no meaning."""


class Blocking(NamedTuple):
    """Naive errors of the mean after each halving of the series."""

    sizes: np.ndarray
    """Samples in a block: 1, 2, 4, ..."""
    errors: Float[np.ndarray, "levels ..."]
    """Error of the mean if blocks were independent; grows with the size, then stands still."""
    uncertainties: Float[np.ndarray, "levels ..."]
    """One standard error of ``errors``."""
    plateau: Float[np.ndarray, "..."]
    """The error at the smallest block size that leaves blocks independent (the rule of Lee et al.
    2011, doi 10.1103/PhysRevE.83.066706); infinite where the series is too short for one."""


def autocorrelation(series: np.ndarray) -> Float[np.ndarray, "lags ..."]:
    """ρ(t) at all lags, by Fourier transform; 1 at lag 0, and zero elsewhere for a constant."""
    samples = _samples(series)
    length = len(samples)
    deviation = samples - samples.mean(axis=0)
    padded = 1 << (2 * length - 1).bit_length()
    spectrum = np.fft.rfft(deviation, padded, axis=0)
    products = np.fft.irfft(np.abs(spectrum) ** 2, padded, axis=0)[:length]
    variance = products[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(variance > 0, products / variance, 0.0)
    correlation[0] = 1.0
    return correlation


def autocorrelation_time(
    series: np.ndarray, *, method: Literal["sokal", "geyer"] = "sokal"
) -> Float[np.ndarray, "..."]:
    """τ in units of the sampling interval; 1/2 for independent samples, never less.

    Infinite where Sokal's window does not fit: the series is too short for its correlation.
    Raises ``ValueError`` for fewer than 8 samples.
    """
    correlation = autocorrelation(series)
    flat = correlation.reshape(len(correlation), -1)
    rule = _sokal if method == "sokal" else _geyer
    times = np.array([rule(flat[:, column]) for column in range(flat.shape[1])])
    return np.maximum(times, 0.5).reshape(correlation.shape[1:])


def _sokal(correlation: np.ndarray) -> float:
    times = np.cumsum(correlation) - 0.5
    fits = np.arange(len(times)) >= _WINDOW * times
    # A window over a large part of the series means that little was averaged to find it.
    longest = len(times) // 4
    return float(times[np.argmax(fits)]) if np.any(fits[: longest + 1]) else np.inf


def _geyer(correlation: np.ndarray) -> float:
    even = len(correlation) // 2 * 2
    pairs = correlation[:even].reshape(-1, 2).sum(axis=1)
    # The running minimum of what is positive: decreasing, and zero from the first pair that is not.
    return float(np.minimum.accumulate(np.maximum(pairs, 0)).sum() - 0.5)


def block_errors(series: np.ndarray) -> Blocking:
    """Halve the series by averaging neighbours, again and again, and watch the mean's error."""
    samples = _samples(series)
    shape, blocks = samples.shape[1:], samples.reshape(len(samples), -1)
    sizes, errors, uncertainties = [], [], []
    size = 1
    while len(blocks) >= _INDEPENDENT_FEWEST:
        count = len(blocks)
        error = blocks.std(axis=0, ddof=1) / np.sqrt(count)
        sizes.append(size)
        errors.append(error)
        uncertainties.append(error / np.sqrt(2 * (count - 1)))
        blocks = 0.5 * (blocks[: count // 2 * 2 : 2] + blocks[1 : count // 2 * 2 : 2])
        size *= 2
    table, doubt = np.array(errors), np.array(uncertainties)
    return Blocking(
        sizes=np.array(sizes),
        errors=table.reshape(-1, *shape),
        uncertainties=doubt.reshape(-1, *shape),
        plateau=_plateau(np.array(sizes), table, len(samples)).reshape(shape),
    )


def _plateau(sizes: np.ndarray, errors: np.ndarray, count: int) -> np.ndarray:
    """The smallest B with B³ > 2 n (error_B / error_1)⁴: what it leaves out equals its noise."""
    with np.errstate(invalid="ignore", divide="ignore"):
        growth = np.nan_to_num(errors / errors[0], nan=1.0)
    independent = sizes[:, None] ** 3.0 > 2 * count * growth**4
    chosen = np.take_along_axis(errors, np.argmax(independent, axis=0)[None], axis=0)[0]
    return np.where(independent.any(axis=0), chosen, np.inf)


def mean_with_error(
    series: np.ndarray, *, method: Literal["sokal", "geyer", "blocks"] = "sokal"
) -> Estimate:
    """Mean of one correlated series with one standard error as ``Estimate.sampling``.

    The error is infinite where the series is too short for its correlation. Equilibration is the
    caller's to cut off. Raises ``ValueError`` for fewer than 8 samples, more than one axis or
    values that are not finite.
    """
    samples = _samples(series)
    if samples.ndim != 1:
        raise ValueError(f"the series has shape {samples.shape}; one series has one axis")
    mean = float(samples.mean())
    if np.ptp(samples) == 0:
        return Estimate(mean)
    if method == "blocks":
        return Estimate(mean, sampling=float(block_errors(samples).plateau))
    time = float(autocorrelation_time(samples, method=method))
    # ⟨σ²⟩ of a correlated sample falls short by its own 2τ/n: the spread about an estimated mean.
    independent = len(samples) / (2 * time)
    if independent <= _INDEPENDENT_FEWEST:
        return Estimate(mean, sampling=np.inf)
    return Estimate(mean, sampling=float(np.sqrt(samples.var() / (independent - 1))))


def _samples(series: Any) -> Float[np.ndarray, "samples ..."]:
    samples = np.asarray(series, dtype=np.float64)
    if samples.ndim == 0 or len(samples) < _FEWEST:
        count = 0 if samples.ndim == 0 else len(samples)
        raise ValueError(f"the series has {count} samples; an error needs at least {_FEWEST}")
    if not np.all(np.isfinite(samples)):
        raise ValueError("the series holds values that are not finite")
    return samples
