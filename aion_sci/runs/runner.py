"""The runner: answers a study from the store where it can and computes the rest.

A run that is committed in the store is never computed again. What is missing is grouped by compiled
program, split over the executor's workers, and read back from the run folders: the folders are the
truth, whatever a worker says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from aion_sci.errors import RequestError, RunFailedError, StoppedError
from aion_sci.runs.compute import Step, WorkOrder
from aion_sci.runs.folder import find_run
from aion_sci.runs.record import Record
from aion_sci.runs.spec import RunSpec
from aion_sci.runs.study import Study

__all__ = ["Executor", "Progress", "run_study"]


class Executor(Protocol):
    """Where runs happen: at least once, idempotent by run id."""

    @property
    def workers(self) -> int:
        """How many orders it works on at a time."""
        ...

    def run(
        self,
        orders: Sequence[WorkOrder],
        report: Callable[[Step], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Perform the orders; returns early when ``should_stop`` turns true."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a study has come. Compile time is kept apart from run time."""

    total: int
    done: int = 0
    """Runs answered, cached ones included."""
    cached: int = 0
    work: float = 0.0
    """Share of the work to compute that is done, from 0 to 1."""
    elapsed: float = 0.0
    """Seconds since the study began."""
    compile_seconds: float = 0.0
    """Spent on setting up and compiling, averaged over the workers that do so at once."""
    run_seconds: float = 0.0

    @property
    def rate(self) -> float | None:
        """Runs computed per second, compilation excluded; None before the first."""
        spent = self.elapsed - self.compile_seconds
        fresh = self.done - self.cached
        return fresh / spent if fresh and spent > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Expected from the work done so far; None before there is any."""
        spent = max(0.0, self.elapsed - self.compile_seconds)
        return spent * (1 - self.work) / self.work if self.work > 0 else None


def run_study(
    study: Study,
    root: Path,
    executor: Executor,
    *,
    keep_fields: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Record]:
    """The records of a study's runs, in its order, computed where the store lacks them.

    ``keep_fields`` computes a run again whose fields were not kept. Raises
    :class:`~aion_sci.errors.RequestError` when there are none to keep, and
    :class:`~aion_sci.errors.StoppedError` when ``should_stop`` turned true before the end:
    what was finished is committed, and the same call goes on from there.
    """
    if keep_fields and not study.experiment.fields:
        raise RequestError(f"{study.experiment.id} gives no fields, only observables")
    found = {spec.id: _cached(root, spec, keep_fields) for spec in study.specs}
    missing = [spec for spec in study.specs if found[spec.id] is None]
    cached = len(study.specs) - len(missing)
    progress = Progress(total=len(study.specs), done=cached, cached=cached)
    on_progress(progress)
    if not missing:
        return _in_order(study, found)

    orders = _orders(Study(study.experiment, tuple(missing)), root, executor.workers, keep_fields)
    at_once = min(executor.workers, len(orders))
    begin = time.monotonic()

    def report(step: Step) -> None:
        nonlocal progress
        progress = replace(
            progress,
            done=progress.done + len(step.committed),
            work=min(1.0, progress.work + step.work / len(orders)),
            elapsed=time.monotonic() - begin,
            compile_seconds=progress.compile_seconds + step.compile_seconds / at_once,
            run_seconds=progress.run_seconds + step.run_seconds,
        )
        on_progress(progress)

    executor.run(orders, report, should_stop)
    found |= {spec.id: find_run(root, spec.id) for spec in missing}
    lost = [run_id for run_id, record in found.items() if record is None]
    if not lost:  # whatever news of a worker was lost or came twice, the folders are the truth
        on_progress(replace(progress, done=progress.total, work=1.0))
    if lost and should_stop():
        raise StoppedError(
            f"stopped with {len(found) - len(lost)} of {len(found)} runs done; "
            "the same command goes on from there"
        )
    if lost:
        raise RunFailedError(f"{len(lost)} runs left no committed folder, the first is {lost[0]}")
    return _in_order(study, found)


def _cached(root: Path, spec: RunSpec, keep_fields: bool) -> Record | None:
    record = find_run(root, spec.id)
    if record is None or (keep_fields and "fields.nc" not in record.files):
        return None
    return replace(record, cached=True)


def _in_order(study: Study, found: dict[str, Record | None]) -> list[Record]:
    return [record for spec in study.specs if (record := found[spec.id]) is not None]


def _orders(study: Study, root: Path, workers: int, keep_fields: bool) -> list[WorkOrder]:
    """One order a group and worker; neighbours in the design go to different workers."""
    parts = [group[i::workers] for group in study.groups for i in range(min(workers, len(group)))]
    return [WorkOrder(study.experiment.id, part, root.resolve(), keep_fields) for part in parts]
