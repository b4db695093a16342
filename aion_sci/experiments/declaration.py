"""The parts of an experiment's declaration: what goes in, what comes out, and how well.

Each part validates itself when it is made, so that a wrong declaration fails on import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from aion_sci.errors import BoundsError, RequestError, UnknownNameError
from aion_sci.units import check_unit, parse_quantity

__all__ = [
    "Field",
    "Ladder",
    "Measured",
    "Observable",
    "Parameter",
    "Referee",
    "Reference",
    "Value",
]

Value = float | int | str
"""A parameter's value once read: in the unit that the parameter declares."""

Kind = Literal["number", "integer", "choice", "text", "file"]

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_LARGEST_INTEGER = 2**53  # beyond it a float, through which every number is read, skips some


@dataclass(frozen=True)
class Parameter:
    """One input: a number with a unit, an integer, a choice, a text or a file."""

    name: str
    unit: str = "1"
    description: str = ""
    low: float | None = None
    high: float | None = None
    default: Value | None = None
    scale: Literal["linear", "log"] = "linear"
    kind: Kind = "number"
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"parameter name '{self.name}' is not lower_snake_case")
        check_unit(self.unit)
        if self.kind == "choice" and not self.choices:
            raise ValueError(f"parameter '{self.name}' is a choice without choices")
        if self.scale == "log" and not (self.low is not None and self.low > 0):
            raise ValueError(f"parameter '{self.name}' is logarithmic and needs a low above 0")
        if self.default is not None:
            self.read(self.default)

    @property
    def numeric(self) -> bool:
        """Whether the value is a number that a program can trace."""
        return self.kind in ("number", "integer")

    def read(self, raw: Value) -> Value:
        """Validate one raw value and return it in this parameter's unit."""
        if self.kind == "choice":
            if str(raw) not in self.choices:
                raise UnknownNameError(self.name, str(raw), self.choices)
            return str(raw)
        if self.kind == "file":
            return _existing_file(self.name, str(raw))
        if not self.numeric:
            return str(raw)
        number = parse_quantity(raw, self.unit, name=self.name)
        self._check_box(number)
        if self.kind == "number":
            return number
        if number != int(number):
            raise RequestError(f"{self.name} is {raw}; a whole number is needed")
        if abs(number) > _LARGEST_INTEGER:
            raise BoundsError(f"{self.name} is {raw}; a whole number goes up to 2^53")
        return int(number)

    def _check_box(self, number: float) -> None:
        unit = "" if self.unit == "1" else f" {self.unit}"
        if self.low is not None and number < self.low:
            raise BoundsError(
                f"{self.name} is {number:g}{unit}, below its lower bound {self.low:g}{unit}"
            )
        if self.high is not None and number > self.high:
            raise BoundsError(
                f"{self.name} is {number:g}{unit}, above its upper bound {self.high:g}{unit}"
            )


def _existing_file(name: str, path: str) -> str:
    """The absolute path of a file that is there; an empty text stands for none."""
    if path and not Path(path).is_file():
        raise RequestError(f"{name} is '{path}', and there is no such file; give its path")
    return path and str(Path(path).resolve())


@dataclass(frozen=True)
class Observable:
    """One output: what is measured, in which unit.

    A ``numbered`` one stands for as many as the request has: ``frequency`` for ``frequency_1``,
    ``frequency_2`` and so on.
    """

    name: str
    unit: str = "1"
    description: str = ""
    numbered: bool = False

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"observable name '{self.name}' is not lower_snake_case")
        check_unit(self.unit)

    @property
    def label(self) -> str:
        """The name as a catalogue shows it."""
        return f"{self.name}_1…" if self.numbered else self.name

    def stands_for(self, name: str) -> bool:
        """Whether ``name`` is this observable, or one of those that it numbers."""
        if not self.numbered:
            return name == self.name
        stem, _, number = name.rpartition("_")
        return stem == self.name and number.isdecimal() and number[0] != "0"


@dataclass(frozen=True)
class Field:
    """An array that a run can keep beside its observables, at the finest rung.

    A field whose only dimension is its own name is a coordinate.
    """

    name: str
    dims: tuple[str, ...]
    unit: str = "1"
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"field name '{self.name}' is not lower_snake_case")
        check_unit(self.unit)


@dataclass(frozen=True)
class Reference:
    """A published value that the experiment has to meet at its default resolution."""

    request: Mapping[str, Value]
    """Parameter values; what is not named takes its default."""
    observable: str
    value: float
    """In the observable's unit."""
    tolerance: float
    """Largest accepted relative difference."""
    source: str
    """Where the value is published."""


@dataclass(frozen=True)
class Ladder:
    """A numerical setting whose refinement gives the discretisation error.

    A run at value n is computed on the rungs ``fractions × n``; the mesh size of a rung is its
    inverse. ``order`` is the formal order of accuracy; None stands for spectral convergence, whose
    error is the last difference.
    """

    name: str = "resolution"
    default: int = 64
    low: int = 8
    high: int = 1024
    order: float | None = 2.0
    fractions: tuple[float, ...] = (0.5, 0.75, 1.0)
    multiple: int = 2
    description: str = "cells along each axis of the finest grid"

    def __post_init__(self) -> None:
        if list(self.fractions) != sorted(self.fractions) or self.fractions[-1] != 1.0:
            raise ValueError(f"fractions {self.fractions} must rise to 1")

    def rungs(self, value: int) -> tuple[int, ...]:
        """The grids of a run at ``value``, coarse to fine, each a multiple of ``multiple``."""
        step = self.multiple
        return tuple(max(step, round(f * value / step) * step) for f in self.fractions)

    def parameter(self) -> Parameter:
        """The setting as a parameter, for reading and listing."""
        return Parameter(
            self.name, "1", self.description, self.low, self.high, self.default, kind="integer"
        )

    def read(self, raw: Value) -> int:
        """Validate a value of the setting."""
        value = int(self.parameter().read(raw))
        if value % self.multiple:
            raise RequestError(f"{self.name} is {value}; a multiple of {self.multiple} is needed")
        if len(set(self.rungs(value))) != len(self.fractions):
            raise BoundsError(f"{self.name} is {value}, too small for {len(self.fractions)} rungs")
        return value


class Measured(NamedTuple):
    """What an experiment's function returns for one member; a pytree, so its mappings are dicts."""

    observables: Mapping[str, Any]
    """Scalars by observable name, in the declared units."""
    fields: Mapping[str, Any] = {}
    """Arrays by field name, of the declared dimensions; all or none of the declared fields."""
    outcome: Any = 0
    """An :class:`aion_kernels.core.outcome.Outcome` code."""
    solver: Mapping[str, Any] = {}
    """Error bar by observable from stopping a solver early; zero where absent."""
    sampling: Mapping[str, Any] = {}
    """One standard error by observable from averaging noise; zero where absent."""


@dataclass(frozen=True)
class Referee:
    """An independent engine that measures the same observables from the same request."""

    engine: str
    """Its name, such as "PySCF"."""
    function: Callable[..., Measured]
    """Called like the function of a batched experiment."""
