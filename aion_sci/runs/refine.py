"""From a ladder of grids to readings: each observable with its error split by source.

The discretisation error is Richardson's from the rungs of the ladder; where the observed order of
accuracy is not the stated one the observable is ``unresolved`` and is no result. What the solver
left over on any rung is the noise below which no order can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aion_kernels.estimate import Estimate
from aion_sci.experiments import Experiment
from aion_sci.runs.record import Reading

if TYPE_CHECKING:
    from aion_kernels.core.outcome import Outcome
    from aion_kernels.core.solution import Solution

__all__ = ["Refined", "refine"]


@dataclass(frozen=True)
class Refined:
    """One run's results over its whole ladder."""

    outcome: Outcome
    """The worst over the rungs and the observables."""
    readings: Mapping[str, Reading]
    seconds: float
    fields: Mapping[str, np.ndarray]
    details: Mapping[str, Any]
    """The values on each rung and the observed orders, as plain data."""


def refine(
    experiment: Experiment, rungs: Sequence[int | None], ladder: Sequence[Solution]
) -> list[Refined]:
    """Combine the rungs' solutions (coarse to fine, each over the same members) run by run."""
    from aion_kernels.core.outcome import Outcome

    solved = np.max([solution.outcome for solution in ladder], axis=0)
    finest = ladder[-1]
    observables = experiment.given(finest.value["observables"])
    columns = {o.name: _column(experiment, o.name, rungs, ladder) for o in observables}
    refined = []
    for row in range(len(solved)):
        codes = {name: max(int(solved[row]), int(c.outcome[row])) for name, c in columns.items()}
        readings = {
            o.name: Reading(columns[o.name].estimate(row), o.unit, Outcome(codes[o.name]).name)
            for o in observables
        }
        refined.append(
            Refined(
                outcome=Outcome(max(codes.values(), default=int(solved[row]))),
                readings=readings,
                seconds=float(sum(s.stats["member_seconds"][row] for s in ladder)),
                fields={name: array[row] for name, array in finest.value["fields"].items()},
                details={
                    "rungs": [rung for rung in rungs if rung is not None],
                    "ladder": {name: column.details(row) for name, column in columns.items()},
                },
            )
        )
    return refined


@dataclass(frozen=True)
class _Column:
    """One observable over all members of a chunk."""

    rungs: np.ndarray  # (rungs, members)
    value: np.ndarray
    discretisation: np.ndarray
    sampling: np.ndarray
    solver: np.ndarray
    order: np.ndarray
    outcome: np.ndarray

    def estimate(self, row: int) -> Estimate:
        return Estimate(
            float(self.value[row]),
            float(self.discretisation[row]),
            float(self.sampling[row]),
            float(self.solver[row]),
        )

    def details(self, row: int) -> dict[str, Any]:
        return {
            "values": [_finite(value) for value in self.rungs[:, row]],
            "observed_order": _finite(self.order[row]),
        }


def _column(
    experiment: Experiment, name: str, rungs: Sequence[int | None], ladder: Sequence[Solution]
) -> _Column:
    from aion_kernels.core.refinement import richardson

    computed = [np.asarray(s.value["observables"][name]) for s in ladder]
    values = np.array(computed, dtype=np.float64)
    solver, sampling = _bar(ladder, "solver", name), _bar(ladder, "sampling", name)
    members = values.shape[1]
    fidelity = experiment.fidelity
    if fidelity is None:
        nothing = np.zeros(members)
        return _Column(
            values, values[-1], nothing, sampling, solver, np.full(members, np.nan), nothing
        )
    sizes = [1.0 / rung for rung in rungs if rung is not None]
    noise = solver + sampling + _round_off(computed)
    result = richardson(values, sizes, order=fidelity.order, noise=noise)
    return _Column(
        values,
        result.value,
        result.error,
        sampling,
        solver,
        result.observed_order,
        result.outcome,
    )


def _bar(ladder: Sequence[Solution], source: str, name: str) -> np.ndarray:
    """The largest error bar of one source over the rungs; zero where none is given."""
    members = ladder[-1].outcome.shape
    bars = [np.broadcast_to(s.value[source].get(name, 0.0), members) for s in ladder]
    return np.max(np.abs(np.asarray(bars, dtype=np.float64)), axis=0)


def _round_off(values: Sequence[np.ndarray]) -> np.ndarray:
    """What the type that was computed with leaves open in each member; it matters in float32."""
    inexact = np.issubdtype(values[0].dtype, np.inexact)
    epsilon = float(np.finfo(values[0].dtype).eps) if inexact else 0.0
    return 4 * epsilon * np.max(np.abs(np.array(values, dtype=np.float64)), axis=0)


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
