"""How the fields of a hypothesis are read: names, values with units, ranges and margins.

Each reader takes the node that was written, the scope of the question and the fields read before
it, and returns the value in the experiment's units. What is wrong raises
:class:`~aion_sci.errors.QuestionError` at the node's line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aion_sci.errors import BoundsError, RequestError, UnknownNameError
from aion_sci.research.document import Node
from aion_sci.research.formula import Formula
from aion_sci.research.scope import Axis, Scope, figure
from aion_sci.units import parse_quantity

__all__ = [
    "Margin",
    "Reader",
    "axis_name",
    "formula",
    "ladder_name",
    "level",
    "margin",
    "numbers",
    "observable_name",
    "one_of",
    "point",
    "read_as",
    "section",
    "share",
]

Given = Mapping[str, Any]


class Reader(Protocol):
    """Reads one field of a hypothesis."""

    def __call__(self, node: Node, scope: Scope, given: Given) -> Any:
        """The field's value, in the experiment's units."""
        ...


def read_as(reader: Reader, key: str | None = None) -> dict[str, Any]:
    """Metadata of a dataclass field: its ``reader``, and its ``key`` in a file if not its name."""
    return {"reader": reader, "key": key}


@dataclass(frozen=True)
class Margin:
    """How far apart two values may be: in the observable's unit, or in per cent of a value."""

    amount: float
    percent: bool = False

    def around(self, value: float) -> float:
        """The margin about ``value``, in the observable's unit."""
        return self.amount * abs(value) / 100.0 if self.percent else self.amount

    def shown(self, unit: str) -> str:
        """The margin as prose."""
        return f"{figure(self.amount)} %" if self.percent else figure(self.amount, unit)

    def to_json(self) -> float | str:
        """As it is written in a question."""
        return f"{self.amount!r} %" if self.percent else self.amount


def observable_name(node: Node, scope: Scope, given: Given) -> str:
    """The name of an observable of the experiment."""
    name = node.text("of")
    with node.blame():
        return scope.source.observable(name).name


def axis_name(node: Node, scope: Scope, given: Given) -> str:
    """The name of a parameter that the question varies."""
    name = node.text("in")
    with node.blame():
        return scope.axis(name).name


def ladder_name(node: Node, scope: Scope, given: Given) -> str:
    """The name of the setting whose refinement the experiment's error bars come from."""
    name = node.text("in")
    ladder = scope.source.fidelity
    if ladder is None or ladder.order is None:
        why = "has no ladder of grids" if ladder is None else "converges faster than any order"
        raise node.error(f"{scope.experiment} {why}; an order cannot be observed")
    if name != ladder.name:
        raise node.error(str(UnknownNameError("ladder setting", name, [ladder.name])))
    return name


def formula(node: Node, scope: Scope, given: Given) -> str:
    """The text of a formula that can be parsed."""
    with node.blame():
        return Formula.parse(str(node.scalar("the formula"))).text


def one_of(*choices: str) -> Reader:
    """A word among ``choices``."""

    def read(node: Node, scope: Scope, given: Given) -> str:
        word = node.text("the choice")
        if word not in choices:
            raise node.error(str(UnknownNameError("choice", word, choices)))
        return word

    return read


def numbers(node: Node, scope: Scope, given: Given) -> tuple[float, float]:
    """``[low, high]``, two plain numbers."""
    return node.pair("the range", lambda raw: parse_quantity(raw, "1"))


def level(node: Node, scope: Scope, given: Given) -> float:
    """A value of the observable: a number in its unit, or a text with a unit."""
    unit = scope.unit(given["of"])
    with node.blame():
        return parse_quantity(node.scalar("the value"), unit, name=given["of"])


def section(node: Node, scope: Scope, given: Given) -> tuple[float, float]:
    """``[low, high]``, a part of the varied axis."""
    axis = scope.axis(given["along"])
    return node.pair(axis.name, _on(axis, scope))


def point(node: Node, scope: Scope, given: Given) -> dict[str, float]:
    """A point of the box; an axis that is not named is at its reference."""
    at: dict[str, float] = {}
    for name, value in node.named("the point").items():
        with value.blame():
            at[name] = _on(scope.axis(name), scope)(value.scalar(name))
    with node.blame():
        return scope.place(at)


def margin(*, zero: bool) -> Reader:
    """A :class:`Margin`: a number in the observable's unit, a text with a unit, or ``"2 %"``."""

    def read(node: Node, scope: Scope, given: Given) -> Margin:
        raw = node.scalar("the margin")
        percent = isinstance(raw, str) and raw.strip().endswith("%")
        unit = "1" if percent else scope.unit(given["of"])
        with node.blame():
            amount = parse_quantity(_without_percent(raw), unit, name="the margin")
            if amount < 0 or (amount == 0 and not zero):
                bound = "zero or more" if zero else "more than zero"
                raise RequestError(f"the margin is {amount:g}; it must be {bound}")
        return Margin(amount, percent)

    return read


def share(node: Node, scope: Scope, given: Given) -> float:
    """A positive fraction: ``0.05`` or ``"5 %"``."""
    raw = node.scalar("the share")
    percent = isinstance(raw, str) and raw.strip().endswith("%")
    with node.blame():
        number = parse_quantity(_without_percent(raw), "1", name="the share")
        if number <= 0:
            raise RequestError(f"the share is {number:g}; it must be more than zero")
    return number / 100.0 if percent else number


def _on(axis: Axis, scope: Scope) -> Callable[[Any], float]:
    """Reads a value on an axis and keeps it to the range that the question varies."""

    def read(raw: Any) -> float:
        value = float(scope.source.parameter(axis.name).read(raw))
        if not axis.low <= value <= axis.high:
            low, high = axis.shown(axis.low), axis.shown(axis.high)
            raise BoundsError(
                f"{axis.name} is {axis.shown(value)}, outside what the question varies: "
                f"{low} to {high}"
            )
        return value

    return read


def _without_percent(raw: Any) -> Any:
    return raw.strip().removesuffix("%") if isinstance(raw, str) else raw
