"""From specs to committed run folders: what one process does with one group of runs.

All runs of a group share one compiled program per rung of the ladder. The coarse rungs are computed
first for the whole group; then the finest, chunk by chunk, and each chunk is refined (Richardson)
and committed as it ends, so that a signal or a crash loses at most the chunk in flight.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aion_sci.experiments import Experiment, Value, find
from aion_sci.process import prepare
from aion_sci.runs.folder import commit_run
from aion_sci.runs.record import Record
from aion_sci.runs.refine import Refined, refine
from aion_sci.runs.spec import RunSpec

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
    from aion_kernels.core.ensemble import ensemble

    begin = time.perf_counter()
    environment = prepare()
    report(Step(compile_seconds=time.perf_counter() - begin))
    experiment = find(order.experiment)
    batch = _batch(experiment, order.specs)
    rungs = _rungs(experiment, order.specs[0])
    shares = _work_shares(rungs)
    coarse: list[Solution] = []

    def solve(rung: int | None, keep_fields: bool, **hooks: Any) -> Solution:
        static = _static(experiment, order.specs[0], rung)
        return ensemble(_member(experiment, static, keep_fields), batch, **hooks)

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


def _batch(experiment: Experiment, specs: Sequence[RunSpec]) -> dict[str, np.ndarray]:
    """The traced inputs of all runs, one array each."""
    real = np.dtype(str(specs[0].settings["precision"]))
    given = [{**spec.parameters, **spec.settings} for spec in specs]
    return {
        p.name: np.array(
            [values[p.name] for values in given], real if p.kind == "number" else np.int64
        )
        for p in experiment.traced
    }


def _rungs(experiment: Experiment, spec: RunSpec) -> tuple[int | None, ...]:
    """The values of the ladder's setting, coarse to fine; one None where there is no ladder."""
    ladder = experiment.fidelity
    return (None,) if ladder is None else ladder.rungs(int(spec.settings[ladder.name]))


def _work_shares(rungs: Sequence[int | None]) -> list[float]:
    """How the work divides over the rungs: cells squared times steps, about the third power."""
    weights = [1.0 if rung is None else float(rung) ** 3 for rung in rungs]
    return [weight / sum(weights) for weight in weights]


def _static(
    experiment: Experiment, spec: RunSpec, rung: int | None
) -> tuple[tuple[str, Value], ...]:
    """All that the program does not trace: texts, choices and settings, at one rung."""
    apart = {"precision", *(p.name for p in experiment.traced)}
    given = {**spec.parameters, **spec.settings}
    static = {name: value for name, value in given.items() if name not in apart}
    if experiment.fidelity is not None and rung is not None:
        static[experiment.fidelity.name] = rung
    return tuple(sorted(static.items()))


@functools.lru_cache(maxsize=64)  # the same function object: the compiled program is found again
def _member(
    experiment: Experiment, static: tuple[tuple[str, Value], ...], keep_fields: bool
) -> Callable[[Mapping[str, Any]], Solution]:
    from aion_kernels.core.solution import Solution

    def member(numbers: Mapping[str, Any]) -> Solution:
        measured = experiment(**numbers, **dict(static))
        value = {
            "observables": dict(measured.observables),
            "solver": dict(measured.solver),
            "sampling": dict(measured.sampling),
            "fields": dict(measured.fields) if keep_fields else {},
        }
        return Solution(value, measured.outcome, {})

    return member


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
