"""One figure for each verdict: the runs with their error bars, and what was claimed about them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aion_sci.report.figures import Axis, Band, Curve, Points, scatter_figure
from aion_sci.research.hypothesis import (
    Equals,
    Extremum,
    Hypothesis,
    NoEffect,
    PowerLaw,
    Threshold,
)
from aion_sci.research.kinds import Elementary
from aion_sci.research.result import Answer, CampaignResult
from aion_sci.research.scope import Scope
from aion_sci.runs.record import Record

__all__ = ["evidence_figure"]


def evidence_figure(result: CampaignResult, answer: Answer) -> str | None:
    """The figure of one answer as SVG; None where none of its runs is a result.

    A claim made of others has none of its own: its parts are told in the findings.
    """
    hypothesis, scope = answer.design.hypothesis, answer.design.scope
    if not isinstance(hypothesis, Elementary):
        return None
    along = _along(hypothesis, scope)
    chosen = set(answer.design.runs)
    evidence = _points([r for r in result.evidence if r.run_id in chosen], hypothesis.of, along)
    if evidence is None:
        return None
    pilot = _points(result.pilot, hypothesis.of, along, pilot=True)
    curves, bands = _overlay(answer, evidence, [*evidence.x, *(pilot.x if pilot else ())])
    axis = scope.axis(along)
    logarithmic = isinstance(hypothesis, PowerLaw) and min(evidence.y) > 0
    return scatter_figure(
        f"{hypothesis.of} against {along}: {answer.finding.verdict}",
        Axis(_label(along, axis.unit), axis.scale),
        Axis(_label(hypothesis.of, scope.unit(hypothesis.of)), "log" if logarithmic else "linear"),
        [evidence] if pilot is None else [pilot, evidence],
        curves,
        bands,
    )


def _along(hypothesis: Hypothesis, scope: Scope) -> str:
    """The parameter on the x axis: the one the hypothesis is about, or the first that varies."""
    return getattr(hypothesis, "along", scope.axes[0].name)


def _points(
    records: Sequence[Record], observable: str, along: str, *, pilot: bool = False
) -> Points | None:
    rows = [
        (float(record.spec.parameters[along]), reading.value, reading.error)
        for record in records
        if (reading := record.result(observable)) is not None
    ]
    if not rows:
        return None
    x, y, error = zip(*sorted(rows), strict=True)
    label = "pilot (suggests, never confirms)" if pilot else "evidence"
    return Points(x, y, error, label, evidence=not pilot)


def _overlay(
    answer: Answer, evidence: Points, drawn: Sequence[float]
) -> tuple[list[Curve], list[Band]]:
    hypothesis = answer.design.hypothesis
    ends = [min(drawn), max(drawn)]
    low, high = min(evidence.y), max(evidence.y)
    match hypothesis:
        case PowerLaw() if answer.finding.effect is not None and low > 0:
            return _power_law(answer, evidence)
        case Threshold():
            level = hypothesis.level
            crossing = Band(
                hypothesis.at, [min(low, level)] * 2, [max(high, level)] * 2, "claimed crossing"
            )
            return [Curve(ends, [level] * 2, f"level {level:.4g}")], [crossing]
        case Extremum():
            return [], [Band(hypothesis.at, [low] * 2, [high] * 2, f"claimed {hypothesis.extreme}")]
        case Equals():
            margin = hypothesis.tolerance.around(hypothesis.value)
            band = [hypothesis.value - margin] * 2, [hypothesis.value + margin] * 2
            return [], [Band(ends, *band, "claimed value and tolerance")]
        case NoEffect():
            mean = sum(evidence.y) / len(evidence.y)
            half = abs(mean) * hypothesis.within / 2
            return [], [Band(ends, [mean - half] * 2, [mean + half] * 2, "claimed range")]
    return [], []


def _power_law(answer: Answer, evidence: Points) -> tuple[list[Curve], list[Band]]:
    """The fitted law through the middle of the evidence, and the fan of its interval."""
    exponent, interval = answer.finding.effect or 0.0, answer.finding.interval
    middle_x = _geometric_mean(evidence.x)
    middle_y = _geometric_mean(evidence.y)
    first, last = min(evidence.x), max(evidence.x)
    x = [first * (last / first) ** (i / 40) for i in range(41)]

    def law(power: float) -> list[float]:
        return [middle_y * (value / middle_x) ** power for value in x]

    curves = [Curve(x, law(exponent), f"exponent {exponent:.4g}")]
    if interval is None or not all(math.isfinite(end) for end in interval):
        return curves, []
    fan = list(zip(law(interval[0]), law(interval[1]), strict=True))
    label = f"interval {interval[0]:.4g} to {interval[1]:.4g}"
    return curves, [Band(x, [min(pair) for pair in fan], [max(pair) for pair in fan], label)]


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))


def _label(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} ({unit})"
