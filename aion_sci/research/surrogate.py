"""A Gaussian process through a few readings: what the pilot suggests between its points.

Coordinates are those of the axes, 0 to 1 on each one's scale; where every reading is positive the
logarithm is modelled, so that power laws are straight lines and errors are shares. A plane is
fitted first and a Matérn-5/2 process (Rasmussen & Williams 2006, §4.2.1) to what it leaves; the
length scales are those of the largest likelihood, the readings' error bars its noise. When the
process predicts left-out readings worse than it claims, its error bars are widened to fit.

It suggests hypotheses. It never decides one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Prediction", "Surrogate"]

_LENGTHS = np.geomspace(0.15, 3.0, 12)
_JITTER = 1e-6  # variance, in units of the readings' own: keeps the factorisation positive


@dataclass(frozen=True)
class Prediction:
    """Mean and covariance at some points, on the scale that was modelled."""

    mean: np.ndarray
    covariance: np.ndarray
    logarithmic: bool

    @property
    def spread(self) -> np.ndarray:
        """Standard deviations."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def value(self) -> np.ndarray:
        """The mean in the observable's unit."""
        return np.exp(self.mean) if self.logarithmic else self.mean


class Surrogate:
    """Fitted to readings at ``coordinates`` (readings × axes) with their error bars."""

    def __init__(self, coordinates: np.ndarray, values: np.ndarray, errors: np.ndarray) -> None:
        self.logarithmic = bool(np.all(values > 3 * errors))
        self._x = coordinates
        y = np.log(values) if self.logarithmic else values
        noise = (errors / values if self.logarithmic else errors) ** 2
        self._plane, *_ = np.linalg.lstsq(_with_one(coordinates), y, rcond=None)
        self.blur = float(np.sqrt(np.median(noise)))
        """Typical error bar of a reading, on the scale that is modelled."""
        rest = y - _with_one(coordinates) @ self._plane
        # A plane that fits to round-off leaves nothing whose scale could be learnt.
        floor = 1e-4 * max(float(np.ptp(y)), 1e-3 * float(np.max(np.abs(y))), 1e-12)
        self._scale = max(float(np.std(rest)), floor)
        self._rest, self._noise = rest / self._scale, noise / self._scale**2 + _JITTER
        self._lengths = self._likeliest()
        self._inflation = self._left_out()

    def predict(self, coordinates: np.ndarray) -> Prediction:
        """Mean and covariance at ``coordinates`` (points × axes)."""
        posterior = self._process(self._lengths).condition(self._rest, coordinates / self._lengths)
        mean = _with_one(coordinates) @ self._plane + self._scale * np.asarray(posterior.gp.mean)
        covariance = self._inflation * self._scale**2 * np.asarray(posterior.gp.covariance)
        return Prediction(mean, covariance, self.logarithmic)

    def _process(self, lengths: np.ndarray) -> Any:
        from tinygp import GaussianProcess, kernels

        places: Any = self._x / lengths  # NumPy arrays do, though tinygp asks for JAX's
        noise: Any = self._noise
        return GaussianProcess(kernels.Matern52(), places, diag=noise)

    def _likeliest(self) -> np.ndarray:
        """Length scales by a search along each axis in turn, begun where all are equal."""
        axes = self._x.shape[1]
        best = max((np.full(axes, length) for length in _LENGTHS), key=self._likelihood)
        for axis in range(axes if axes > 1 else 0):
            trials = (np.where(np.arange(axes) == axis, length, best) for length in _LENGTHS)
            best = max(trials, key=self._likelihood)
        return best

    def _likelihood(self, lengths: np.ndarray) -> float:
        return float(self._process(lengths).log_probability(self._rest))

    def _left_out(self) -> float:
        """Mean square of the left-out residuals over their predicted variance, at least one."""
        inverse = np.linalg.inv(np.asarray(self._process(self._lengths).covariance))
        residuals = (inverse @ self._rest) / np.sqrt(np.diag(inverse))
        return max(1.0, float(np.mean(residuals**2)))


def _with_one(coordinates: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(coordinates)), coordinates])
