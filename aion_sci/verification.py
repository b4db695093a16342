"""Experiments held to what is published: the code behind ``aion verify``.

An experiment declares reference values with their sources and tolerances. Each is simulated at the
default resolution and compared; the observed order of accuracy of the same run is compared with the
order that the experiment states.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from aion_sci.errors import StoreError
from aion_sci.experiments import Experiment, Reference
from aion_sci.knowledge import KnowledgeStore
from aion_sci.research import verify_log
from aion_sci.runs.record import Record
from aion_sci.runs.spec import RunSpec
from aion_sci.runs.study import Study
from aion_sci.workbench import Workbench

__all__ = ["Check", "check_references", "store_problems"]

_ORDER_TOLERANCE = 0.3  # relative; the bound beyond which a ladder is not a result


@dataclass(frozen=True)
class Check:
    """One comparison of a simulated number with what it should be."""

    experiment: str
    point: str
    what: str
    expected: float
    found: float | None
    """None where the run gave no result."""
    error: float | None
    """Our own error bar on what was found."""
    tolerance: float
    """Largest accepted difference, relative like ``difference``."""
    source: str

    @property
    def difference(self) -> float | None:
        """Relative difference from what is expected; absolute where that is zero."""
        if self.found is None:
            return None
        return abs(self.found - self.expected) / (abs(self.expected) or 1.0)

    @property
    def passed(self) -> bool:
        """Whether there is a result within the tolerance."""
        return self.difference is not None and self.difference <= self.tolerance


def check_references(bench: Workbench, experiment: Experiment) -> list[Check]:
    """Simulate every point that a reference of the experiment names, and compare."""
    if not experiment.references:
        return []
    study = Study.explicit(experiment.id, [r.request for r in experiment.references])
    records = {record.run_id: record for record in bench.run(study)}
    checks: list[Check] = []
    for reference in experiment.references:
        spec = RunSpec.of(experiment, experiment.bind(reference.request))
        checks.extend(_compare(experiment, reference, records[spec.id]))
    return checks


def store_problems(store: KnowledgeStore) -> list[str]:
    """What is damaged in a store: files, index, and the chained logs of its campaigns."""
    found = [str(problem) for problem in store.verify()]
    for log in sorted((store.path / "campaigns").glob("*/log.jsonl")):
        try:
            verify_log(log)
        except StoreError as error:
            found.append(str(error))
    return found


def _compare(experiment: Experiment, reference: Reference, record: Record) -> Iterable[Check]:
    point = ", ".join(f"{name}={value:g}" for name, value in _numbers(reference))
    reading = record.result(reference.observable)
    yield Check(
        experiment.id,
        point,
        reference.observable,
        reference.value,
        None if reading is None else reading.value,
        None if reading is None else reading.error,
        reference.tolerance,
        reference.source,
    )
    order = _observed_order(record, reference.observable)
    if order is not None and experiment.fidelity is not None and experiment.fidelity.order:
        yield Check(
            experiment.id,
            point,
            f"order of {reference.observable}",
            experiment.fidelity.order,
            order,
            None,
            _ORDER_TOLERANCE,
            "stated order of the discretisation",
        )


def _numbers(reference: Reference) -> list[tuple[str, float]]:
    return [(n, float(v)) for n, v in reference.request.items() if not isinstance(v, str)]


def _observed_order(record: Record, observable: str) -> float | None:
    """The order seen on the run's ladder; None where differences are too small to tell."""
    if record.folder is None:
        return None
    stored = json.loads((record.folder / "observables.json").read_text(encoding="utf-8"))
    return stored["details"]["ladder"][observable]["observed_order"]
