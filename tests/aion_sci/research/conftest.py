"""Synthetic experiments with known truths, and a runner that computes them without kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aion_kernels.estimate import Estimate
from aion_sci.experiments import Experiment, Measured, Observable, Parameter, registry
from aion_sci.experiments.contract import Ladder
from aion_sci.knowledge import KnowledgeStore
from aion_sci.research.design import Design, part_confidence
from aion_sci.research.document import parse_document
from aion_sci.research.hypothesis import parse_hypothesis
from aion_sci.research.scope import Axis, Scope
from aion_sci.research.verdicts import default_test
from aion_sci.runs.code import code_version
from aion_sci.runs.folder import commit_run, find_run
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.study import Study

Truth = Callable[[Mapping[str, float]], float]


def _declare(name: str, unit: str = "W") -> Experiment:
    def function(drive, friction, *, resolution):
        return Measured({"response": drive})

    return Experiment(
        id=f"toy.{name}",
        function=function,
        parameters=(
            Parameter("drive", "m/s", low=0.1, high=1e7, default=10.0, scale="log"),
            Parameter("friction", "1", low=0.0, high=1.0, default=0.5),
        ),
        observables=(Observable("response", unit), Observable("heat", "J")),
        fidelity=Ladder("resolution", default=64),
        datasheet="A synthetic experiment.",
    )


def _odd(shape, length, count, *, seed):
    return Measured({"response": length})


ODD = Experiment(
    id="toy.odd",
    function=_odd,
    parameters=(
        Parameter("shape", kind="choice", choices=("disc", "ring")),
        Parameter("length", "nm", low=0.5, high=50.0),
        Parameter("count", low=1, high=100, default=2, kind="integer"),
    ),
    observables=(Observable("response", "W"),),
    seeded=True,
    cost=lambda settings: 2.0,
    datasheet="An experiment with a choice, a length and a whole number.",
)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> dict[str, Experiment]:
    """Register the synthetic experiments in place of the catalogue."""
    listed = {toy.id: toy for toy in (_declare("wire"), ODD)}
    monkeypatch.setattr(registry, "experiments", lambda: listed)
    return listed


class Bench:
    """A runner over a truth: deterministic, counted, and able to fail or be noisy on purpose."""

    def __init__(
        self,
        truth: Truth,
        *,
        discretisation: float = 0.0,
        sampling: float = 0.0,
        noise: Callable[[], float] | None = None,
        fails: Callable[[Mapping[str, float]], bool] = lambda point: False,
        seconds: float = 0.01,
    ) -> None:
        self.truth, self.noise, self.fails, self.seconds = truth, noise, fails, seconds
        self.discretisation, self.sampling = discretisation, sampling
        self.computed: list[str] = []

    def __call__(self, study: Study, purpose: str) -> list[Record]:
        return [self.record(spec) for spec in study.specs]

    def record(self, spec) -> Record:
        self.computed.append(spec.id)
        bad = self.fails(spec.parameters)
        value = self.truth(spec.parameters)
        error = self.discretisation * abs(value)
        spread = self.sampling * abs(value)
        if self.noise is not None:
            value += spread * self.noise()
        outcome = "non_finite" if bad else "ok"
        reading = Reading(Estimate(math.nan if bad else value, error, spread), "W", outcome)
        return Record(
            spec=spec,
            outcome=outcome,
            message="shorten the time step" if bad else "",
            observables={"response": reading},
            seconds=self.seconds,
        )


@pytest.fixture
def bench() -> type[Bench]:
    """The runner over a planted truth."""
    return Bench


WIRE = Scope(
    experiment="toy.wire",
    axes=(Axis("drive", 1.0, 1e4, "log", "m/s"),),
    fixed={"friction": 0.5},
    settings={"resolution": 64, "precision": "float64"},
    observe=("response",),
)


@pytest.fixture
def wire() -> Scope:
    """The response of a wire to a drive from 1 to 10^4."""
    return WIRE


@pytest.fixture
def registered():
    """Makes a design of a hypothesis, written as in a question, at coordinates of the drive."""

    def make(text: str, at=None, confidence: float = 0.99, scope: Scope = WIRE) -> Design:
        hypothesis = parse_hypothesis(parse_document(text), scope)
        spots = [i / 11 for i in range(12)] if at is None else at
        points = [
            p if isinstance(p, dict) else scope.place({"drive": scope.axes[0].value(p)})
            for p in spots
        ]
        return design_of(hypothesis, confidence, points, scope)

    def design_of(hypothesis, confidence, points, scope) -> Design:
        share = part_confidence(confidence, max(len(hypothesis.parts), 1))
        return Design(
            hypothesis,
            scope,
            () if hypothesis.parts else tuple(points),
            scope.settings,
            default_test(hypothesis),
            confidence,
            code_version(scope.source),
            0,
            parts=tuple(design_of(part, share, points, scope) for part in hypothesis.parts),
        )

    return make


class Laboratory(Bench):
    """A bench that commits to a store and reads back what is there, as the real runner does."""

    def __init__(self, store: KnowledgeStore, truth: Truth, **options) -> None:
        super().__init__(truth, **options)
        self.store = store
        self.purposes: list[str] = []

    def __call__(self, study: Study, purpose: str) -> list[Record]:
        self.purposes.append(purpose)
        return [self.cached(spec) or self.commit(spec) for spec in study.specs]

    def cached(self, spec) -> Record | None:
        found = find_run(self.store.path, spec.id)
        return None if found is None else replace(found, cached=True)

    def commit(self, spec) -> Record:
        record = commit_run(self.store.path, self.record(spec))
        self.store.ingest(record)
        return record


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KnowledgeStore]:
    """An empty store, open for writing."""
    with KnowledgeStore.open(tmp_path / "store", write=True) as opened:
        yield opened


@pytest.fixture
def laboratory() -> type[Laboratory]:
    """The runner that keeps its runs in a store."""
    return Laboratory
