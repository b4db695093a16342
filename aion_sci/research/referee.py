"""The same runs on an independent engine: what the referee of an experiment measures.

A referee is a function with the experiment's own arguments that computes the same observables by
other code, such as PySCF or DOLFINx. It climbs the experiment's ladder, so that its readings carry
error bars of their own, and its runs are committed to a folder apart: they are no runs of the
experiment, and never stand in for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aion_sci.experiments import Experiment
from aion_sci.process import prepare
from aion_sci.runs.folder import commit_run, find_run
from aion_sci.runs.members import solve_rung
from aion_sci.runs.record import Record
from aion_sci.runs.refine import refine
from aion_sci.runs.spec import RunSpec
from aion_sci.runs.study import Study

__all__ = ["referee_records"]


def referee_records(experiment: Experiment, specs: Sequence[RunSpec], root: Path) -> list[Record]:
    """What the referee measures for these specs, in their order; kept below ``root``.

    Raises :class:`~aion_sci.errors.RequestError` where the engine is not installed or refuses.
    """
    engine = experiment.referee
    assert engine is not None, "the caller has seen that there is a referee"
    judge = replace(experiment, function=engine.function, batched=True, referee=None)
    environment = {**prepare(), "referee": engine.engine}
    missing = tuple(spec for spec in specs if find_run(root, spec.id) is None)
    for group in Study(experiment, missing).groups if missing else ():
        rungs = _rungs(judge, group[0])
        ladder = [solve_rung(judge, group, rung) for rung in rungs]
        for spec, result in zip(group, refine(judge, rungs, ladder), strict=True):
            given = (*spec.parameters, *spec.settings)
            record = Record(
                spec=spec,
                outcome=result.outcome.name,
                message="" if result.outcome == 0 else result.outcome.remedy,
                observables=result.readings,
                seconds=result.seconds,
                units={name: experiment.parameter(name).unit for name in given},
                environment=environment,
            )
            commit_run(root, record, details=result.details)
    found = [find_run(root, spec.id) for spec in specs]
    return [record for record in found if record is not None]


def _rungs(experiment: Experiment, spec: RunSpec) -> tuple[int | None, ...]:
    ladder = experiment.fidelity
    return (None,) if ladder is None else ladder.rungs(int(spec.settings[ladder.name]))
