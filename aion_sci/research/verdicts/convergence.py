"""Does an observable converge at the order that is claimed?

Each run computes its observable on a ladder of grids. From three values y₁, y₂, y₃ on grids of
sizes h₁ > h₂ > h₃ the observed order p solves

    (y₁ − y₂) / (y₂ − y₃) = (h₁ᵖ − h₂ᵖ) / (h₂ᵖ − h₃ᵖ).

Every run of the design gives one order, with an interval: the noise of the two differences, that of
the solver and of round-off, is put where it tilts the ratio most. A ladder that does not converge
at the experiment's stated order is no *result*, yet it is evidence here: leaving those runs out
would confirm any order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from aion_sci.research.kinds import Order
from aion_sci.research.scope import figure
from aion_sci.research.verdicts.evidence import Evidence, Sample, coverage
from aion_sci.research.verdicts.finding import Finding, inconclusive, judge

__all__ = ["observed_order", "order"]

_MEASURE = "median observed order"
_FEWEST = 3
_LARGEST = 12.0
"""Orders are sought from minus to plus this; beyond, differences show no order."""
_NO_ORDER = (-_LARGEST, 0.0, 0.0)
"""What differences of alternating sign show: whatever it is, no positive order."""


def order(hypothesis: Order, evidence: Evidence) -> Finding:
    """Decide an :class:`~aion_sci.research.kinds.Order`."""
    found = [interval for s in evidence.samples if (interval := _interval(s)) is not None]
    blind = len(evidence.samples) - len(found)
    if len(found) < _FEWEST:
        why = f"{len(found)} of {len(evidence.samples)} ladders show an order above their noise"
        return inconclusive(_MEASURE, f"{why}; at least {_FEWEST} are needed")
    effect = median(middle for _, middle, _ in found)
    interval = (min(low for low, _, _ in found), max(high for _, _, high in found))
    notes = [f"orders from {figure(interval[0])} to {figure(interval[1])} in {len(found)} ladders"]
    if blind:
        notes.append(f"{blind} ladders converged to noise and show no order")
    outside = [judge((low, high), hypothesis.order) == "refuted" for low, _, high in found]
    verdict = judge(interval, hypothesis.order)
    if any(outside) and verdict != "refuted":
        verdict = "refuted"
        notes.insert(0, f"{sum(outside)} of {len(found)} ladders converge at another order")
    if verdict == "supported":
        notes.append(coverage(len(found), evidence.confidence))
    return Finding(verdict, effect, interval, _MEASURE, tuple(notes))


def observed_order(ratio: float, sizes: Sequence[float]) -> float | None:
    """The order at which two successive differences have this ratio; None where none has."""
    if not ratio > 0:
        return None

    def excess(p: float) -> float:
        coarse, middle, fine = (size / sizes[-1] for size in sizes)
        if abs(p) < 1e-9:
            return math.log(coarse / middle) / math.log(middle / fine) - ratio
        return (coarse**p - middle**p) / (middle**p - fine**p) - ratio

    low, high = -_LARGEST, _LARGEST
    if excess(low) > 0 or excess(high) < 0:
        return None
    for _ in range(80):  # the ratio grows with p; 24 / 2⁸⁰ is below round-off
        centre = (low + high) / 2
        low, high = (centre, high) if excess(centre) < 0 else (low, centre)
    return (low + high) / 2


def _interval(sample: Sample) -> tuple[float, float, float] | None:
    """Lowest, observed and highest order of one ladder; None where it shows none."""
    if len(sample.ladder) < 3:
        return None
    sizes = [size for size, _ in sample.ladder[-3:]]
    values = [value for _, value in sample.ladder[-3:]]
    coarse, fine = abs(values[0] - values[1]), abs(values[1] - values[2])
    if (values[0] - values[1]) * (values[1] - values[2]) <= 0:
        return None if max(coarse, fine) <= 8 * sample.noise else _NO_ORDER
    doubt = 2 * sample.noise
    if fine <= 4 * doubt:
        return None
    low, middle, high = (
        observed_order(ratio, sizes)
        for ratio in (
            (coarse - doubt) / (fine + doubt),
            coarse / fine,
            (coarse + doubt) / (fine - doubt),
        )
    )
    if middle is None:
        return None
    return -_LARGEST if low is None else low, middle, _LARGEST if high is None else high
