"""Typed hypotheses: claims about named observables and parameters that code can test.

Each kind is one class: its fields as a question file writes them, the sentence it stands for, and
the points where it must be looked at. A hypothesis is data. Its hash is its identity, it is frozen
before its evidence is made, and the test that decides it is chosen by its kind.

Margins: a bare number is in the observable's unit, ``"2 %"`` is relative to the value that it
stands beside, and a text with a unit is converted.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from aion_sci.errors import UnknownNameError
from aion_sci.research import fields as read
from aion_sci.research.document import Node, from_data
from aion_sci.research.fields import Margin, read_as
from aion_sci.research.scope import Scope, figure
from aion_sci.runs.spec import content_hash

__all__ = [
    "KINDS",
    "Compare",
    "Equals",
    "Extremum",
    "Hypothesis",
    "Monotone",
    "NoEffect",
    "PowerLaw",
    "Threshold",
    "admit",
    "parse_hypothesis",
]


@dataclass(frozen=True)
class Hypothesis(ABC):
    """What every kind has. The observable is ``of``; a varied parameter is ``along``."""

    kind: ClassVar[str]
    of: str = field(metadata=read_as(read.observable_name))

    @abstractmethod
    def claim(self, scope: Scope) -> str:
        """The claim without its setting: the middle of the sentence."""

    def statement(self, scope: Scope) -> str:
        """The hypothesis as one English sentence."""
        setting = scope.setting
        return f"{setting[0].upper()}{setting[1:]}, {self.claim(scope)}."

    def complaint(self, scope: Scope) -> str | None:
        """Why this makes no sense in ``scope`` although each field does; None when it does."""
        return None

    @property
    def varied(self) -> str | None:
        """The parameter that the claim is about; None for a claim about given points."""
        return vars(self).get("along")

    def to_json(self) -> dict[str, Any]:
        """The hypothesis as a question file writes it: ``{kind: {field: value}}``."""
        return {
            self.kind: {key: _plain(getattr(self, name)) for name, key, _ in _layout(type(self))}
        }

    @functools.cached_property
    def hash(self) -> str:
        """The identity: a hash of the kind and every field."""
        return content_hash(self.to_json())


@dataclass(frozen=True)
class PowerLaw(Hypothesis):
    """``of`` ∝ ``in`` to a power within ``exponent``."""

    kind = "power_law"
    along: str = field(metadata=read_as(read.axis_name, "in"))
    exponent: tuple[float, float] = field(metadata=read_as(read.numbers))

    def claim(self, scope: Scope) -> str:
        low, high = self.exponent
        return (
            f"{self.of} scales as a power of {self.along} with an exponent between {figure(low)} "
            f"and {figure(high)}, {scope.range(self.along)}"
        )

    def complaint(self, scope: Scope) -> str | None:
        if scope.axis(self.along).low <= 0:
            return f"a power law in {self.along} needs a range above zero"
        return None


@dataclass(frozen=True)
class Monotone(Hypothesis):
    """``of`` only rises, or only falls, with ``in`` over the whole box."""

    kind = "monotone"
    along: str = field(metadata=read_as(read.axis_name, "in"))
    direction: str = field(metadata=read_as(read.one_of("increasing", "decreasing")))

    def claim(self, scope: Scope) -> str:
        verb = "increases" if self.direction == "increasing" else "decreases"
        return f"{self.of} {verb} with {self.along} throughout, {scope.range(self.along)}"


@dataclass(frozen=True)
class Equals(Hypothesis):
    """``of`` has a value, within a tolerance, at a point."""

    kind = "equals"
    value: float = field(metadata=read_as(read.level))
    tolerance: Margin = field(metadata=read_as(read.margin(zero=False)))
    at: dict[str, float] = field(metadata=read_as(read.point))

    def claim(self, scope: Scope) -> str:
        unit = scope.unit(self.of)
        return (
            f"{self.of} equals {figure(self.value, unit)} within {self.tolerance.shown(unit)} "
            f"at {scope.spot(self.at)}"
        )

    def complaint(self, scope: Scope) -> str | None:
        if self.tolerance.around(self.value) == 0:
            return "a tolerance in per cent of zero is zero; give it in the observable's unit"
        return None


@dataclass(frozen=True)
class Threshold(Hypothesis):
    """``of`` crosses ``level`` where ``in`` is within ``at``."""

    kind = "threshold"
    along: str = field(metadata=read_as(read.axis_name, "in"))
    level: float = field(metadata=read_as(read.level))
    at: tuple[float, float] = field(metadata=read_as(read.section))

    def claim(self, scope: Scope) -> str:
        low, high = self.at
        return (
            f"{self.of} crosses {figure(self.level, scope.unit(self.of))} at {self.along} between "
            f"{figure(low)} and {scope.axis(self.along).shown(high)}, {scope.range(self.along)}"
        )


@dataclass(frozen=True)
class NoEffect(Hypothesis):
    """``of`` varies along ``in`` by no more than the share ``within`` of its mean."""

    kind = "no_effect"
    along: str = field(metadata=read_as(read.axis_name, "in"))
    within: float = field(metadata=read_as(read.share))

    def claim(self, scope: Scope) -> str:
        return (
            f"{self.along} has no effect on {self.of} beyond {figure(100 * self.within)} % of its "
            f"mean, {scope.range(self.along)}"
        )


@dataclass(frozen=True)
class Compare(Hypothesis):
    """``of`` at one point exceeds ``of`` at another by at least a margin."""

    kind = "compare"
    at: dict[str, float] = field(metadata=read_as(read.point))
    than: dict[str, float] = field(metadata=read_as(read.point))
    by: Margin = field(metadata=read_as(read.margin(zero=True)))

    def claim(self, scope: Scope) -> str:
        more = "" if self.by.amount == 0 else f" by at least {self.by.shown(scope.unit(self.of))}"
        return f"{self.of} at {scope.spot(self.at)} exceeds that at {scope.spot(self.than)}{more}"

    def complaint(self, scope: Scope) -> str | None:
        return "'at' and 'than' are the same point" if self.at == self.than else None


@dataclass(frozen=True)
class Extremum(Hypothesis):
    """``of`` is largest, or smallest, where ``in`` is within ``at``."""

    kind = "extremum"
    along: str = field(metadata=read_as(read.axis_name, "in"))
    extreme: str = field(metadata=read_as(read.one_of("maximum", "minimum"), "kind"))
    at: tuple[float, float] = field(metadata=read_as(read.section))

    def claim(self, scope: Scope) -> str:
        low, high = self.at
        return (
            f"{self.of} has its {self.extreme} at {self.along} between {figure(low)} and "
            f"{scope.axis(self.along).shown(high)}, {scope.range(self.along)}"
        )


KINDS: dict[str, type[Hypothesis]] = {
    cls.kind: cls for cls in (Compare, Equals, Extremum, Monotone, NoEffect, PowerLaw, Threshold)
}


def parse_hypothesis(node: Node, scope: Scope) -> Hypothesis:
    """Read ``{kind: {field: value}}``; what is wrong raises ``QuestionError`` at its line."""
    entries = node.named("a hypothesis")
    if len(entries) != 1:
        raise node.error("a hypothesis is one kind with its fields, '- kind: {of: ..., ...}'")
    ((kind, body),) = entries.items()
    if kind not in KINDS:
        available = f"this version tests: {', '.join(KINDS)}"
        raise node.error(f"{UnknownNameError('kind of hypothesis', kind, KINDS)}; {available}")
    layout = list(_layout(KINDS[kind]))
    keys = [key for _, key, _ in layout]
    written = body.mapping(kind, keys, keys)
    given: dict[str, Any] = {}
    for name, key, reader in layout:
        given[name] = reader(written[key], scope, given)
    hypothesis = KINDS[kind](**given)
    complaint = hypothesis.complaint(scope)
    if complaint is not None:
        raise body.error(complaint)
    return hypothesis


def admit(hypothesis: Hypothesis, scope: Scope) -> Hypothesis:
    """Put a proposed hypothesis through the checks that a written one passes."""
    return parse_hypothesis(from_data(hypothesis.to_json()), scope)


def _layout(cls: type[Hypothesis]) -> Iterator[tuple[str, str, read.Reader]]:
    """Each field of a kind: its name here, its key in a file, and its reader."""
    for each in fields(cls):
        yield each.name, each.metadata["key"] or each.name, each.metadata["reader"]


def _plain(value: Any) -> Any:
    if isinstance(value, Margin):
        return value.to_json()
    return list(value) if isinstance(value, tuple) else value
