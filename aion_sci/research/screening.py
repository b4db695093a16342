"""Is a hypothesis new, and can it be true beside what is known? Interval rules over live claims.

A claim that was filed is compared with what is proposed now when both are about the same observable
of the same experiment under the same fixed parameters. The rules are few and certain rather than
many: two claims contradict each other where their intervals cannot both hold on the part of the box
that they share. Numerical settings, the grid above all, are no part of a claim about the model.

What is found is a remark. It never decides: a question may well ask again what was answered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from aion_sci.errors import AionError
from aion_sci.knowledge import Claim
from aion_sci.research.composites import AllOf, Composite, Not
from aion_sci.research.design import Design
from aion_sci.research.kinds import (
    Elementary,
    Equals,
    Extremum,
    Hypothesis,
    Law,
    Monotone,
    NoEffect,
    PowerLaw,
)
from aion_sci.research.scope import Scope

__all__ = ["contradiction", "repeats", "screen"]

_BEND = 1.21
"""A power law may depart by a tenth at either end: what its range may lose to that."""


def screen(hypothesis: Hypothesis, scope: Scope, claims: Iterable[Claim]) -> list[str]:
    """What filed claims say about a hypothesis: that it repeats one, or contradicts it."""
    remarks: list[str] = []
    for claim in claims:
        if claim.verdict == "inconclusive" or claim.experiment != scope.experiment:
            continue
        try:
            design = Design.from_json(claim.design)
        except (AionError, KeyError, TypeError):
            continue  # of a version of the experiment that is no more
        if repeats(hypothesis, scope, design.hypothesis, design.scope):
            remarks.append(f"repeats {claim.id}, which was {claim.verdict}")
        elif claim.verdict == "supported":
            reason = contradiction(hypothesis, scope, design.hypothesis, design.scope)
            if reason is not None:
                remarks.append(f"contradicts {claim.id}, which was supported: {reason}")
    return remarks


def repeats(first: Hypothesis, here: Scope, second: Hypothesis, there: Scope) -> bool:
    """Whether two hypotheses are the same claim about the same box."""
    return first.hash == second.hash and here.axes == there.axes and here.fixed == there.fixed


def contradiction(first: Hypothesis, here: Scope, second: Hypothesis, there: Scope) -> str | None:
    """Why two hypotheses cannot both be true; None where these rules find no reason."""
    if isinstance(first, Composite) or isinstance(second, Composite):
        return _composite(first, here, second, there)
    if not isinstance(first, Elementary) or not isinstance(second, Elementary):
        return None
    if first.of != second.of or _surroundings(here) != _surroundings(there):
        return None
    match first, second:
        case (Law(), _) if isinstance(second, Equals):
            return _contradicts_law(second, there, first, here)
        case (Equals(), Law()):
            return _contradicts_law(first, here, second, there)
        case (Equals(), Equals()):
            return _values(first, here, second, there)
    if first.varied is None or first.varied != second.varied:
        return None
    shared = _shared(first.varied, here, there)
    if shared is None:
        return None
    match first, second:
        case (Monotone(), Monotone()) if first.direction != second.direction:
            return f"one rises and one falls with {first.varied}"
        case (PowerLaw(), PowerLaw()) if _apart(first.exponent, second.exponent):
            return "their ranges of the exponent do not meet"
        case (Extremum(), Extremum()) if (
            first.extreme == second.extreme
            and here.axis(first.along) == there.axis(second.along)
            and _apart(first.at, second.at)
        ):
            return f"their places of the {first.extreme} do not meet"
        case (NoEffect(), PowerLaw()):
            return _flat(first, second, shared)
        case (PowerLaw(), NoEffect()):
            return _flat(second, first, shared)
    return None


def _composite(first: Hypothesis, here: Scope, second: Hypothesis, there: Scope) -> str | None:
    """Against all of several: against any part. Against not-A: being A."""
    for one, its, other, others in ((first, here, second, there), (second, there, first, here)):
        if isinstance(one, AllOf):
            found = (contradiction(part, its, other, others) for part in one.parts)
            return next((reason for reason in found if reason is not None), None)
        if isinstance(one, Not) and repeats(one.parts[0], its, other, others):
            return "one is the denial of the other"
    return None


def _surroundings(scope: Scope) -> tuple[object, ...]:
    """What is fixed, and where each axis is held while another varies."""
    held = sorted((axis.name, axis.reference) for axis in scope.axes) if len(scope.axes) > 1 else []
    names = sorted(axis.name for axis in scope.axes)
    return (scope.experiment, tuple(sorted(scope.fixed.items())), tuple(names), tuple(held))


def _shared(name: str, here: Scope, there: Scope) -> tuple[float, float] | None:
    """The part of an axis that both look at."""
    a, b = here.axis(name), there.axis(name)
    low, high = max(a.low, b.low), min(a.high, b.high)
    return (low, high) if low < high else None


def _apart(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return first[1] < second[0] or second[1] < first[0]


def _around(hypothesis: Equals) -> tuple[float, float]:
    reach = hypothesis.tolerance.around(hypothesis.value)
    return hypothesis.value - reach, hypothesis.value + reach


def _values(first: Equals, here: Scope, second: Equals, there: Scope) -> str | None:
    if here.place(first.at) != there.place(second.at):
        return None
    apart = _apart(_around(first), _around(second))
    return "their values at one point do not meet" if apart else None


def _contradicts_law(value: Equals, its: Scope, law: Law, others: Scope) -> str | None:
    point = its.place(value.at)
    if not others.contains(point):
        return None
    predicted = law.value(point, others)
    reach = law.tolerance.around(predicted)
    apart = _apart(_around(value), (predicted - reach, predicted + reach))
    return f"the law gives another value at {its.spot(point)}" if apart else None


def _flat(flat: NoEffect, law: PowerLaw, shared: tuple[float, float]) -> str | None:
    """A power law varies by a known least share of its mean; less cannot be all there is."""
    low, high = law.exponent
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    share = 1.0 - _BEND * (shared[1] / shared[0]) ** -least if least and shared[0] > 0 else 0.0
    if math.isfinite(share) and share > flat.within:
        return "the power law varies by more than the share that is said to be all"
    return None
