"""From specs to committed run folders: what one process does with one group of runs.

All runs of a group share one compiled program per rung of the ladder. The coarse rungs are computed
first for the whole group; then the finest, chunk by chunk, and each chunk is refined (Richardson)
and committed as it ends, so that a signal or a crash loses at most the chunk in flight.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment, find
from aion_sci.process import prepare
from aion_sci.runs.folder import commit_run
from aion_sci.runs.members import solve_rung
from aion_sci.runs.record import Record
from aion_sci.runs.refine import Refined, refine
from aion_sci.runs.spec import RunSpec, file_digest

if TYPE_CHECKING:
    import xarray

    from aion_kernels.core.solution import Solution

__all__ = ["Step", "WorkOrder", "perform"]

_COMMIT_THREADS = 16  # a commit waits on the disk, not on a core; concurrent syncs share a flush


@dataclass(frozen=True)
class WorkOrder:
    """Runs that share a program, as plain data that can travel to a worker."""

    experiment: str
    specs: tuple[RunSpec, ...]
    root: Path
    """Folder of the store; the worker writes below ``root/runs``."""
    keep_fields: bool = False


@dataclass(frozen=True)
class Step:
    """A piece of work just finished, for progress and accounts."""

    committed: tuple[str, ...] = ()
    """Ids of the runs committed by it."""
    work: float = 0.0
    """Its share of the order's work; the shares of an order add up to 1."""
    compile_seconds: float = 0.0
    """Spent by a worker on what is done once: setting up its process, and compiling."""
    run_seconds: float = 0.0


def perform(
    order: WorkOrder,
    *,
    report: Callable[[Step], None],
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Compute every run of an order and commit it below ``order.root``.

    ``should_stop`` is asked between chunks; runs not reached by then are simply not committed.
    """
    begin = time.perf_counter()
    environment = prepare()
    report(Step(compile_seconds=time.perf_counter() - begin))
    experiment = find(order.experiment)
    _check_files(order.specs)
    rungs = _rungs(experiment, order.specs[0])
    shares = _work_shares(rungs)
    coarse: list[Solution] = []

    def solve(rung: int | None, keep_fields: bool, **hooks: Any) -> Solution:
        return solve_rung(experiment, order.specs, rung, keep_fields=keep_fields, **hooks)

    for rung, share in zip(rungs[:-1], shares[:-1], strict=True):
        solution = solve(rung, keep_fields=False, should_stop=should_stop)
        if should_stop():
            return
        coarse.append(solution)
        report(_step(solution, work=share))

    def commit_chunk(indices: np.ndarray, finest: Solution) -> None:
        ladder = [*(_rows(solution, indices) for solution in coarse), finest]
        refined = refine(experiment, rungs, ladder)
        with ThreadPoolExecutor(_COMMIT_THREADS) as pool:
            committed = pool.map(commit_one, indices.tolist(), range(len(indices)), refined)
            report(Step(tuple(committed), work=shares[-1] * len(indices) / len(order.specs)))

    def commit_one(index: int, row: int, result: Refined) -> str:
        spec = order.specs[index]
        record = Record(
            spec=spec,
            outcome=result.outcome.name,
            message="" if result.outcome == 0 else result.outcome.remedy,
            observables=result.readings,
            seconds=result.seconds,
            units=_units(experiment, spec),
            environment=environment,
        )
        fields = _dataset(experiment, result.fields) if order.keep_fields else None
        return commit_run(order.root, record, fields=fields, details=result.details).run_id

    report(
        _step(solve(rungs[-1], order.keep_fields, on_chunk=commit_chunk, should_stop=should_stop))
    )


def _check_files(specs: Sequence[RunSpec]) -> None:
    """Refuse to compute from a file that is not the one that was asked about."""
    for spec in specs:
        for name, digest in spec.files.items():
            path = str(spec.parameters[name])
            if file_digest(path) != digest:
                raise RequestError(f"{name} '{path}' was changed after the run was asked for")


def _rungs(experiment: Experiment, spec: RunSpec) -> tuple[int | None, ...]:
    """The values of the ladder's setting, coarse to fine; one None where there is no ladder."""
    ladder = experiment.fidelity
    return (None,) if ladder is None else ladder.rungs(int(spec.settings[ladder.name]))


def _work_shares(rungs: Sequence[int | None]) -> list[float]:
    """How the work divides over the rungs: cells squared times steps, about the third power."""
    weights = [1.0 if rung is None else float(rung) ** 3 for rung in rungs]
    return [weight / sum(weights) for weight in weights]


def _rows(solution: Solution, indices: np.ndarray) -> Solution:
    """The members at ``indices`` of a whole group's solution."""
    from aion_kernels.core.solution import Solution

    def take(tree: Any) -> Any:
        if isinstance(tree, Mapping):
            return {name: take(value) for name, value in tree.items()}
        return tree[indices]

    stats = {"member_seconds": solution.stats["member_seconds"][indices]}
    return Solution(take(solution.value), solution.outcome[indices], stats)


def _step(solution: Solution, work: float = 0.0) -> Step:
    return Step((), work, solution.stats["compile_seconds"], solution.stats["run_seconds"])


def _units(experiment: Experiment, spec: RunSpec) -> dict[str, str]:
    names = (*spec.parameters, *spec.settings)
    return {name: experiment.parameter(name).unit for name in names}


def _dataset(experiment: Experiment, arrays: Mapping[str, np.ndarray]) -> xarray.Dataset:
    """The fields of one run, labelled with dimensions, units and descriptions."""
    import xarray

    dataset = xarray.Dataset()
    for field in experiment.fields:
        attributes = {"units": field.unit, "long_name": field.description or field.name}
        dataset[field.name] = (field.dims, arrays[field.name], attributes)
    return dataset
