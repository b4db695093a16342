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
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from aion_sci.errors import RequestError, UnknownNameError
from aion_sci.experiments.declaration import (
    Field,
    Ladder,
    Measured,
    Observable,
    Parameter,
    Referee,
    Reference,
    Value,
)

__all__ = [
    "Experiment",
    "Field",
    "Ladder",
    "Measured",
    "Observable",
    "Parameter",
    "Point",
    "Referee",
    "Reference",
    "Value",
    "experiment",
]

_ID = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
_PRECISIONS = ("float64", "float32")


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
    batched: bool = False
    """Whether the function takes all members at once, on the host; see :func:`experiment`."""
    referee: Referee | None = None
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
        wanted = {n for n in names if n != "precision"}
        referee = () if self.referee is None else (self.referee.function,)
        for function in (self.function, *referee):
            accepted = set(inspect.signature(function).parameters)
            if accepted != wanted:
                raise ValueError(
                    f"experiment '{self.id}' declares {sorted(wanted)} "
                    f"but {function.__name__} takes {sorted(accepted)}"
                )

    def __call__(self, **arguments: Any) -> Measured:
        """Evaluate the function itself: no validation, no ladder."""
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
        for observable in self.observables:
            if observable.stands_for(name):
                return replace(observable, name=name, numbered=False)
        known = [f"{o.name}_1" if o.numbered else o.name for o in self.observables]
        raise UnknownNameError(f"observable of {self.id}", name, known)

    def given(self, names: Iterable[str]) -> list[Observable]:
        """The observables declared, each numbered one as those among ``names`` that it numbers."""
        names = list(names)
        found: list[Observable] = []
        for declared in self.observables:
            if not declared.numbered:
                found.append(declared)
                continue
            numbered = [name for name in names if declared.stands_for(name)]
            numbered.sort(key=lambda name: int(name.rpartition("_")[2]))
            found.extend(self.observable(name) for name in numbered)
        return found

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
    batched: bool = False,
    referee: Referee | None = None,
    cost: Callable[[Mapping[str, Any]], float] | None = None,
) -> Callable[[Callable[..., Measured]], Experiment]:
    """Declare a function as an experiment; its module's docstring is the datasheet.

    The function is one member of a batch, and traced: numbers in, arrays out. A ``batched`` one is
    called outside any program with all members at once, each number and the seed as a NumPy array
    of shape ``(members,)``; what it returns has the same leading axis or holds for all. That is for
    what needs an engine on the host, or sizes and capacities that depend on the numbers.
    """

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
            batched=batched,
            referee=referee,
            cost=cost,
            datasheet=inspect.cleandoc(module.__doc__ or function.__doc__ or ""),
        )

    return declare
