"""Claims about values at given points: one equals a number, one exceeds another.

Both are equivalence tests in the sense of two one-sided tests: the whole interval that the error
bars allow must be on the stated side. "Not significantly different" supports nothing.
"""

from __future__ import annotations

import math

from aion_sci.research.kinds import Compare, Equals
from aion_sci.research.scope import figure, in_unit
from aion_sci.research.verdicts.evidence import Evidence
from aion_sci.research.verdicts.finding import Finding, inconclusive, judge

__all__ = ["compare", "equals"]


def equals(hypothesis: Equals, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.Equals`; the effect is measured − stated."""
    unit = evidence.scope.unit(hypothesis.of)
    measure = in_unit("difference from the stated value", unit)
    sample = evidence.at(hypothesis.at)
    if sample is None:
        return inconclusive(measure, "the point has no reading")
    reach = sample.reach(evidence.quantile())
    effect = sample.value - hypothesis.value
    interval = (effect - reach, effect + reach)
    tolerance = hypothesis.tolerance.around(hypothesis.value)
    note = f"measured {figure(sample.value, unit)} ± {figure(reach, unit)}"
    return Finding(judge(interval, (-tolerance, tolerance)), effect, interval, measure, (note,))


def compare(hypothesis: Compare, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.Compare`; the effect is the difference."""
    unit = evidence.scope.unit(hypothesis.of)
    measure = in_unit("difference between the points", unit)
    at, than = evidence.at(hypothesis.at), evidence.at(hypothesis.than)
    if at is None or than is None:
        return inconclusive(measure, "a point has no reading")
    effect = at.value - than.value
    reach = at.bound + than.bound + evidence.quantile() * math.hypot(at.spread, than.spread)
    interval = (effect - reach, effect + reach)
    least = hypothesis.by.around(than.value)
    verdict = judge(interval, (math.nextafter(least, math.inf), math.inf))
    note = f"measured {figure(at.value, unit)} against {figure(than.value, unit)}"
    return Finding(verdict, effect, interval, measure, (note,))
