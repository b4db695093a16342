"""Is it a power law, and with which exponent?

The exponent is the slope of ln|y| against ln x by weighted least squares. Its interval is as wide
as the widest of three views of the same data, because a smooth departure from a power law is no
random scatter and no single one of them covers it:

* the t-interval, with the larger of the scatter about the line and the known sampling error;
* the range of slopes when any quarter of the points, side by side, is left out;
* and, added to both, the most that the numerical error bounds could tilt the line.

Two conditions decide. The interval must lie in the stated range, and no point may depart from the
fitted law by more than a limit: a curve is no power law however well its mean slope is known. A
departure beyond the limit refutes where the point's error bar cannot explain it, and leaves the
claim open where it can. The limit is a tenth of the value, or a tenth of the whole variation of
ln|y| where that is less, but never below one per cent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from aion_sci.research.kinds import PowerLaw
from aion_sci.research.scope import figure
from aion_sci.research.verdicts.evidence import Evidence, Sample
from aion_sci.research.verdicts.finding import Finding, Interval, inconclusive, judge

__all__ = ["OPTIONS", "Line", "departure_limit", "fit_line", "power_law"]

OPTIONS = {"largest_departure": 0.1, "largest_share_of_range": 0.1, "negligible_departure": 0.01}
"""Thresholds of the test, frozen into each design."""

_MEASURE = "exponent"
_FEWEST = 4


def power_law(hypothesis: PowerLaw, evidence: Evidence) -> Finding:
    """Decide a :class:`~aion_sci.research.kinds.PowerLaw`."""
    samples = evidence.line(hypothesis.along)
    if len(samples) < _FEWEST:
        return inconclusive(_MEASURE, f"{len(samples)} points; a slope needs at least {_FEWEST}")
    quantile = evidence.quantile(len(samples))
    signs = {_sign(sample, quantile) for sample in samples}
    if 0 in signs:
        return inconclusive(_MEASURE, f"{hypothesis.of} is not distinct from zero everywhere")
    x = np.log([sample.point[hypothesis.along] for sample in samples])
    y = np.log([abs(sample.value) for sample in samples])
    bound = np.array([-math.log1p(-s.bound / abs(s.value)) for s in samples])
    spread = np.array([s.spread / abs(s.value) for s in samples])
    line = fit_line(x, y, bound, spread, evidence.confidence)
    notes = [_local_exponents(x, y)]
    if len(signs) == 2:
        notes.insert(0, f"{hypothesis.of} changes sign: no power law")
        return Finding("refuted", line.slope, line.interval, _MEASURE, tuple(notes))
    departure = np.abs(line.residuals)
    worst, limit = int(np.argmax(departure)), departure_limit(y, evidence.options)
    verdict = judge(line.interval, hypothesis.exponent)
    if departure[worst] > limit:
        place = evidence.scope.axis(hypothesis.along).shown(samples[worst].point[hypothesis.along])
        share = figure(100 * math.expm1(float(departure[worst])))
        beyond = np.any(departure - bound - quantile * spread > limit)
        verdict = "refuted" if beyond else "inconclusive" if verdict == "supported" else verdict
        notes.insert(
            0,
            f"{'no power law' if beyond else 'perhaps no power law'}: at {hypothesis.along} "
            f"{place} it departs from the fitted law by {share} %",
        )
    return Finding(verdict, line.slope, line.interval, _MEASURE, tuple(notes))


def departure_limit(log_values: Any, options: Mapping[str, float]) -> float:
    """How far ln|y| may depart from a line and still be called one."""
    of_range = options["largest_share_of_range"] * float(np.ptp(log_values))
    largest = math.log1p(options["largest_departure"])
    return max(math.log1p(options["negligible_departure"]), min(largest, of_range))


@dataclass(frozen=True)
class Line:
    """A fitted straight line: its slope, the slope's interval, and the residuals."""

    slope: float
    interval: Interval
    intercept: float
    residuals: Any


def fit_line(x: Any, y: Any, bound: Any, spread: Any, confidence: float) -> Line:
    """Weighted least squares with the interval of the module's description.

    ``bound`` and ``spread`` are the numerical bound and the sampling standard error of each ``y``.
    """
    scatter = _scatter(x, y)
    weights = 1.0 / (scatter**2 + spread**2 + bound**2 + np.finfo(float).tiny)
    slope, intercept, lever = _weighted(x, y, weights)
    residuals = y - intercept - slope * x
    about = np.sum(weights * residuals**2) / (len(x) - 2)
    centred = np.sum(weights * (x - np.average(x, weights=weights)) ** 2)
    error = math.sqrt(max(about / centred, float(np.sum((lever * spread) ** 2))))
    left_out = [slope]
    for block in _blocks(len(x)):
        kept = np.delete(np.arange(len(x)), block)
        left_out.append(_weighted(x[kept], y[kept], weights[kept])[0])
    reach = _t_quantile(confidence, len(x) - 2) * error
    tilt = float(np.sum(np.abs(lever) * bound))
    low = min(slope - reach, *left_out) - tilt
    high = max(slope + reach, *left_out) + tilt
    return Line(slope, (low, high), intercept, residuals)


def _weighted(x: Any, y: Any, weights: Any) -> tuple[float, float, Any]:
    """Slope, intercept, and the slope's dependence on each ``y``."""
    centre = np.average(x, weights=weights)
    lever = weights * (x - centre) / np.sum(weights * (x - centre) ** 2)
    slope = float(np.sum(lever * y))
    return slope, float(np.average(y, weights=weights) - slope * centre), lever


def _blocks(count: int) -> Iterator[range]:
    """Every run of a quarter of the points, where enough are left for a slope."""
    size = max(1, count // 4)
    if count - size >= _FEWEST:
        yield from (range(start, start + size) for start in range(count - size + 1))


def _scatter(x: Any, y: Any) -> float:
    """Standard deviation of ``y`` about its plain least-squares line."""
    slope, intercept, _ = _weighted(x, y, np.ones_like(x))
    return math.sqrt(float(np.sum((y - intercept - slope * x) ** 2)) / (len(x) - 2))


def _t_quantile(confidence: float, freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def _sign(sample: Sample, quantile: float) -> int:
    if abs(sample.value) <= sample.reach(quantile):
        return 0
    return 1 if sample.value > 0 else -1


def _local_exponents(x: Any, y: Any) -> str:
    local = np.diff(y) / np.diff(x)
    return (
        f"between neighbouring points the exponent ranges from {figure(float(local.min()))} "
        f"to {figure(float(local.max()))}"
    )
