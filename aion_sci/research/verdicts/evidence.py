"""What counts as evidence: the readings at a design's points, with their error bars.

Numbers come only from records. A reading whose outcome is not ``ok``, or whose number or error bar
is not finite, is never evidence; its run is listed with the reason. Each observable of a run is
judged for itself: one may be resolved where another is not. A reading's numerical error
(discretisation and solver) is a bound, its sampling error a standard error; the reach of a reading
at a confidence is the bound plus the normal quantile times the standard error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from aion_sci.research.design import Design, run_spec
from aion_sci.research.kinds import Elementary, Order
from aion_sci.research.scope import Scope, figure
from aion_sci.runs.record import Record
from aion_sci.runs.spec import RunSpec, canonical_json

__all__ = ["Evidence", "Sample", "audited_share", "collect", "coverage"]

_ROUND_OFF = {"float64": 1e-12, "float32": 1e-5}
"""Relative error that is always there: some thousand roundings of the working precision."""


@dataclass(frozen=True)
class Sample:
    """One reading at one point."""

    point: Mapping[str, float]
    value: float
    bound: float
    """Bound on the numerical error: discretisation, solver and round-off."""
    spread: float
    """One standard error from sampling."""
    ladder: tuple[tuple[float, float], ...] = ()
    """Cell size and value on each grid, coarse to fine; only where the claim is about those."""
    noise: float = 0.0
    """What solver and round-off leave open in each of the ladder's values."""

    def reach(self, quantile: float) -> float:
        """How far the truth may be from the value, at a quantile of the normal distribution."""
        return self.bound + quantile * self.spread


@dataclass(frozen=True)
class Evidence:
    """The samples of a design, and what was excluded."""

    scope: Scope
    samples: tuple[Sample, ...]
    excluded: tuple[tuple[Mapping[str, float], str], ...]
    confidence: float
    options: Mapping[str, Any]
    """Thresholds of the test, as frozen in the design."""

    def line(self, along: str) -> list[Sample]:
        """Samples in order along one axis, with every other axis at its reference."""
        reference = self.scope.place({})
        return [s for s in self._ordered(along) if _same(s.point, reference, but=along)]

    def lines(self, along: str) -> list[list[Sample]]:
        """Every set of two or more samples that differ along one axis alone, each in order."""
        groups: dict[str, list[Sample]] = {}
        for sample in self._ordered(along):
            others = {n: v for n, v in sample.point.items() if n != along}
            groups.setdefault(canonical_json(others), []).append(sample)
        return [group for group in groups.values() if len(group) > 1]

    def at(self, point: Mapping[str, float]) -> Sample | None:
        """The sample at a point, or None when it was excluded."""
        return next((s for s in self.samples if s.point == point), None)

    def quantile(self, comparisons: int = 1) -> float:
        """Two-sided normal quantile that holds for this many comparisons at once (Bonferroni)."""
        return NormalDist().inv_cdf(1 - (1 - self.confidence) / (2 * max(comparisons, 1)))

    def _ordered(self, along: str) -> list[Sample]:
        return sorted(self.samples, key=lambda sample: sample.point[along])


def collect(design: Design, records: Iterable[Record]) -> Evidence:
    """Match records to the points of a design, and set aside what is no evidence."""
    hypothesis = design.hypothesis
    assert isinstance(hypothesis, Elementary), "a composite is decided part by part"
    by_request = {_request(record.spec): record for record in records}
    samples: list[Sample] = []
    excluded: list[tuple[Mapping[str, float], str]] = []
    for point in design.points:
        spec = run_spec(design.scope, point, design.settings, design.code)
        record = by_request.get(_request(spec))
        reason = _unfit(record, hypothesis)
        if record is None or reason is not None:
            excluded.append((point, reason or "was not run"))
            continue
        samples.append(_sample(point, record, hypothesis))
    options = design.test["options"]
    return Evidence(design.scope, tuple(samples), tuple(excluded), design.confidence, options)


def audited_share(points: int, confidence: float) -> float:
    """The share ε of a box beyond which a failure would have been met by this many random points.

    With n passing points, the claim holds on more than 1 − ε of the box at confidence 1 − α, where
    n = ln α / ln(1 − ε).
    """
    return 1.0 - (1.0 - confidence) ** (1.0 / points)


def coverage(points: int, confidence: float) -> str:
    """What so many passing places say about all the others."""
    share = audited_share(points, confidence)
    return (
        f"checked at {points} places: a failure over more than {100 * share:.0f} % of the box "
        f"would have been met at {figure(100 * confidence)} % confidence"
    )


def _request(spec: RunSpec) -> str:
    """A run without its code: replays by newer code answer the same request."""
    return canonical_json({"parameters": dict(spec.parameters), "settings": dict(spec.settings)})


def _unfit(record: Record | None, hypothesis: Elementary) -> str | None:
    """Why a run is no evidence about an observable; None when it is."""
    observable = hypothesis.of
    if record is None:
        return "was not run"
    if observable not in record.observables:
        return f"did not report {observable}"
    reading = record.observables[observable]
    if isinstance(hypothesis, Order) and reading.outcome in ("ok", "unresolved"):
        return None if len(_ladder(record, observable)) >= 3 else "kept no values of its ladder"
    if reading.outcome != "ok":
        return f"ended {reading.outcome}"
    estimate = reading.estimate
    parts = (estimate.value, estimate.discretisation, estimate.sampling, estimate.solver)
    return None if all(map(math.isfinite, parts)) else "has no finite value with an error bar"


def _sample(point: Mapping[str, float], record: Record, hypothesis: Elementary) -> Sample:
    estimate = record.observables[hypothesis.of].estimate
    round_off = _ROUND_OFF[str(record.spec.settings.get("precision", "float64"))]
    noise = estimate.solver + round_off * abs(estimate.value)
    if isinstance(hypothesis, Order):
        # An unresolved ladder has no discretisation error; its values are what is looked at.
        ladder = _ladder(record, hypothesis.of)
        return Sample(point, estimate.value, noise, estimate.sampling, ladder, noise)
    return Sample(point, estimate.value, estimate.discretisation + noise, estimate.sampling)


def _ladder(record: Record, observable: str) -> tuple[tuple[float, float], ...]:
    """Cell size and value on each grid of a run, from its folder; empty where not kept."""
    if record.folder is None:
        return ()
    text = (record.folder / "observables.json").read_text(encoding="utf-8")
    details = json.loads(text).get("details", {})
    values = details.get("ladder", {}).get(observable, {}).get("values", ())
    if any(value is None for value in values):
        return ()
    sizes = [1.0 / rung for rung in details.get("rungs", ())]
    return tuple(zip(sizes, values, strict=True))


def _same(first: Mapping[str, float], second: Mapping[str, float], *, but: str) -> bool:
    return all(first[name] == second[name] for name in second if name != but)
