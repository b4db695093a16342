"""The one place where a verdict is made.

A design names its test, the test's version and its thresholds, all frozen before the evidence. Runs
that are no evidence are listed, never dropped in silence: when they are more than the design's
share, or stand at an end of the axis that the claim is about, the verdict is inconclusive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aion_sci.errors import RequestError
from aion_sci.research.composites import Composite
from aion_sci.research.design import Design
from aion_sci.research.hypothesis import Hypothesis
from aion_sci.research.kinds import Elementary
from aion_sci.research.verdicts import (
    convergence,
    everywhere,
    levels,
    locations,
    scaling,
    trends,
)
from aion_sci.research.verdicts.evidence import Evidence, collect
from aion_sci.research.verdicts.finding import Finding, inconclusive
from aion_sci.research.verdicts.joined import join
from aion_sci.runs.record import Record

__all__ = ["decide", "default_test"]


@dataclass(frozen=True)
class _Test:
    """A test of one kind of hypothesis; a change to its arithmetic raises its version."""

    name: str
    function: Callable[[Any, Any], Finding]
    """Of the hypothesis and its evidence; of the findings on the parts for a composite."""
    version: int = 1
    options: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "options": dict(self.options)}


_TESTS = {
    "all_of": _Test("every part for itself", join),
    "any_of": _Test("every part for itself", join),
    "compare": _Test("difference beyond the error bars", levels.compare),
    "conserved": _Test("largest drift over the box", everywhere.conserved),
    "equals": _Test("equivalence to a value", levels.equals),
    "extremum": _Test("bracketed extremum", locations.extremum),
    "law": _Test("largest departure over the box", everywhere.law),
    "monotone": _Test("signs of neighbouring pairs", trends.monotone),
    "no_effect": _Test("equivalence over the range", trends.no_effect),
    "not": _Test("the opposite of its part", join),
    "order": _Test("orders observed on the ladders", convergence.order),
    "power_law": _Test("log-log slope", scaling.power_law, options=scaling.OPTIONS),
    "threshold": _Test("bracketed crossing", locations.threshold),
}


def default_test(hypothesis: Hypothesis) -> dict[str, Any]:
    """The test of a kind of hypothesis, as a design freezes it."""
    return _TESTS[hypothesis.kind].to_json()


def decide(design: Design, records: Iterable[Record]) -> Finding:
    """The verdict on a design's hypothesis from the records of its runs.

    Raises :class:`~aion_sci.errors.RequestError` when the design names a test that this version
    does not have.
    """
    test = _TESTS[design.hypothesis.kind]
    named = (design.test["name"], design.test["version"])
    thresholds = set(design.test["options"])
    if named != (test.name, test.version) or thresholds != set(test.options):
        raise RequestError(
            f"the design asks for test '{named[0]}' version {named[1]}; this version of AION has "
            f"'{test.name}' version {test.version}: use the version that registered it"
        )
    if isinstance(design.hypothesis, Composite):
        records = list(records)
        return test.function(design.hypothesis, [decide(part, records) for part in design.parts])
    evidence = collect(design, records)
    finding = test.function(design.hypothesis, evidence) if evidence.samples else inconclusive("")
    reason = _unusable(design, evidence)
    if reason is not None:
        finding = replace(finding, verdict="inconclusive", notes=(reason, *finding.notes))
    return replace(finding, excluded=_listed(evidence))


def _unusable(design: Design, evidence: Evidence) -> str | None:
    """Why too much is missing for a verdict; None when enough is there."""
    missing, planned = len(evidence.excluded), len(design.points)
    if missing > design.largest_excluded_share * planned:
        allowed = f"{100 * design.largest_excluded_share:.0f} %"
        return f"{missing} of {planned} runs are no evidence; the design allows {allowed}"
    along = design.hypothesis.varied if isinstance(design.hypothesis, Elementary) else None
    if along is not None and evidence.excluded:
        ends = {f(point[along] for point in design.points) for f in (min, max)}
        if any(point[along] in ends for point, _ in evidence.excluded):
            return f"the run at an end of {along} is no evidence"
    return None


def _listed(evidence: Evidence) -> tuple[str, ...]:
    return tuple(f"{evidence.scope.spot(p)} {reason}" for p, reason in evidence.excluded)
