"""Typed hypotheses: claims about named observables and parameters that code can test.

:mod:`~aion_sci.research.kinds` holds the claims about one observable and
:mod:`~aion_sci.research.composites` those made of other hypotheses. Here is which kinds there are,
and how any of them is read from a question file or from what a planner proposes.
"""

from __future__ import annotations

from aion_sci.errors import UnknownNameError
from aion_sci.research.composites import AllOf, AnyOf, Not
from aion_sci.research.document import Node, from_data
from aion_sci.research.kinds import (
    Compare,
    Conserved,
    Equals,
    Extremum,
    Hypothesis,
    Law,
    Monotone,
    NoEffect,
    Order,
    PowerLaw,
    Threshold,
)
from aion_sci.research.scope import Scope

__all__ = [
    "KINDS",
    "AllOf",
    "AnyOf",
    "Compare",
    "Conserved",
    "Equals",
    "Extremum",
    "Hypothesis",
    "Law",
    "Monotone",
    "NoEffect",
    "Not",
    "Order",
    "PowerLaw",
    "Threshold",
    "admit",
    "parse_hypothesis",
]

KINDS: dict[str, type[Hypothesis]] = {
    cls.kind: cls
    for cls in (
        AllOf,
        AnyOf,
        Compare,
        Conserved,
        Equals,
        Extremum,
        Law,
        Monotone,
        NoEffect,
        Not,
        Order,
        PowerLaw,
        Threshold,
    )
}


def parse_hypothesis(node: Node, scope: Scope) -> Hypothesis:
    """Read ``{kind: ...}``; what is wrong raises ``QuestionError`` at its line."""
    entries = node.named("a hypothesis")
    if len(entries) != 1:
        raise node.error("a hypothesis is one kind with its fields, '- kind: {of: ..., ...}'")
    ((kind, body),) = entries.items()
    if kind not in KINDS:
        available = f"this version tests: {', '.join(KINDS)}"
        raise node.error(f"{UnknownNameError('kind of hypothesis', kind, KINDS)}; {available}")
    hypothesis = KINDS[kind].read(body, scope, parse_hypothesis)
    complaint = hypothesis.complaint(scope)
    if complaint is not None:
        raise body.error(complaint)
    return hypothesis


def admit(hypothesis: Hypothesis, scope: Scope) -> Hypothesis:
    """Put a proposed hypothesis through the checks that a written one passes."""
    return parse_hypothesis(from_data(hypothesis.to_json()), scope)
