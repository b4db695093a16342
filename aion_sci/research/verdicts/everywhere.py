"""Claims about every point of a box: a law holds, an invariant is kept.

Each reading is compared with what the claim allows at its point. One verified counterexample
refutes: a departure beyond the allowance by over three times its numerical error, since a bound
that comes from a ladder is itself an estimate. Support needs every reading, with the whole of its
error bar, inside the allowance; how large a part of the box could still disagree is said with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aion_sci.research.kinds import Conserved, Law
from aion_sci.research.scope import figure, in_unit
from aion_sci.research.verdicts.evidence import Evidence, Sample, coverage
from aion_sci.research.verdicts.finding import Finding, inconclusive

__all__ = ["conserved", "law"]

_FEWEST = 5


@dataclass(frozen=True)
class _Departure:
    """How far one reading is from what is claimed, in units of ``scale``."""

    sample: Sample
    size: float
    allowed: float
    scale: float = 1.0

    def least(self, quantile: float, bounds: float = 1.0) -> float:
        """The smallest departure that the error bars leave possible."""
        reach = bounds * self.sample.bound + quantile * self.sample.spread
        return max(0.0, self.size - reach) / self.scale

    def most(self, quantile: float) -> float:
        """The largest."""
        return (self.size + self.sample.reach(quantile)) / self.scale


def law(hypothesis: Law, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.Law`; the effect is the largest departure."""
    percent = hypothesis.tolerance.percent
    unit = evidence.scope.unit(hypothesis.of)
    measure = "largest departure from the law" + (" (%)" if percent else "")
    found = []
    for sample in evidence.samples:
        value = hypothesis.value(dict(sample.point), evidence.scope)
        allowed = hypothesis.tolerance.around(value)
        scale = abs(value) / 100 if percent else 1.0
        found.append(_Departure(sample, abs(sample.value - value), allowed / scale, scale))
    return _decided(found, evidence, measure if percent else in_unit(measure, unit))


def conserved(hypothesis: Conserved, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.Conserved`; the effect is the largest drift."""
    measure = in_unit(f"largest {hypothesis.of}", evidence.scope.unit(hypothesis.of))
    limit = hypothesis.limit
    found = [_Departure(sample, abs(sample.value), limit) for sample in evidence.samples]
    return _decided(found, evidence, measure)


def _decided(found: Sequence[_Departure], evidence: Evidence, measure: str) -> Finding:
    if len(found) < _FEWEST:
        return inconclusive(measure, f"{len(found)} points; a claim about a box needs {_FEWEST}")
    quantile = evidence.quantile(len(found))
    worst = max(found, key=lambda each: each.size / each.scale)
    effect = worst.size / worst.scale
    interval = (
        max(each.least(quantile) for each in found),
        max(each.most(quantile) for each in found),
    )
    beyond = [each for each in found if each.least(quantile, 3.0) > each.allowed]
    place = evidence.scope.spot(worst.sample.point)
    if beyond:
        limit = figure(worst.allowed / worst.scale)
        note = f"counterexample at {place}: {figure(effect)} where {limit} is allowed"
        return Finding("refuted", effect, interval, measure, (note,))
    if all(each.most(quantile) <= each.allowed for each in found):
        notes = (f"largest at {place}", coverage(len(found), evidence.confidence))
        return Finding("supported", effect, interval, measure, notes)
    note = f"the error bars do not tell at {place} whether the departure is allowed"
    return Finding("inconclusive", effect, interval, measure, (note,))
