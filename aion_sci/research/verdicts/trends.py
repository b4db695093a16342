"""Claims about a whole axis: it always rises, it always falls, it makes no difference.

Such a claim is about every point of a box, and only some points are run. One verified
counterexample refutes it: a violation over three times the numerical error, since a bound that
comes from a refinement ladder is itself an estimate. Support says how many places were looked at,
and how large a part of the box could still disagree at the stated confidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from aion_sci.research.kinds import Monotone, NoEffect
from aion_sci.research.scope import Axis, figure
from aion_sci.research.verdicts.evidence import Evidence, Sample, coverage
from aion_sci.research.verdicts.finding import Finding, Interval, inconclusive

__all__ = ["monotone", "no_effect"]

_FEWEST = 3


@dataclass(frozen=True)
class _Step:
    """The change between two neighbouring samples."""

    first: Sample
    second: Sample

    @property
    def rise(self) -> float:
        return self.second.value - self.first.value

    @property
    def bound(self) -> float:
        return self.first.bound + self.second.bound

    @property
    def spread(self) -> float:
        return math.hypot(self.first.spread, self.second.spread)


def monotone(hypothesis: Monotone, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.Monotone`."""
    axis = evidence.scope.axis(hypothesis.along)
    steps = [_Step(a, b) for line in evidence.lines(axis.name) for a, b in pairwise(line)]
    elastic = axis.low > 0 and all(sample.value > 0 for sample in evidence.samples)
    unit = evidence.scope.unit(hypothesis.of)
    measure = "median elasticity" if elastic else f"median slope ({unit} per {axis.unit})"
    if len(evidence.line(axis.name)) < _FEWEST:
        return inconclusive(measure, f"fewer than {_FEWEST} points along {axis.name}")
    quantile = evidence.quantile(len(steps))
    sense = 1.0 if hypothesis.direction == "increasing" else -1.0
    confirmed = [s for s in steps if sense * s.rise > s.bound + quantile * s.spread]
    opposed = [s for s in steps if -sense * s.rise > 3 * s.bound + quantile * s.spread]
    slopes = [_slope(step, axis, quantile, elastic=elastic) for step in steps]
    effect = median(slope for slope, _ in slopes)
    interval = (min(low for _, (low, _) in slopes), max(high for _, (_, high) in slopes))
    if opposed:
        worst = max(opposed, key=lambda step: -sense * step.rise)
        note = f"counterexample {_between(worst, axis)}: {hypothesis.of} " + (
            f"goes from {figure(worst.first.value, unit)} to {figure(worst.second.value, unit)}"
        )
        return Finding("refuted", effect, interval, measure, (note,))
    note = f"{len(confirmed)} of {len(steps)} neighbouring pairs are verified"
    if len(confirmed) == len(steps):
        notes = (note, coverage(len(steps), evidence.confidence))
        return Finding("supported", effect, interval, measure, notes)
    return Finding(
        "inconclusive",
        effect,
        interval,
        measure,
        (f"{note}; the rest tie within their error bars",),
    )


def no_effect(hypothesis: NoEffect, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.NoEffect` by equivalence.

    Absence of a significant difference is never support: the whole range that the error bars allow
    must be within the stated share.
    """
    measure = f"range of {hypothesis.of} over its mean"
    if len(evidence.line(hypothesis.along)) < _FEWEST:
        return inconclusive(measure, f"fewer than {_FEWEST} points along {hypothesis.along}")
    quantile = evidence.quantile(len(evidence.samples))
    ranges = [_range(line, quantile) for line in evidence.lines(hypothesis.along)]
    if any(entry is None for entry in ranges):
        return inconclusive(measure, f"the mean of {hypothesis.of} is not distinct from zero")
    known = [entry for entry in ranges if entry is not None]
    effect = max(value for value, _ in known)
    interval = (max(low for _, (low, _) in known), max(high for _, (_, high) in known))
    count = len(evidence.samples)
    if interval[1] <= hypothesis.within:
        notes = (coverage(count, evidence.confidence),)
        return Finding("supported", effect, interval, measure, notes)
    if interval[0] > hypothesis.within:
        return Finding("refuted", effect, interval, measure)
    note = "the error bars do not tell whether the range is within the stated share"
    return Finding("inconclusive", effect, interval, measure, (note,))


def _slope(step: _Step, axis: Axis, quantile: float, *, elastic: bool) -> tuple[float, Interval]:
    """The slope of one step, or its elasticity d ln y / d ln x, with its interval."""
    x = (step.first.point[axis.name], step.second.point[axis.name])
    if not elastic:
        run, reach = x[1] - x[0], step.bound + quantile * step.spread
        slope = step.rise / run
        return slope, (slope - reach / run, slope + reach / run)
    first, second = step.first, step.second
    run = math.log(x[1] / x[0])
    slope = math.log(second.value / first.value) / run
    shares = (first.bound / first.value, second.bound / second.value)
    spread = math.hypot(first.spread / first.value, second.spread / second.value)
    reach = (sum(shares) + quantile * spread) / run
    return slope, (slope - reach, slope + reach)


def _range(line: Sequence[Sample], quantile: float) -> tuple[float, Interval] | None:
    """The range of a line over its mean and its interval; None when the mean may be zero."""
    mean = sum(sample.value for sample in line) / len(line)
    reach = [sample.reach(quantile) for sample in line]
    if abs(mean) <= sum(reach) / len(line):
        return None
    highs = [s.value + r for s, r in zip(line, reach, strict=True)]
    lows = [s.value - r for s, r in zip(line, reach, strict=True)]
    values = [sample.value for sample in line]
    least, most = max(0.0, max(lows) - min(highs)), max(highs) - min(lows)
    return (max(values) - min(values)) / abs(mean), (least / abs(mean), most / abs(mean))


def _between(step: _Step, axis: Axis) -> str:
    low, high = step.first.point[axis.name], step.second.point[axis.name]
    return f"between {axis.name} {axis.shown(low)} and {axis.shown(high)}"
