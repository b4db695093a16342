"""Could this design support its hypothesis at all? Its power in the best case, before it runs.

The pilot tells how wide the error bars of an observable are. Suppose the truth lies in the middle
of what is claimed: the chance that the test then supports it is the most that the design can have.
Where even that is below 0.8 the design is underpowered, and an inconclusive verdict is likely; the
report says so beside it. Kinds that claim no margin (a trend, a crossing, an extremum, an order, a
difference) have no such middle, and no power is stated for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

from aion_sci.research.composites import AllOf, AnyOf
from aion_sci.research.design import Design
from aion_sci.research.kinds import Conserved, Elementary, Equals, Law, NoEffect, PowerLaw
from aion_sci.runs.record import Record

__all__ = ["ENOUGH", "best_power"]

ENOUGH = 0.8
"""The usual least power of a test worth making."""


@dataclass(frozen=True)
class _Bars:
    """Typical error bars of an observable, and its typical size."""

    bound: float
    spread: float
    size: float


def best_power(design: Design, pilot: Sequence[Record]) -> float | None:
    """The largest chance of support that a design can have; None where none can be stated."""
    hypothesis = design.hypothesis
    if not isinstance(hypothesis, Elementary):
        parts = [best_power(part, pilot) for part in design.parts]
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        if isinstance(hypothesis, AllOf):
            return min(known)
        return max(known) if isinstance(hypothesis, AnyOf) else None
    bars = _bars(hypothesis.of, pilot)
    return None if bars is None else _chance(hypothesis, design, bars)


def _chance(hypothesis: Elementary, design: Design, bars: _Bars) -> float | None:
    count = len(design.points)
    match hypothesis:
        case Equals():
            allowed = hypothesis.tolerance.around(hypothesis.value)
            return _within(allowed - bars.bound, bars.spread, design.confidence)
        case Law():
            allowed = hypothesis.tolerance.around(bars.size)
            return _within(allowed - bars.bound, bars.spread, design.confidence, count)
        case Conserved():
            return _within(hypothesis.limit - bars.bound, bars.spread, design.confidence, count)
        case NoEffect():
            allowed = hypothesis.within * bars.size / 2
            return _within(allowed - bars.bound, bars.spread, design.confidence, count)
        case PowerLaw() if bars.size > 0:
            x = [math.log(point[hypothesis.along]) for point in design.points]
            centre = sum(x) / count
            moment = sum((value - centre) ** 2 for value in x)
            tilt = sum(abs(value - centre) for value in x) / moment * bars.bound / bars.size
            allowed = (hypothesis.exponent[1] - hypothesis.exponent[0]) / 2 - tilt
            spread = bars.spread / bars.size / math.sqrt(moment)
            return _within(allowed, spread, design.confidence)
    return None


def _within(allowed: float, spread: float, confidence: float, comparisons: int = 1) -> float:
    """The chance that readings with their reach stay inside, when the truth is in the middle."""
    normal = NormalDist()
    left = allowed - normal.inv_cdf(1 - (1 - confidence) / (2 * comparisons)) * spread
    if left <= 0 or spread == 0:
        return 1.0 if left > 0 else 0.0
    return (2 * normal.cdf(left / spread) - 1) ** comparisons


def _bars(of: str, pilot: Sequence[Record]) -> _Bars | None:
    readings = [reading for record in pilot if (reading := record.result(of)) is not None]
    if not readings:
        return None
    parts = [reading.estimate for reading in readings]
    bars = _Bars(
        bound=median(part.discretisation + part.solver for part in parts),
        spread=median(part.sampling for part in parts),
        size=median(abs(part.value) for part in parts),
    )
    return bars if all(map(math.isfinite, (bars.bound, bars.spread, bars.size))) else None
