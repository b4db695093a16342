"""What happened in one run. A record never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aion_kernels.estimate import Estimate
from aion_sci.display import html_table
from aion_sci.runs.spec import RunSpec
from aion_sci.units import DIMENSIONLESS

__all__ = ["Reading", "Record"]


@dataclass(frozen=True)
class Reading:
    """An observable as measured: an estimate, its unit, and whether it is a result."""

    estimate: Estimate
    unit: str
    outcome: str = "ok"
    """``ok``, or why this observable is not a result, such as ``unresolved``."""

    @property
    def value(self) -> float:
        """The best value."""
        return self.estimate.value

    @property
    def error(self) -> float:
        """The combined error bar."""
        return self.estimate.error

    def to_json(self) -> dict[str, Any]:
        """The observable as the command line prints it; a non-finite number becomes null.

        ``outcome`` is there only where it is not ``ok``.
        """
        numbers = {
            "value": self.estimate.value,
            "error": self.estimate.error,
            "discretisation": self.estimate.discretisation,
            "sampling": self.estimate.sampling,
            "solver": self.estimate.solver,
        }
        finite = {name: _finite(number) for name, number in numbers.items()}
        why_not = {} if self.outcome == "ok" else {"outcome": self.outcome}
        return {"value": finite.pop("value"), "unit": self.unit, **finite, **why_not}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reading:
        """Read what :meth:`to_json` wrote; null becomes not-a-number."""
        parts = {
            name: float("nan") if data[name] is None else float(data[name])
            for name in ("value", "discretisation", "sampling", "solver")
        }
        return cls(Estimate(**parts), data["unit"], data.get("outcome", "ok"))


@dataclass(frozen=True)
class Record:
    """One committed run: what was asked, what came out, and what it was made with."""

    spec: RunSpec
    outcome: str
    """Name of the outcome; ``ok`` or the reason why the run is not a result."""
    message: str
    """The remedy where the outcome is not ``ok``, else empty."""
    observables: Mapping[str, Reading]
    seconds: float
    """Wall time of the run's share of its batch, compilation excluded."""
    units: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Unit of each parameter and setting."""
    environment: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """Size in bytes and SHA-256 of each file of the run folder, by name."""
    folder: Path | None = None
    cached: bool = False
    """Whether this record was found in the store rather than computed for this request."""

    @property
    def run_id(self) -> str:
        """The identity of the run."""
        return self.spec.id

    @property
    def ok(self) -> bool:
        """Whether every observable is a result."""
        return self.outcome == "ok"

    def result(self, observable: str) -> Reading | None:
        """The reading of an observable where it is a result; None where it is not."""
        reading = self.observables.get(observable)
        return reading if reading is not None and reading.outcome == "ok" else None

    def _repr_html_(self) -> str:
        given = {n: f"{e['value']} {e['unit']}" for n, e in self.parameters_json().items()}
        read = {
            name: f"{reading.value:.6g} ± {reading.error:.2g} {reading.unit}, {reading.outcome}"
            for name, reading in self.observables.items()
        }
        named = {"run": self.run_id, "experiment": self.spec.experiment, **given, **read}
        return html_table((), named.items())

    def to_json(self) -> dict[str, Any]:
        """The object that ``aion run --json`` prints."""
        return {
            "run_id": self.run_id,
            "experiment": self.spec.experiment,
            "parameters": self.parameters_json(),
            "observables": {n: r.to_json() for n, r in self.observables.items()},
            "outcome": self.outcome,
            "seconds": self.seconds,
        }

    def parameters_json(self) -> dict[str, dict[str, Any]]:
        """Parameters and settings with their units."""
        given = {**self.spec.parameters, **self.spec.settings}
        return {n: {"value": v, "unit": self.units.get(n, DIMENSIONLESS)} for n, v in given.items()}


def _finite(number: float) -> float | None:
    return number if number - number == 0.0 else None
