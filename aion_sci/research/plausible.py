"""How likely is a hypothesis, by what the pilot shows? A chance from the posterior of curves.

The Gaussian process through the pilot is a distribution over curves. A hypothesis is true or false
of each curve, so the share of sampled curves of which it is true is its chance; half a chance for
every kind that says nothing about a curve along an axis. Planners rank by it what a verdict would
teach. It never enters a verdict.
"""

from __future__ import annotations

import math

import numpy as np

from aion_sci.research.hypothesis import (
    Equals,
    Extremum,
    Hypothesis,
    Law,
    Monotone,
    NoEffect,
    PowerLaw,
    Threshold,
)
from aion_sci.research.kinds import Elementary
from aion_sci.research.scope import Axis, Scope
from aion_sci.research.surrogate import Surrogate

__all__ = ["chance", "worth"]

_GRID = np.linspace(0.0, 1.0, 41)
_CURVES = 128
_UNKNOWN = 0.5
_DEPARTURE = math.log(1.1)  # of a power law, as in its test


def chance(
    hypothesis: Hypothesis, scope: Scope, surrogate: Surrogate | None, rng: np.random.Generator
) -> float:
    """The share of curves through the pilot of which the hypothesis is true."""
    if surrogate is None or not isinstance(hypothesis, Elementary):
        return _UNKNOWN
    axis = scope.axis(hypothesis.varied) if hypothesis.varied else scope.axes[0]
    if hypothesis.varied is None and not isinstance(hypothesis, Equals | Law):
        return _UNKNOWN
    reference = scope.place(hypothesis.at if isinstance(hypothesis, Equals) else {})
    grid = _GRID
    if isinstance(hypothesis, Equals):
        grid = np.array([axis.coordinate(reference[axis.name])])
    columns = [
        grid if a is axis else np.full_like(grid, a.coordinate(reference[a.name]))
        for a in scope.axes
    ]
    predicted = surrogate.predict(np.column_stack(columns))
    covariance = predicted.covariance + 1e-12 * np.eye(len(grid))
    curves = rng.multivariate_normal(predicted.mean, covariance, _CURVES, method="eigh")
    values = np.exp(curves) if predicted.logarithmic else curves
    x = np.array([axis.value(float(c)) for c in grid])
    places = [{**reference, axis.name: float(value)} for value in x]
    held = [_holds(hypothesis, axis, x, curve, places, scope) for curve in values]
    return _UNKNOWN if None in held else float(np.mean([bool(each) for each in held]))


def worth(probability: float, cost: float) -> float:
    """What a verdict would teach, in bits of entropy for each run."""
    p = min(max(probability, 1e-3), 1 - 1e-3)
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p)) / cost


def _holds(
    hypothesis: Elementary,
    axis: Axis,
    x: np.ndarray,
    y: np.ndarray,
    places: list[dict[str, float]],
    scope: Scope,
) -> bool | None:
    match hypothesis:
        case Monotone():
            steps = np.diff(y[::4]) * (1.0 if hypothesis.direction == "increasing" else -1.0)
            return bool(np.all(steps > 0))
        case PowerLaw() if np.all(y > 0):
            slope, offset = np.polyfit(np.log(x), np.log(y), 1)
            bend = np.max(np.abs(np.log(y) - slope * np.log(x) - offset))
            low, high = hypothesis.exponent
            return bool(low <= slope <= high and bend <= _DEPARTURE)
        case NoEffect():
            return bool(np.ptp(y) <= hypothesis.within * abs(y.mean()))
        case Threshold():
            inside = (x >= hypothesis.at[0]) & (x <= hypothesis.at[1])
            sides = np.sign(y[inside] - hypothesis.level)
            return len(sides) > 1 and sides[0] != sides[-1]
        case Extremum():
            best = y.argmax() if hypothesis.extreme == "maximum" else y.argmin()
            return bool(hypothesis.at[0] <= x[best] <= hypothesis.at[1])
        case Equals():
            off = abs(float(y[0]) - hypothesis.value)
            return off <= hypothesis.tolerance.around(hypothesis.value)
        case Law():
            claimed = [hypothesis.value(place, scope) for place in places]
            return all(
                abs(value - law) <= hypothesis.tolerance.around(law)
                for value, law in zip(y, claimed, strict=True)
            )
    return None
