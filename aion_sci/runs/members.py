"""All members of a group on one rung of the ladder, whichever way the experiment is written.

The function of a traced experiment is one member: it becomes one compiled program, run over the
group in chunks. The function of a batched experiment takes the group as a whole and runs programs
of its own. Either way the result is a :class:`Solution` of NumPy arrays over the members.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aion_kernels.invalid import InvalidInputError
from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment, Measured, Value
from aion_sci.experiments.evaluation import whole_batch
from aion_sci.runs.spec import RunSpec

if TYPE_CHECKING:
    from aion_kernels.core.solution import Solution

__all__ = ["solve_rung"]

OnChunk = Callable[[np.ndarray, "Solution"], None]


def solve_rung(
    experiment: Experiment,
    specs: Sequence[RunSpec],
    rung: int | None,
    *,
    keep_fields: bool = False,
    on_chunk: OnChunk | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Solution:
    """Solve every member of a group at one value of its ladder.

    Raises :class:`~aion_sci.errors.RequestError` for an input from which nothing can start.
    """
    batch, static = _batch(experiment, specs), _static(experiment, specs[0], rung)
    try:
        if experiment.batched:
            return _together(experiment, static, batch, len(specs), keep_fields, on_chunk)
        from aion_kernels.core.ensemble import ensemble

        member = _member(experiment, static, keep_fields)
        return ensemble(member, batch, on_chunk=on_chunk, should_stop=should_stop)
    except InvalidInputError as error:
        raise RequestError(f"{experiment.id}: {error}") from error


def _batch(experiment: Experiment, specs: Sequence[RunSpec]) -> dict[str, np.ndarray]:
    """The numbers of all runs, one array each."""
    real = np.dtype(str(specs[0].settings["precision"]))
    given = [{**spec.parameters, **spec.settings} for spec in specs]
    return {
        p.name: np.array(
            [values[p.name] for values in given], real if p.kind == "number" else np.int64
        )
        for p in experiment.traced
    }


def _static(
    experiment: Experiment, spec: RunSpec, rung: int | None
) -> tuple[tuple[str, Value], ...]:
    """All that is the same for the whole group: texts, choices and settings, at one rung."""
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
        return Solution(_value(measured, keep_fields), measured.outcome, {})

    return member


def _together(
    experiment: Experiment,
    static: tuple[tuple[str, Value], ...],
    batch: Mapping[str, np.ndarray],
    members: int,
    keep_fields: bool,
    on_chunk: OnChunk | None,
) -> Solution:
    from aion_kernels.core.solution import Solution

    begin = time.perf_counter()
    measured = whole_batch(experiment(**batch, **dict(static)), members)
    seconds = time.perf_counter() - begin
    stats = {
        "compile_seconds": 0.0,  # its programs are its own: what they took is in the run time
        "run_seconds": seconds,
        "member_seconds": np.full(members, seconds / members),
    }
    solution = Solution(_value(measured, keep_fields), measured.outcome, stats)
    if on_chunk is not None:
        on_chunk(np.arange(members), solution)
    return solution


def _value(measured: Measured, keep_fields: bool) -> dict[str, dict[str, Any]]:
    return {
        "observables": dict(measured.observables),
        "solver": dict(measured.solver),
        "sampling": dict(measured.sampling),
        "fields": dict(measured.fields) if keep_fields else {},
    }
