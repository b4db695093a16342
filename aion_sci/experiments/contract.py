"""What an experiment is: a named pure function from parameters to observables.

The declaration around the function is all that a planner, the command line and the store see:
parameters with units and bounds, observables with units, a ladder of fidelities from which the
discretisation error follows, and the module's docstring as the datasheet. The function itself is
one member of a batch: numbers in, arrays out; jit, vmap and grad pass through it.

    @experiment(
        id="cfd.heated_cavity",
        parameters=[Parameter("rayleigh", "1", low=1e2, high=1e6, default=1e4, scale="log")],
        observables=[Observable("nusselt", "1", "mean heat flux over pure conduction")],
        fidelity=Ladder("resolution", default=64, low=16, high=256, order=2.0),
    )
    def heated_cavity(rayleigh, *, resolution):
        from aion_kernels.cfd import ...      # kernels are imported when the experiment runs
        return Measured(observables={"nusselt": ...})

A catalogue file imports no jax at its top: listing the catalogue must be instant.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from aion_sci.errors import BoundsError, RequestError, UnknownNameError
from aion_sci.units import check_unit, parse_quantity

__all__ = [
    "Experiment",
    "Field",
    "Ladder",
    "Measured",
    "Observable",
    "Parameter",
    "Point",
    "Reference",
    "Value",
    "experiment",
]

Value = float | int | str
"""A parameter's value once read: in the unit that the parameter declares."""

Kind = Literal["number", "integer", "choice", "text", "file"]

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_ID = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
_PRECISIONS = ("float64", "float32")
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


@dataclass(frozen=True)
class Observable:
    """One output: what is measured, in which unit."""

    name: str
    unit: str = "1"
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"observable name '{self.name}' is not lower_snake_case")
        check_unit(self.unit)


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


class Point(NamedTuple):
    """One validated request: parameters in their units, and the numerical settings."""

    parameters: dict[str, Value]
    settings: dict[str, Value]


@dataclass(frozen=True)
class Experiment:
    """A registered experiment. Make one with the :func:`experiment` decorator."""

    id: str
    function: Callable[..., Measured]
    parameters: tuple[Parameter, ...]
    observables: tuple[Observable, ...]
    fields: tuple[Field, ...] = ()
    references: tuple[Reference, ...] = field(default=(), hash=False)
    fidelity: Ladder | None = None
    seeded: bool = False
    cost: Callable[[Mapping[str, Any]], float] | None = None
    """Core-seconds of one run from its settings; an estimate for planning."""
    datasheet: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ValueError(f"experiment id '{self.id}' is not of the form domain.name")
        names = [p.name for p in self.parameters] + [s.name for s in self.settings]
        taken = [*names, *(o.name for o in self.observables)]
        repeated = {n for n in taken if taken.count(n) > 1}
        if repeated:
            raise ValueError(f"experiment '{self.id}' uses a name twice: {sorted(repeated)}")
        for reference in self.references:
            self.bind(reference.request)
            self.observable(reference.observable)
        accepted = set(inspect.signature(self.function).parameters)
        wanted = {n for n in names if n != "precision"}
        if accepted != wanted:
            raise ValueError(
                f"experiment '{self.id}' declares {sorted(wanted)} "
                f"but its function takes {sorted(accepted)}"
            )

    def __call__(self, **arguments: Any) -> Measured:
        """Evaluate the function itself: no validation, no ladder, traceable."""
        return self.function(**arguments)

    @property
    def summary(self) -> str:
        """The first line of the datasheet."""
        return self.datasheet.strip().splitlines()[0] if self.datasheet.strip() else ""

    @property
    def settings(self) -> tuple[Parameter, ...]:
        """The numerical settings that this experiment takes, as parameters."""
        found = [] if self.fidelity is None else [self.fidelity.parameter()]
        if self.seeded:
            found.append(
                Parameter(
                    "seed", "1", "seed of the random numbers", 0, 2**31 - 1, 0, kind="integer"
                )
            )
        found.append(
            Parameter(
                "precision",
                "1",
                "floating-point type of the computation",
                default="float64",
                kind="choice",
                choices=_PRECISIONS,
            )
        )
        return tuple(found)

    @property
    def traced(self) -> tuple[Parameter, ...]:
        """What one compiled program takes as numbers: the numeric parameters and the seed."""
        numbers = [p for p in self.parameters if p.numeric]
        return (*numbers, *(s for s in self.settings if self.seeded and s.name == "seed"))

    def parameter(self, name: str) -> Parameter:
        """The parameter or setting called ``name``; an unknown name suggests the nearest."""
        known = {p.name: p for p in (*self.parameters, *self.settings)}
        if name not in known:
            raise UnknownNameError(f"parameter of {self.id}", name, known)
        return known[name]

    def observable(self, name: str) -> Observable:
        """The observable called ``name``; an unknown name suggests the nearest."""
        known = {o.name: o for o in self.observables}
        if name not in known:
            raise UnknownNameError(f"observable of {self.id}", name, known)
        return known[name]

    def bind(self, values: Mapping[str, Value]) -> Point:
        """Validate a request and fill in defaults.

        Raises the :class:`~aion_sci.errors.RequestError` family for unknown names, wrong units,
        values outside their box and missing parameters that have no default.
        """
        for name in values:
            self.parameter(name)
        parameters = {p.name: self._value(p, values) for p in self.parameters}
        settings = {s.name: self._value(s, values) for s in self.settings}
        if self.fidelity is not None:
            settings[self.fidelity.name] = self.fidelity.read(settings[self.fidelity.name])
        return Point(parameters, settings)

    def _value(self, parameter: Parameter, values: Mapping[str, Value]) -> Value:
        if parameter.name in values:
            return parameter.read(values[parameter.name])
        if parameter.default is None:
            raise RequestError(f"{self.id} needs a value for '{parameter.name}'; it has no default")
        return parameter.read(parameter.default)

    def estimated_seconds(self, settings: Mapping[str, Value]) -> float | None:
        """Core-seconds of one run at these settings; None when the experiment gives no figure."""
        if self.cost is None:
            return None
        seconds = self.cost(settings)
        return seconds if math.isfinite(seconds) else None


def experiment(
    *,
    id: str,  # the word the contract uses; it shadows the builtin only as a keyword
    parameters: Sequence[Parameter],
    observables: Iterable[Observable],
    fields: Iterable[Field] = (),
    references: Iterable[Reference] = (),
    fidelity: Ladder | None = None,
    seeded: bool = False,
    cost: Callable[[Mapping[str, Any]], float] | None = None,
) -> Callable[[Callable[..., Measured]], Experiment]:
    """Declare a function as an experiment; its module's docstring is the datasheet."""

    def declare(function: Callable[..., Measured]) -> Experiment:
        module = sys.modules[function.__module__]
        return Experiment(
            id=id,
            function=function,
            parameters=tuple(parameters),
            observables=tuple(observables),
            fields=tuple(fields),
            references=tuple(references),
            fidelity=fidelity,
            seeded=seeded,
            cost=cost,
            datasheet=inspect.cleandoc(module.__doc__ or function.__doc__ or ""),
        )

    return declare
