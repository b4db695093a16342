"""Claims about where on an axis something happens: a crossing, a largest or smallest value.

A crossing is proved by two points whose readings lie on opposite sides of the level beyond their
error bars: a continuous observable must cross between them, and that bracket is the interval. An
extremum is bracketed by points that are verified to be lower (or higher) on both sides. Absence can
only be shown as finely as the points are spaced, and the notes say so.
"""

from __future__ import annotations

import math
from itertools import pairwise

from aion_sci.research.kinds import Extremum, Threshold
from aion_sci.research.scope import Axis, in_unit
from aion_sci.research.verdicts.evidence import Evidence, Sample
from aion_sci.research.verdicts.finding import Finding, Interval, inconclusive

__all__ = ["extremum", "threshold"]

_FEWEST = 3
_SPACING = "absence is shown no more finely than the points are spaced"


def threshold(hypothesis: Threshold, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.Threshold`."""
    axis = evidence.scope.axis(hypothesis.along)
    measure = in_unit(f"{axis.name} at the crossing", axis.unit)
    line = evidence.line(axis.name)
    if len(line) < _FEWEST:
        return inconclusive(measure, f"fewer than {_FEWEST} points along {axis.name}")
    quantile = evidence.quantile(len(line))
    sided = [(s, _side(s, hypothesis.level, quantile)) for s in line]
    decided = [(sample, side) for sample, side in sided if side != 0]
    brackets = [(a, b) for (a, p), (b, q) in pairwise(decided) if p != q]
    inside = [pair for pair in brackets if _within(_span(pair, axis), hypothesis.at)]
    if inside:
        others = len(brackets) - len(inside)
        notes = (f"it also crosses at {others} other places",) if others else ()
        return _located("supported", inside[0], hypothesis.level, axis, measure, notes)
    apart = all(_apart(_span(pair, axis), hypothesis.at) for pair in brackets)
    seen = [side for sample, side in sided if _in(sample, axis, hypothesis.at)]
    if not apart or len(seen) < 2 or 0 in seen:
        note = "the points do not tell on which side of the level the stated range lies"
        if brackets:
            notes = ("the crossing found is not clearly inside or outside the stated range",)
            return _located("inconclusive", brackets[0], hypothesis.level, axis, measure, notes)
        return inconclusive(measure, note)
    if brackets:
        return _located("refuted", brackets[0], hypothesis.level, axis, measure, (_SPACING,))
    if len(decided) < len(sided):
        return inconclusive(measure, "some points are not distinct from the level")
    return _never(hypothesis, line, evidence, quantile)


def extremum(hypothesis: Extremum, evidence: Evidence) -> Finding:
    """Decide an :class:`~aion_sci.research.kinds.Extremum`."""
    axis = evidence.scope.axis(hypothesis.along)
    measure = in_unit(f"{axis.name} at the {hypothesis.extreme}", axis.unit)
    line = evidence.line(axis.name)
    if len(line) < _FEWEST:
        return inconclusive(measure, f"fewer than {_FEWEST} points along {axis.name}")
    sense = 1.0 if hypothesis.extreme == "maximum" else -1.0
    quantile = evidence.quantile(len(line))
    low = [sense * s.value - s.reach(quantile) for s in line]
    high = [sense * s.value + s.reach(quantile) for s in line]
    best = max(range(len(line)), key=lambda i: sense * line[i].value)
    rivals = [i for i in range(len(line)) if high[i] >= max(low)]
    interval = (
        line[max(min(rivals) - 1, 0)].point[axis.name],
        line[min(max(rivals) + 1, len(line) - 1)].point[axis.name],
    )
    effect = _vertex(line, best, axis)
    interior = [_strictly_in(s, axis, hypothesis.at) for s in line]
    stated = [_in(s, axis, hypothesis.at) for s in line]
    within = [low[i] for i in range(len(line)) if interior[i]]
    around = [high[i] for i in range(len(line)) if not interior[i]]
    if within and (not around or max(within) > max(around)):
        return Finding("supported", effect, interval, measure, (_SPACING,))
    outside = [low[i] for i in range(len(line)) if not stated[i]]
    claimed = [high[i] for i in range(len(line)) if stated[i]]
    if outside and len(claimed) > 1 and max(outside) > max(claimed):
        return Finding("refuted", effect, interval, measure, (_SPACING,))
    note = f"the error bars do not single out where the {hypothesis.extreme} is"
    return Finding("inconclusive", effect, interval, measure, (note,))


def _side(sample: Sample, level: float, quantile: float) -> int:
    """1 above the level, −1 below it, 0 where the error bar reaches it."""
    if abs(sample.value - level) <= sample.reach(quantile):
        return 0
    return 1 if sample.value > level else -1


def _span(pair: tuple[Sample, Sample], axis: Axis) -> Interval:
    return pair[0].point[axis.name], pair[1].point[axis.name]


def _within(span: Interval, stated: Interval) -> bool:
    return stated[0] <= span[0] and span[1] <= stated[1]


def _apart(span: Interval, stated: Interval) -> bool:
    return span[1] <= stated[0] or stated[1] <= span[0]


def _in(sample: Sample, axis: Axis, stated: Interval) -> bool:
    return stated[0] <= sample.point[axis.name] <= stated[1]


def _strictly_in(sample: Sample, axis: Axis, stated: Interval) -> bool:
    """Inside the stated range; its ends count where they are the ends of the axis."""
    x, (low, high) = sample.point[axis.name], stated
    return (low < x or x == low == axis.low) and (x < high or x == high == axis.high)


def _located(verdict, pair, level: float, axis: Axis, measure: str, notes) -> Finding:
    """A finding whose effect is the crossing between two samples, interpolated."""
    first, second = pair
    share = (level - first.value) / (second.value - first.value)
    start, end = (axis.coordinate(sample.point[axis.name]) for sample in pair)
    effect = axis.value(start + share * (end - start))
    return Finding(verdict, effect, _span(pair, axis), measure, tuple(notes))


def _never(hypothesis: Threshold, line, evidence: Evidence, quantile: float) -> Finding:
    """The level is not reached on the axis; the effect is how near the observable comes."""
    nearest = min(line, key=lambda sample: abs(sample.value - hypothesis.level))
    gap, reach = abs(nearest.value - hypothesis.level), nearest.reach(quantile)
    measure = in_unit("least distance from the level", evidence.scope.unit(hypothesis.of))
    notes = ("the level is not crossed on the whole axis", _SPACING)
    return Finding("refuted", gap, (gap - reach, gap + reach), measure, notes)


def _vertex(line: list[Sample], best: int, axis: Axis) -> float:
    """The vertex of the parabola through the best sample and its neighbours."""
    if best in (0, len(line) - 1):
        return line[best].point[axis.name]
    (x0, y0), (x1, y1), (x2, y2) = (
        (axis.coordinate(s.point[axis.name]), s.value) for s in line[best - 1 : best + 2]
    )
    down, up = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    if math.isclose(down, up):
        return axis.value(x1)
    return axis.value(0.5 * (x0 + x1) - 0.5 * down * (x2 - x0) / (up - down))
