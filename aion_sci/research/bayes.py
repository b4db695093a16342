"""The embedded planner: statistics alone, no key, no network.

A Gaussian process through the pilot says how each observable seems to behave along each axis. From
that it words typed hypotheses that the evidence could contradict: a power law or a trend, a value
predicted at a place not yet visited, the place where a level is crossed, and for every visible
effect the rival that there is none. They are ranked by what a verdict would teach for its runs: the
entropy of the outcome as the process sees it, over the fresh points that the claim costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np

from aion_sci.research.design import Design
from aion_sci.research.fields import Margin
from aion_sci.research.hypothesis import (
    Equals,
    Extremum,
    Hypothesis,
    Monotone,
    NoEffect,
    PowerLaw,
    Threshold,
)
from aion_sci.research.layout import design_for, pilot_points
from aion_sci.research.planner import Declined, Expected, Plan, Proposal
from aion_sci.research.question import Question
from aion_sci.research.scope import Axis, Scope, figure
from aion_sci.research.surrogate import Prediction, Surrogate
from aion_sci.research.verdicts.scaling import OPTIONS, departure_limit, fit_line
from aion_sci.runs.record import Record

__all__ = ["BayesPlanner", "fit"]

_FEWEST_READINGS = 4
_GRID = np.linspace(0.0, 1.0, 61)
_COARSE = slice(0, 61, 6)
_VISIBLE = 0.02  # a range below this share of the mean is not worth a law
_SURE = 0.95
_READING_ORDER = ("power_law", "monotone", "extremum", "threshold", "equals", "no_effect")


@dataclass(frozen=True)
class _Draft:
    """A proposal with its predicted chance of support and its cost in fresh points."""

    hypothesis: Hypothesis
    rationale: str
    chance: float
    cost: float

    @property
    def worth(self) -> float:
        p = min(max(self.chance, 1e-3), 1 - 1e-3)
        return -(p * math.log2(p) + (1 - p) * math.log2(1 - p)) / self.cost

    def proposal(self) -> Proposal:
        sure: Expected = None
        if self.chance > _SURE or self.chance < 1 - _SURE:
            sure = "supported" if self.chance > 0.5 else "refuted"
        return Proposal(self.hypothesis, self.rationale, sure)


@dataclass(frozen=True)
class _Curve:
    """An observable along one axis, the others at their references, as the pilot suggests it."""

    of: str
    axis: Axis
    scope: Scope
    prediction: Prediction
    """On the grid of the whole axis."""
    visit: float
    """A place on the axis that the pilot did not visit."""
    foreseen: tuple[float, float]
    """Mean and standard deviation there, on the scale that was modelled."""
    blur: float
    """Typical error bar of one reading on that scale: what a new reading cannot tell apart."""


class BayesPlanner:
    """Proposes from a Gaussian process on the pilot; the default planner."""

    name = "bayes"

    def begin(self, question: Question, folder: Path) -> None:
        """Nothing to open."""

    def pilot(self, question: Question, rng: np.random.Generator) -> list[dict[str, float]]:
        """Points over the box for a first look."""
        return pilot_points(question.budget.runs, question.scope.axes, rng)

    def propose(
        self, question: Question, records: Sequence[Record], k: int, rng: np.random.Generator
    ) -> list[Proposal]:
        """The ``k`` most instructive hypotheses for their cost; laws first, rivals last."""
        drafts: list[_Draft] = []
        for of in question.scope.observe:
            surrogate = fit(of, question.scope, records)
            if surrogate is None:
                continue
            for axis in question.scope.axes:
                drafts += _drafts(_curve(of, axis, question.scope, surrogate, rng))
        kept = sorted(drafts, key=lambda draft: -draft.worth)[:k]
        kept.sort(key=lambda draft: _READING_ORDER.index(draft.hypothesis.kind))
        return [draft.proposal() for draft in kept]

    def design(
        self, hypothesis: Hypothesis, plan: Plan, rng: np.random.Generator
    ) -> Design | Declined:
        """The default design of the hypothesis' kind."""
        return design_for(hypothesis, plan, rng)


def fit(of: str, scope: Scope, records: Sequence[Record]) -> Surrogate | None:
    """The process through the readings of an observable; None when they are too few."""
    good = [record for record in records if _finite(record, of)]
    if len(good) < _FEWEST_READINGS:
        return None
    points = [[a.coordinate(float(r.spec.parameters[a.name])) for a in scope.axes] for r in good]
    values = np.array([r.observables[of].value for r in good])
    errors = np.array([r.observables[of].error for r in good])
    return Surrogate(np.array(points), values, errors)


def _finite(record: Record, of: str) -> bool:
    reading = record.result(of)
    return reading is not None and math.isfinite(reading.value) and math.isfinite(reading.error)


def _along(axis: Axis, scope: Scope, coordinates: np.ndarray) -> np.ndarray:
    """Points along one axis, the others at their references."""
    reference = scope.place({})
    columns = [
        coordinates if a is axis else np.full_like(coordinates, a.coordinate(reference[a.name]))
        for a in scope.axes
    ]
    return np.column_stack(columns)


def _curve(
    of: str, axis: Axis, scope: Scope, surrogate: Surrogate, rng: np.random.Generator
) -> _Curve:
    """Predict the grid and one place to visit at once: the process compiles for each shape."""
    x = axis.value(float(rng.uniform(0.15, 0.85)))
    visit = min(max(x if axis.whole else _figures(x, 3), axis.low), axis.high)
    everywhere = surrogate.predict(_along(axis, scope, np.append(_GRID, axis.coordinate(visit))))
    foreseen = (float(everywhere.mean[-1]), float(everywhere.spread[-1]))
    grid = Prediction(everywhere.mean[:-1], everywhere.covariance[:-1, :-1], everywhere.logarithmic)
    return _Curve(of, axis, scope, grid, visit, foreseen, surrogate.blur)


def _drafts(curve: _Curve) -> Iterator[_Draft]:
    """What is worth claiming about one curve."""
    values, spread = curve.prediction.value, curve.prediction.spread
    doubt = spread if curve.prediction.logarithmic else spread / np.mean(np.abs(values))
    share = float(np.ptp(values) / np.mean(np.abs(values)))
    if share < max(_VISIBLE, 4 * float(np.median(doubt))):
        yield _absence(curve, share, float(np.max(doubt)))
        return
    direction, chance = _direction(curve.prediction)
    if direction is not None:
        yield from _trend(curve, direction, chance)
        yield from _crossing(curve)
    else:
        yield from _peak(curve)
    yield _value(curve)
    yield _rival(curve, share)


def _absence(curve: _Curve, share: float, doubt: float) -> _Draft:
    within = _round_up(max(2 * share, 6 * doubt, _VISIBLE))
    chance = NormalDist().cdf((within - share) / max(2 * doubt, 1e-9))
    why = f"over the pilot {curve.of} varies by {figure(100 * share)} % of its mean"
    return _Draft(NoEffect(curve.of, curve.axis.name, within), why, chance, 4.0)


def _rival(curve: _Curve, share: float) -> _Draft:
    within = 0.05 if share > 0.2 else _round_up(share / 4)
    why = (
        f"the rival of every claim that {curve.axis.name} matters; the pilot's range is "
        f"{figure(100 * share)} % of the mean"
    )
    return _Draft(NoEffect(curve.of, curve.axis.name, within), why, 0.01, 4.0)


def _direction(prediction: Prediction) -> tuple[str | None, float]:
    """Which way the curve goes throughout, None where it turns, and how sure its least step is."""
    mean, covariance = prediction.mean[_COARSE], prediction.covariance[_COARSE, _COARSE]
    rises = np.diff(mean)
    if not (np.all(rises > 0) or np.all(rises < 0)):
        return None, 0.0
    variance = np.diag(covariance)
    spread = np.sqrt(np.maximum(variance[1:] + variance[:-1] - 2 * np.diag(covariance, 1), 1e-18))
    chance = NormalDist().cdf(float(np.min(np.abs(rises) / spread)))
    return "increasing" if rises[0] > 0 else "decreasing", chance


def _trend(curve: _Curve, direction: str, chance: float) -> Iterator[_Draft]:
    why = f"the pilot's readings of {curve.of} are {direction} with {curve.axis.name}"
    yield _Draft(Monotone(curve.of, curve.axis.name, direction), why, chance, 4.0)
    if curve.axis.scale == "log" and curve.prediction.logarithmic:
        yield from _law(curve)


def _law(curve: _Curve) -> Iterator[_Draft]:
    """A power law, unless the curve bends away from one."""
    picked = slice(0, 61, 10)
    x = np.log([curve.axis.value(float(c)) for c in _GRID[picked]])
    y, spread = curve.prediction.mean[picked], curve.prediction.spread[picked]
    line = fit_line(x, y, np.zeros_like(x), spread, 0.95)
    if float(np.max(np.abs(line.residuals))) > departure_limit(y, OPTIONS):
        return
    half = max((line.interval[1] - line.interval[0]) / 2, 1e-9)
    reach = max(2 * half, 0.02, 0.05 * abs(line.slope))
    low, high = (
        math.floor(100 * (line.slope - reach)) / 100,
        math.ceil(100 * (line.slope + reach)) / 100,
    )
    why = f"the pilot's slope in log-log is {figure(line.slope)} ± {figure(half)}"
    chance = 2 * NormalDist().cdf(reach / (half / 2)) - 1
    yield _Draft(PowerLaw(curve.of, curve.axis.name, (low, high)), why, chance, 4.0)


def _crossing(curve: _Curve) -> Iterator[_Draft]:
    """Where a level in the middle of the range is crossed: the span that the error bars allow."""
    mean, spread = curve.prediction.mean, curve.prediction.spread
    middle = (float(mean[0]) + float(mean[-1])) / 2
    level = math.exp(middle) if curve.prediction.logarithmic else middle
    digits = 1 - math.floor(math.log10(float(np.ptp(curve.prediction.value))))
    level = round(level, digits)  # to a tenth or less of the range
    if curve.prediction.logarithmic:
        if level <= 0:
            return
        middle = math.log(level)
    reach = 3 * spread + 3 * curve.blur + np.ptp(mean) / len(mean)
    possible = np.flatnonzero(np.abs(mean - middle) <= reach)
    if len(possible) == 0:
        return
    ends = (_GRID[possible[0]] - 0.02, _GRID[possible[-1]] + 0.02)
    low = max(curve.axis.low, _figures(curve.axis.value(float(ends[0])), up=False))
    high = min(curve.axis.high, _figures(curve.axis.value(float(ends[1])), up=True))
    if curve.axis.whole:
        low, high = float(math.floor(low)), float(math.ceil(high))
    unit = curve.scope.unit(curve.of)
    why = f"the pilot puts {figure(level, unit)} between these values of {curve.axis.name}"
    yield _Draft(Threshold(curve.of, curve.axis.name, level, (low, high)), why, 0.98, 4.0)


def _peak(curve: _Curve) -> Iterator[_Draft]:
    """Where the curve turns: the points that its error bars do not rule out."""
    mean, spread = curve.prediction.mean, curve.prediction.spread
    for extreme, sense in (("maximum", 1.0), ("minimum", -1.0)):
        best = int(np.argmax(sense * mean))
        if best in (0, len(mean) - 1):
            continue
        possible = np.flatnonzero(sense * mean + 2 * spread >= sense * mean[best])
        low = curve.axis.value(float(_GRID[max(possible[0] - 6, 0)]))
        high = curve.axis.value(float(_GRID[min(possible[-1] + 6, len(mean) - 1)]))
        low = max(curve.axis.low, _figures(low, up=False))
        high = min(curve.axis.high, _figures(high, up=True))
        why = f"the pilot's {extreme} of {curve.of} is inside the range of {curve.axis.name}"
        yield _Draft(Extremum(curve.of, curve.axis.name, extreme, (low, high)), why, 0.9, 6.0)


def _value(curve: _Curve) -> _Draft:
    """What the process predicts at a place that was not visited, within thrice its error bar."""
    value, spread = curve.foreseen
    blur = curve.blur
    if curve.prediction.logarithmic:
        value = math.exp(value)
        spread, blur = spread * value, blur * value
    value = _figures(value, 3)
    tolerance = _round_up(max(3 * (spread + blur), 0.01 * abs(value), 1e-12))
    why = f"predicted from the pilot at a place it did not visit, ± {figure(spread)}"
    chance = 2 * NormalDist().cdf(tolerance / max(spread, 1e-12)) - 1
    at = curve.scope.place({curve.axis.name: curve.visit})
    return _Draft(Equals(curve.of, value, Margin(tolerance), at), why, min(chance, 0.97), 1.0)


def _figures(number: float, count: int = 2, *, up: bool | None = None) -> float:
    """A number to so many significant figures: nearest, or rounded up or down."""
    if number == 0 or not math.isfinite(number):
        return number
    step = 10.0 ** (math.floor(math.log10(abs(number))) - count + 1)
    scaled = number / step
    whole = round(scaled) if up is None else math.ceil(scaled) if up else math.floor(scaled)
    return float(f"{whole * step:.{count}g}")


def _round_up(number: float) -> float:
    """A positive number rounded up to two figures."""
    return _figures(number, 2, up=True)
