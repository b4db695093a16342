"""What one process does with one group of runs: programs, chunks, commits, and a stop between."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest

from aion_kernels.core.ensemble import ensemble
from aion_sci.errors import RequestError
from aion_sci.runs import compute
from aion_sci.runs.compute import Step, WorkOrder, perform
from aion_sci.runs.folder import find_run, iterate_runs, iterate_unfinished, load_fields
from aion_sci.runs.record import Record
from aion_sci.runs.study import Study


@pytest.fixture(autouse=True)
def _registered(samples: ModuleType) -> None:
    """Every test here needs the sample experiments."""


@pytest.fixture
def chunks_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Fix the size of a chunk and compute one at a time: how many there are is then known."""

    def fix(size: int) -> None:
        def fixed(fn, batch, **hooks):
            return ensemble(fn, batch, chunk=size, workers=1, **hooks)

        # The package exports a function under the name of the module.
        monkeypatch.setattr(sys.modules[ensemble.__module__], "ensemble", fixed)

    return fix


def order_of(root: Path, experiment: str, request: dict, **options) -> WorkOrder:
    study = Study.grid(experiment, request)
    assert len(study.groups) == 1
    return WorkOrder(experiment, study.specs, root, **options)


def run(order: WorkOrder, should_stop: Callable[[], bool] = lambda: False) -> list[Step]:
    steps: list[Step] = []
    perform(order, report=steps.append, should_stop=should_stop)
    return steps


def records(order: WorkOrder) -> list[Record]:
    found = [find_run(order.root, spec.id, verify=True) for spec in order.specs]
    return [record for record in found if record is not None]


@contextmanager
def counted_compiles() -> Iterator[list[str]]:
    """The names of the programs that XLA compiles inside the block."""
    names: list[str] = []

    def note(event: str, seconds: float, **details) -> None:
        if event.endswith("backend_compile_duration"):
            names.append(str(details.get("fun_name", "")))

    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        yield names
    finally:
        jax.monitoring.unregister_event_duration_listener(note)


class TestResults:
    def test_every_run_is_committed_with_its_error_bar(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.decay", {"rate": "log:0.1:5:7", "time": "0.5,1"})
        run(order)
        found = records(order)
        assert len(found) == 14
        for record in found:
            reading = record.observables["remaining"]
            exact = math.exp(-record.spec.parameters["rate"] * record.spec.parameters["time"])
            assert record.ok
            assert abs(reading.value - exact) <= reading.error
            assert reading.error < 0.02 * exact
            assert record.units["time"] == "s"
            assert record.units["steps"] == "1"
            assert record.environment["canaries"] == "passed"
            assert record.seconds > 0

    def test_details_tell_the_ladder(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.decay", {"rate": 1})
        run(order)
        (record,) = records(order)
        assert record.folder is not None
        details = json.loads((record.folder / "observables.json").read_text())["details"]
        assert details["rungs"] == [16, 24, 32]
        assert details["ladder"]["remaining"]["observed_order"] == pytest.approx(2, abs=0.01)

    def test_a_member_that_fails_leaves_the_others_alone(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.fragile", {"x": "0.05,0.5,1.5"})
        run(order)
        slow, good, failed = records(order)
        assert [r.outcome for r in (slow, good, failed)] == ["not_converged", "ok", "non_finite"]
        assert good.observables["root"].value == pytest.approx(math.sqrt(0.5), rel=1e-15)
        assert good.observables["inverse"].estimate.solver == 1e-3
        assert math.isnan(failed.observables["root"].value)
        assert failed.result("inverse") is None
        assert "shorten the time step" in failed.message
        assert good.message == ""

    def test_choices_integers_and_texts_reach_the_function(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.area", {"sides": "3,4,6", "radius": 2})
        run(order)
        areas = [r.observables["area"].value for r in records(order)]
        expected = [n / 2 * 4 * math.sin(2 * math.pi / n) for n in (3, 4, 6)]
        assert areas == pytest.approx(expected, rel=1e-14)

    def test_a_seed_is_one_stream_of_numbers_wherever_it_runs(self, tmp_path: Path):
        together = order_of(tmp_path / "a", "sample.walk", {"seed": "0,1,2"})
        alone = order_of(tmp_path / "b", "sample.walk", {"seed": 2})
        run(together)
        run(alone)
        means = [r.observables["mean"].value for r in records(together)]
        assert len(set(means)) == 3
        assert records(alone)[0].observables["mean"].value == means[2]

    def test_float32_by_choice_stays_float32(self, tmp_path: Path, monkeypatch):
        seen = []
        refine = compute.refine
        monkeypatch.setattr(
            compute,
            "refine",
            lambda e, rungs, ladder: seen.extend(ladder) or refine(e, rungs, ladder),
        )
        order = order_of(tmp_path, "sample.decay", {"rate": "1,2", "precision": "float32"})
        run(order)
        for solution in seen:
            assert solution.value["observables"]["remaining"].dtype == np.float32
        for record, exact in zip(records(order), np.exp([-1.0, -2.0]), strict=True):
            reading = record.observables["remaining"]
            assert abs(reading.value - exact) <= reading.error, "the bar is that of float32"

    def test_where_float32_ends_no_order_is_asked_for(self, tmp_path: Path):
        """At 2048 steps the grids differ by less than float32 can tell: the error says so."""
        order = order_of(tmp_path, "sample.decay", {"steps": 2048, "precision": "float32"})
        run(order)
        reading = records(order)[0].observables["remaining"]
        assert reading.outcome == "ok"
        assert abs(reading.value - math.exp(-1)) <= reading.error


class TestFields:
    def test_fields_are_kept_when_asked_for(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.decay", {"time": "1,2"}, keep_fields=True)
        run(order)
        fields = load_fields(records(order)[1])
        assert fields.amount.dims == ("instant",)
        assert fields.amount.shape == (33,)
        assert fields.amount.attrs["long_name"] == "share that is left at each step"
        assert fields.instant.attrs["units"] == "s"
        assert float(fields.amount.sel(instant=2.0)) == pytest.approx(math.exp(-2), rel=1e-3)

    def test_without_asking_no_field_is_computed_or_written(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.decay", {})
        run(order)
        assert "fields.nc" not in records(order)[0].files


class TestPrograms:
    def test_one_program_a_rung_whatever_the_number_of_runs(self, tmp_path: Path):
        with counted_compiles() as names:
            run(order_of(tmp_path, "sample.decay", {"rate": "1:2:40", "steps": 40}))
        assert sum("member" in name or "guarded" in name for name in names) == 3, names

    def test_the_same_shape_again_compiles_nothing(self, tmp_path: Path):
        run(order_of(tmp_path, "sample.decay", {"rate": "1:2:8", "steps": 48}))
        with counted_compiles() as names:
            steps = run(order_of(tmp_path, "sample.decay", {"rate": "3:4:8", "steps": 48}))
        assert names == []
        assert sum(step.compile_seconds for step in steps) < 1e-3  # looking up that it is done


class TestChunks:
    def test_each_chunk_is_committed_as_it_ends(self, tmp_path: Path, chunks_of):
        chunks_of(2)
        order = order_of(tmp_path, "sample.decay", {"rate": "1:2:5"})
        on_disk = []
        perform(order, report=lambda step: on_disk.append(len(list(iterate_runs(tmp_path)))))
        assert on_disk == [0, 0, 0, 2, 4, 5, 5]

    def test_steps_add_up_to_the_order(self, tmp_path: Path, chunks_of):
        chunks_of(2)
        order = order_of(tmp_path, "sample.decay", {"rate": "1:2:5", "steps": 80})
        steps = run(order)
        assert sum(step.work for step in steps) == pytest.approx(1, rel=1e-12)
        committed = [run_id for step in steps for run_id in step.committed]
        assert committed == [spec.id for spec in order.specs]
        assert sum(step.compile_seconds for step in steps) > 0

    def test_a_stop_between_chunks_keeps_what_is_done(self, tmp_path: Path, chunks_of):
        chunks_of(2)
        order = order_of(tmp_path, "sample.decay", {"rate": "1:2:6"})
        run(order, should_stop=lambda: len(list(iterate_runs(tmp_path))) >= 2)
        assert 2 <= len(records(order)) < 6
        assert list(iterate_unfinished(tmp_path)) == []

    def test_a_stop_during_the_coarse_rungs_commits_nothing(self, tmp_path: Path):
        order = order_of(tmp_path, "sample.decay", {"rate": "1:2:6"})
        run(order, should_stop=lambda: True)
        assert records(order) == []


def test_a_batched_experiment_is_called_once_with_all_members(tmp_path: Path):
    """Eigenvalues of the chain of three equal masses: k (2 − √2), 2k, k (2 + √2); round-off."""
    order = order_of(tmp_path, "sample.chain", {"stiffness": [1.0, 4.0]})
    run(order)
    first, second = records(order)
    assert list(first.observables) == ["frequency_1", "frequency_2", "frequency_3", "highest"]
    assert first.observables["frequency_2"].value == pytest.approx(math.sqrt(2), rel=1e-12)
    assert second.observables["highest"].value == pytest.approx(2 * math.sqrt(2 + math.sqrt(2)))
    assert second.observables["highest"].unit == "rad/s"


def test_a_file_counts_by_its_content(tmp_path: Path):
    """The same masses at another path are the same run; other masses are another run."""
    here, there = tmp_path / "here.txt", tmp_path / "there.txt"
    for path in (here, there):
        path.write_text("1\n2\n")
    order = order_of(tmp_path, "sample.chain", {"file": str(here)})
    run(order)
    assert len(records(order)[0].observables) == 3
    assert order_of(tmp_path, "sample.chain", {"file": str(there)}).specs[0].id == order.specs[0].id
    here.write_text("1\n3\n")
    assert order_of(tmp_path, "sample.chain", {"file": str(here)}).specs[0].id != order.specs[0].id
    with pytest.raises(RequestError, match="was changed after the run was asked for"):
        run(order)


def test_what_a_kernel_refuses_is_a_wrong_request(tmp_path: Path):
    path = tmp_path / "masses.txt"
    path.write_text("1\n-2\n")
    with pytest.raises(RequestError, match=r"sample.chain: a mass is -2 kg; every mass"):
        run(order_of(tmp_path, "sample.chain", {"file": str(path)}))


def test_a_missing_file_is_refused_by_name(tmp_path: Path):
    with pytest.raises(RequestError, match="there is no such file"):
        order_of(tmp_path, "sample.chain", {"file": str(tmp_path / "nothing")})
