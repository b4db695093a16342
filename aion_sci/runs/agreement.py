"""When do two computations of one run agree?

The same spec computed twice gives the same numbers only up to what floating-point arithmetic leaves
open. A batch of another size may change the last bits; a solver that stops at a tolerance then
stops elsewhere within it, and a chaotic trajectory becomes another sample of the same noise. So two
values a and b of one observable agree when

    |a − b| ≤ solver_a + solver_b + 1e-9 max(|a|, |b|) + 6 hypot(sampling_a, sampling_b).

The discretisation error has no place in this: both were computed on the same grid.
"""

from __future__ import annotations

import math

from aion_kernels.estimate import Estimate
from aion_sci.runs.record import Record

__all__ = ["disagreement"]

_ROUND_OFF = 1e-9
_STANDARD_ERRORS = 6.0  # two runs of one noisy observable differ by more with odds of 2e-9


def disagreement(first: Record, second: Record) -> str:
    """What sets two records of one run apart, in words; empty where they agree."""
    if first.outcome != second.outcome:
        return f"outcome {first.outcome} against {second.outcome}"
    if set(first.observables) != set(second.observables):
        return f"observables {sorted(first.observables)} against {sorted(second.observables)}"
    for name, reading in first.observables.items():
        a, b = reading.estimate, second.observables[name].estimate
        allowed = _allowed(a, b)
        defined = math.isfinite(a.value) or math.isfinite(b.value)
        if defined and not abs(a.value - b.value) <= allowed:
            return f"{name} is {a.value!r} against {b.value!r}, allowed apart {allowed:.3g}"
    return ""


def _allowed(a: Estimate, b: Estimate) -> float:
    return (
        _known(a.solver)
        + _known(b.solver)
        + _ROUND_OFF * max(abs(a.value), abs(b.value))
        + _STANDARD_ERRORS * math.hypot(_known(a.sampling), _known(b.sampling))
    )


def _known(bar: float) -> float:
    """An error bar that could not be determined excuses nothing."""
    return bar if math.isfinite(bar) else 0.0
