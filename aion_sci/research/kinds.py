"""The kinds of hypothesis that are about one observable: what each claims, field by field.

Each kind is one class: its fields as a question file writes them, the sentence it stands for, and
why it may make no sense in a scope. A hypothesis is data. Its hash is its identity, it is frozen
before its evidence is made, and the test that decides it is chosen by its kind.

Margins: a bare number is in the observable's unit, ``"2 %"`` is relative to the value that it
stands beside, and a text with a unit is converted.
"""

from __future__ import annotations

import functools
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

from aion_sci.research import fields as read
from aion_sci.research.document import Node
from aion_sci.research.fields import Margin, read_as
from aion_sci.research.formula import Formula
from aion_sci.research.scope import Scope, figure
from aion_sci.runs.spec import content_hash
from aion_sci.units import DIMENSIONLESS

__all__ = [
    "Compare",
    "Conserved",
    "Elementary",
    "Equals",
    "Extremum",
    "Hypothesis",
    "Law",
    "Monotone",
    "NoEffect",
    "Order",
    "Parse",
    "PowerLaw",
    "Threshold",
]


class Hypothesis(ABC):
    """What every kind has, those made of other hypotheses included."""

    kind: ClassVar[str]

    @abstractmethod
    def claim(self, scope: Scope) -> str:
        """The claim without its setting: the middle of the sentence."""

    @abstractmethod
    def body(self) -> Any:
        """What a question file writes after the kind."""

    @classmethod
    @abstractmethod
    def read(cls, body: Node, scope: Scope, parse: Parse) -> Self:
        """Read what a question file writes after the kind; ``parse`` reads a whole hypothesis."""

    @property
    @abstractmethod
    def leaves(self) -> tuple[Elementary, ...]:
        """The claims about single observables that this one is made of; itself where it is one."""

    def statement(self, scope: Scope) -> str:
        """The hypothesis as one English sentence."""
        setting = scope.setting
        return f"{setting[0].upper()}{setting[1:]}, {self.claim(scope)}."

    def complaint(self, scope: Scope) -> str | None:
        """Why this makes no sense in ``scope`` although each field does; None when it does."""
        return None

    @property
    def parts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that this one joins; none for a claim about one observable."""
        return ()

    def to_json(self) -> dict[str, Any]:
        """The hypothesis as a question file writes it: ``{kind: ...}``."""
        return {self.kind: self.body()}

    @functools.cached_property
    def hash(self) -> str:
        """The identity: a hash of the kind and every field."""
        return content_hash(self.to_json())


Parse = Callable[[Node, Scope], Hypothesis]


@dataclass(frozen=True)
class Elementary(Hypothesis):
    """A claim about one observable, ``of``; a varied parameter is ``along``."""

    of: str = field(metadata=read_as(read.observable_name))

    @classmethod
    def read(cls, body: Node, scope: Scope, parse: Parse) -> Self:
        """Read ``{field: value}``, every field once."""
        layout = list(_layout(cls))
        keys = [key for _, key, _ in layout]
        written = body.mapping(cls.kind, keys, keys)
        given: dict[str, Any] = {}
        for name, key, reader in layout:
            given[name] = reader(written[key], scope, given)
        return cls(**given)

    def body(self) -> dict[str, Any]:
        """The fields by their keys in a file."""
        return {key: _plain(getattr(self, name)) for name, key, _ in _layout(type(self))}

    @property
    def leaves(self) -> tuple[Elementary, ...]:
        """Itself."""
        return (self,)

    @property
    def varied(self) -> str | None:
        """The parameter that the claim is about; None for a claim about points or the box."""
        return vars(self).get("along")


@dataclass(frozen=True)
class PowerLaw(Elementary):
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
class Monotone(Elementary):
    """``of`` only rises, or only falls, with ``in`` over the whole box."""

    kind = "monotone"
    along: str = field(metadata=read_as(read.axis_name, "in"))
    direction: str = field(metadata=read_as(read.one_of("increasing", "decreasing")))

    def claim(self, scope: Scope) -> str:
        verb = "increases" if self.direction == "increasing" else "decreases"
        return f"{self.of} {verb} with {self.along} throughout, {scope.range(self.along)}"


@dataclass(frozen=True)
class Equals(Elementary):
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
class Threshold(Elementary):
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
class NoEffect(Elementary):
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
class Compare(Elementary):
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
class Extremum(Elementary):
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


@dataclass(frozen=True)
class Conserved(Elementary):
    """The drift ``of`` an invariant stays within a margin of zero over the whole box."""

    kind = "conserved"
    within: Margin = field(metadata=read_as(read.margin(zero=False)))

    def claim(self, scope: Scope) -> str:
        unit = scope.unit(self.of)
        return f"{self.of} stays within {self.within.shown(unit)} of zero, {scope.box}"

    def complaint(self, scope: Scope) -> str | None:
        if self.within.percent and scope.unit(self.of) != DIMENSIONLESS:
            return "a percentage of zero is zero; give 'within' in the observable's unit"
        return None

    @property
    def limit(self) -> float:
        """The largest drift allowed, in the observable's unit; ``1 %`` of a share is 0.01."""
        return self.within.around(1.0)


@dataclass(frozen=True)
class Order(Elementary):
    """``of`` converges with an order of accuracy within ``order`` as the grid ``in`` is refined."""

    kind = "order"
    setting: str = field(metadata=read_as(read.ladder_name, "in"))
    order: tuple[float, float] = field(metadata=read_as(read.numbers))

    def claim(self, scope: Scope) -> str:
        low, high = self.order
        return (
            f"{self.of} converges with {self.setting} at an order between {figure(low)} and "
            f"{figure(high)} up to {self.setting} {scope.settings[self.setting]}, {scope.box}"
        )


@dataclass(frozen=True)
class Law(Elementary):
    """``of`` equals a formula of the parameters, within a tolerance, over the whole box."""

    kind = "law"
    formula: str = field(metadata=read_as(read.formula))
    tolerance: Margin = field(metadata=read_as(read.margin(zero=False)))

    def claim(self, scope: Scope) -> str:
        shown = self.tolerance.shown(scope.unit(self.of))
        return f"{self.of} = {self.formula} within {shown}, {scope.box}"

    def complaint(self, scope: Scope) -> str | None:
        wrong = self._formula.mismatch(scope, scope.unit(self.of))
        if wrong is not None:
            return wrong
        ends = [(axis.low, axis.reference, axis.high) for axis in scope.axes]
        for corner in itertools.product(*ends):
            point = dict(zip((axis.name for axis in scope.axes), corner, strict=True))
            value = self.value(point, scope)
            if not math.isfinite(value):
                return f"the formula has no finite value at {scope.spot(point)}"
            if self.tolerance.around(value) == 0:
                return f"the formula is zero at {scope.spot(point)}; give the tolerance in its unit"
        return None

    def value(self, point: dict[str, float], scope: Scope) -> float:
        """The formula at a point of the box, in the observable's unit; NaN where it has none."""
        return self._formula.value(point, scope, scope.unit(self.of))

    @functools.cached_property
    def _formula(self) -> Formula:
        return Formula.parse(self.formula)


def _layout(cls: type[Elementary]) -> Iterator[tuple[str, str, read.Reader]]:
    """Each field of a kind: its name here, its key in a file, and its reader."""
    for each in fields(cls):
        yield each.name, each.metadata["key"] or each.name, each.metadata["reader"]


def _plain(value: Any) -> Any:
    if isinstance(value, Margin):
        return value.to_json()
    return list(value) if isinstance(value, tuple) else value
