"""Formulas of a law: a small language of arithmetic, read by our own parser and never executed.

    expression := term (('+' | '-') term)*
    term       := factor (('*' | '/') factor)*
    factor     := '-' factor | power
    power      := atom (('^' | '**') factor)?
    atom       := number ['[' unit ']'] | name | function '(' expression ')' | '(' expression ')'

Names are the parameters of the experiment, and ``pi``; functions are ``exp log sqrt sin cos tan
tanh abs``. A formula is checked for its dimension before anything runs: terms of a sum must agree,
arguments of functions and exponents must be plain numbers, and the whole must have the dimension of
the observable. A constant with a dimension says so: ``9.81 [m/s^2]``. Values are computed in SI
base units and given back in the observable's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aion_sci.errors import RequestError, UnknownNameError
from aion_sci.research.scope import Scope
from aion_sci.units import DIMENSIONLESS, Dimension, in_base_units

__all__ = ["Formula"]

_LONGEST = 400  # characters; also bounds the depth of the recursion
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<unit>\[[^\[\]]*\])|(?P<mark>\*\*|[-+*/^()]))"
)
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "cos": math.cos,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
}
_CONSTANTS = {"pi": math.pi}
_NONE: Dimension = ()


class _Node(NamedTuple):
    """One node of the tree: an operator with its operands, or a leaf."""

    kind: str
    """``number``, ``name``, ``neg``, an operator, or a function."""
    operands: tuple[_Node, ...] = ()
    number: float = 0.0
    text: str = ""
    """The name of a name, the unit of a number."""


@dataclass(frozen=True)
class Formula:
    """A parsed formula."""

    text: str
    tree: _Node

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Read a formula; raises :class:`~aion_sci.errors.RequestError` where it is none."""
        return cls(text.strip(), _Parser(text).whole())

    @property
    def names(self) -> frozenset[str]:
        """The parameters that occur."""
        return frozenset(_names(self.tree)) - set(_CONSTANTS)

    def mismatch(self, scope: Scope, unit: str) -> str | None:
        """What is wrong with names or dimensions in a scope; None when nothing is."""
        try:
            found = _dimension(self.tree, _dimensions(self.names, scope))
            wanted = in_base_units(unit).dimension
        except RequestError as error:
            return str(error)
        if found != wanted:
            return (
                f"the formula has the dimension {_shown(found)}, the observable {_shown(wanted)}; "
                "give its constant a unit, as in 9.81 [m/s^2]"
            )
        return None

    def value(self, point: Mapping[str, float], scope: Scope, unit: str) -> float:
        """The value at a point of the box, in ``unit``; NaN where the formula has none."""
        given = {**scope.fixed, **point}
        values = {
            name: float(given[name]) * in_base_units(scope.source.parameter(name).unit).factor
            for name in self.names
        }
        try:
            return _value(self.tree, {**_CONSTANTS, **values}) / in_base_units(unit).factor
        except (ValueError, ArithmeticError):
            return math.nan


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise RequestError(f"the formula has {len(text)} characters; at most {_LONGEST}")
        self.tokens: list[tuple[str, str]] = []
        self.depth, place = 0, 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise RequestError(f"the formula cannot be read at '{text[place : place + 12]}'")
            self.tokens.append((match.lastgroup or "", match.group(match.lastgroup or "")))
            place = match.end()
        self.tokens.append(("end", "end"))

    def whole(self) -> _Node:
        tree = self._sum()
        if self._next[0] != "end":
            raise RequestError(f"the formula has '{self._next[1]}' where it should end")
        return tree

    @property
    def _next(self) -> tuple[str, str]:
        return self.tokens[0]

    def _take(self) -> str:
        return self.tokens.pop(0)[1]

    def _sum(self) -> _Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise RequestError("the formula is nested too deeply")
        left = self._product()
        while self._next[1] in ("+", "-"):
            left = _Node(self._take(), (left, self._product()))
        self.depth -= 1
        return left

    def _product(self) -> _Node:
        left = self._factor()
        while self._next[1] in ("*", "/"):
            left = _Node(self._take(), (left, self._factor()))
        return left

    def _factor(self) -> _Node:
        signs = 0
        while self._next[1] == "-":
            signs += 1
            self._take()
        inner = self._power()
        return _Node("neg", (inner,)) if signs % 2 else inner

    def _power(self) -> _Node:
        base = self._atom()
        if self._next[1] not in ("^", "**"):
            return base
        self._take()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise RequestError("the formula is nested too deeply")
        power = _Node("^", (base, self._factor()))
        self.depth -= 1
        return power

    def _atom(self) -> _Node:
        kind, text = self._next
        if kind == "number":
            self._take()
            unit = self._take()[1:-1].strip() if self._next[0] == "unit" else DIMENSIONLESS
            return _Node("number", number=float(text), text=unit or DIMENSIONLESS)
        if kind == "name":
            self._take()
            if text in _FUNCTIONS:
                return _Node(text, (self._bracket(f"the argument of {text}"),))
            return _Node("name", text=text)
        if text == "(":
            return self._bracket("a bracket")
        raise RequestError(f"the formula has '{text}' where a number or a name should stand")

    def _bracket(self, what: str) -> _Node:
        if self._next[1] != "(":
            raise RequestError(f"{what} needs '('")
        self._take()
        inner = self._sum()
        if self._next[1] != ")":
            raise RequestError(f"{what} is not closed: ')' is missing")
        self._take()
        return inner


def _names(node: _Node) -> list[str]:
    own = [node.text] if node.kind == "name" else []
    return own + [name for operand in node.operands for name in _names(operand)]


def _dimensions(names: frozenset[str], scope: Scope) -> dict[str, Dimension]:
    """The dimension of each parameter that a formula names; one that is unknown is refused."""
    axes = {axis.name for axis in scope.axes}
    known = axes | {n for n, v in scope.fixed.items() if not isinstance(v, str)}
    dimensions: dict[str, Dimension] = dict.fromkeys(_CONSTANTS, _NONE)
    for name in names:
        if name not in known:
            raise UnknownNameError("name in the formula", name, known | set(_CONSTANTS))
        dimensions[name] = in_base_units(scope.source.parameter(name).unit).dimension
    return dimensions


def _dimension(node: _Node, known: Mapping[str, Dimension]) -> Dimension:
    """The dimension of a node; raises ``RequestError`` where the formula mixes them."""
    if node.kind == "number":
        return in_base_units(node.text).dimension
    if node.kind == "name":
        return known[node.text]
    found = [_dimension(operand, known) for operand in node.operands]
    match node.kind:
        case "neg" | "abs":
            return found[0]
        case "+" | "-":
            if found[0] != found[1]:
                raise RequestError(
                    f"the formula adds {_shown(found[0])} and {_shown(found[1])}; a sum needs one "
                    "dimension"
                )
            return found[0]
        case "*" | "/":
            return _combined(found[0], found[1], 1.0 if node.kind == "*" else -1.0)
        case "sqrt":
            return _combined(_NONE, found[0], 0.5)
        case "^":
            return _raised(node, found[0], found[1])
    if found[0]:
        raise RequestError(f"{node.kind} takes a plain number, not {_shown(found[0])}")
    return _NONE


def _raised(node: _Node, base: Dimension, exponent: Dimension) -> Dimension:
    if exponent:
        raise RequestError(f"an exponent is a plain number, not {_shown(exponent)}")
    if not base:
        return _NONE
    if _names(node.operands[1]):
        raise RequestError(f"{_shown(base)} is raised to a power that varies; use a number there")
    try:
        return _combined(_NONE, base, _value(node.operands[1], _CONSTANTS))
    except (ValueError, ArithmeticError) as error:
        raise RequestError("the formula has an exponent without a value") from error


def _combined(first: Dimension, second: Dimension, power: float) -> Dimension:
    """The dimension of ``first`` × ``second`` to a power."""
    powers = dict(first)
    for name, exponent in second:
        powers[name] = round(powers.get(name, 0.0) + power * exponent, 9)
    return tuple(sorted((name, exponent) for name, exponent in powers.items() if exponent))


def _value(node: _Node, values: Mapping[str, float]) -> float:
    if node.kind == "number":
        return node.number * in_base_units(node.text).factor
    if node.kind == "name":
        return values[node.text]
    found = [_value(operand, values) for operand in node.operands]
    match node.kind:
        case "neg":
            return -found[0]
        case "+":
            return found[0] + found[1]
        case "-":
            return found[0] - found[1]
        case "*":
            return found[0] * found[1]
        case "/":
            return found[0] / found[1]
        case "^":
            return math.pow(found[0], found[1])
    return _FUNCTIONS[node.kind](found[0])


def _shown(dimension: Dimension) -> str:
    words = [name if power == 1 else f"{name}^{power:g}" for name, power in dimension]
    return " ".join(words) or "of a plain number"
