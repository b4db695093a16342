"""The runner computes what the store lacks, once, and trusts the folders alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from aion_sci.errors import RequestError, RunFailedError, StoppedError
from aion_sci.execution import LocalExecutor
from aion_sci.runs.compute import Step, WorkOrder
from aion_sci.runs.folder import find_run, load_fields
from aion_sci.runs.runner import Progress, run_study
from aion_sci.runs.study import Study


class CountingExecutor(LocalExecutor):
    """Runs locally, at most ``limit`` orders, and remembers what it was asked for."""

    def __init__(self, workers: int = 1, limit: int | None = None) -> None:
        self.workers = workers
        self.limit = limit
        self.asked: list[WorkOrder] = []

    def run(
        self,
        orders: Sequence[WorkOrder],
        report: Callable[[Step], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self.asked.extend(orders)
        super().run(orders[: self.limit], report, should_stop)

    @property
    def runs(self) -> list[str]:
        return [spec.id for order in self.asked for spec in order.specs]


@pytest.fixture(autouse=True)
def _registered(samples: ModuleType) -> None:
    """Every test here needs the sample experiments."""


def study_of(rates: str, **more: object) -> Study:
    return Study.grid("sample.decay", {"rate": rates, **more})


class TestCache:
    def test_records_come_in_the_order_of_the_study(self, tmp_path: Path):
        study = study_of("3,1,2", steps="32,16")
        records = run_study(study, tmp_path, CountingExecutor(workers=2))
        assert [r.run_id for r in records] == [spec.id for spec in study.specs]
        assert not any(r.cached for r in records)

    def test_a_second_time_nothing_is_computed(self, tmp_path: Path):
        first = run_study(study_of("1,2"), tmp_path, LocalExecutor())
        executor = CountingExecutor()
        again = run_study(study_of("1,2"), tmp_path, executor)
        assert executor.asked == []
        assert all(r.cached for r in again)
        assert [r.observables for r in again] == [r.observables for r in first]

    def test_only_what_is_missing_is_computed(self, tmp_path: Path):
        run_study(study_of("1,2"), tmp_path, LocalExecutor())
        executor = CountingExecutor()
        records = run_study(study_of("2,3,1,4"), tmp_path, executor)
        assert executor.runs == [records[1].run_id, records[3].run_id]
        assert [r.cached for r in records] == [True, False, True, False]

    def test_a_failed_run_is_an_answer_too(self, tmp_path: Path):
        study = Study.grid("sample.fragile", {"x": 1.5})
        run_study(study, tmp_path, LocalExecutor())
        executor = CountingExecutor()
        (record,) = run_study(study, tmp_path, executor)
        assert (record.outcome, executor.asked) == ("non_finite", [])

    def test_fields_asked_for_later_are_computed_later(self, tmp_path: Path):
        (plain,) = run_study(study_of("1"), tmp_path, LocalExecutor())
        (full,) = run_study(study_of("1"), tmp_path, LocalExecutor(), keep_fields=True)
        assert not full.cached
        assert full.observables == plain.observables
        assert load_fields(full).amount.shape == (33,)
        assert find_run(tmp_path, full.run_id) == full

        executor = CountingExecutor()
        (again,) = run_study(study_of("1"), tmp_path, executor, keep_fields=True)
        assert again.cached
        assert executor.asked == []
        (without,) = run_study(study_of("1"), tmp_path, executor)
        assert without.cached

    def test_fields_of_an_experiment_that_has_none_are_refused(self, tmp_path: Path):
        study = Study.grid("sample.fragile", {"x": 0.5})
        with pytest.raises(RequestError, match="gives no fields"):
            run_study(study, tmp_path, LocalExecutor(), keep_fields=True)


class TestOrders:
    def test_a_group_is_split_over_the_workers_with_neighbours_apart(self, tmp_path: Path):
        executor = CountingExecutor(workers=2)
        study = study_of("1,2,3,4,5")
        run_study(study, tmp_path, executor)
        rates = [[spec.parameters["rate"] for spec in order.specs] for order in executor.asked]
        assert rates == [[1, 3, 5], [2, 4]]

    def test_a_store_given_by_a_relative_path_is_found_by_other_processes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.chdir(tmp_path)
        executor = CountingExecutor()
        run_study(study_of("1"), Path("store"), executor)
        assert executor.asked[0].root == tmp_path / "store"


class TestEnds:
    def test_a_run_without_a_folder_is_an_error(self, tmp_path: Path):
        executor = CountingExecutor(workers=2, limit=1)
        with pytest.raises(RunFailedError, match="2 runs left no committed folder"):
            run_study(study_of("1,2,3,4"), tmp_path, executor)

    def test_a_stop_says_how_far_it_came_and_the_same_call_goes_on(self, tmp_path: Path):
        study = study_of("1,2,3,4", steps="16,32")
        stopping = CountingExecutor(limit=1)
        with pytest.raises(StoppedError, match="4 of 8 runs done; the same command goes on"):
            run_study(study, tmp_path, stopping, should_stop=_after(stopping))
        resumed = CountingExecutor()
        records = run_study(study, tmp_path, resumed)
        assert len(resumed.runs) == 4
        assert len(records) == 8

    def test_a_stop_after_the_last_run_is_no_stop(self, tmp_path: Path):
        executor = CountingExecutor()
        records = run_study(study_of("1"), tmp_path, executor, should_stop=_after(executor))
        assert len(records) == 1


class TestProgress:
    def test_it_counts_runs_and_work_up_to_the_end(self, tmp_path: Path):
        seen: list[Progress] = []
        run_study(study_of("1,2"), tmp_path, LocalExecutor())
        run_study(study_of("1,2,3,4,5"), tmp_path, LocalExecutor(), on_progress=seen.append)
        assert (seen[0].done, seen[0].cached, seen[0].work) == (2, 2, 0)
        assert seen[0].rate is None
        assert seen[0].seconds_left is None
        assert [p.done for p in seen] == sorted(p.done for p in seen)
        assert (seen[-1].done, seen[-1].total) == (5, 5)
        assert seen[-1].work == pytest.approx(1)
        assert seen[-1].compile_seconds <= seen[-1].elapsed
        assert seen[-1].rate is not None

    def test_compile_time_counts_neither_for_the_rate_nor_for_the_time_left(self):
        progress = Progress(10, done=6, cached=2, work=0.5, elapsed=12.0, compile_seconds=4.0)
        assert progress.rate == pytest.approx(4 / 8)
        assert progress.seconds_left == pytest.approx(8)

    def test_an_answer_from_the_store_alone_reports_once(self, tmp_path: Path):
        run_study(study_of("1"), tmp_path, LocalExecutor())
        seen: list[Progress] = []
        run_study(study_of("1"), tmp_path, LocalExecutor(), on_progress=seen.append)
        assert [(p.done, p.cached, p.total) for p in seen] == [(1, 1, 1)]


def _after(executor: CountingExecutor) -> Callable[[], bool]:
    """A signal that arrives while the first order runs: it turns true once it has committed."""

    def should_stop() -> bool:
        if not executor.asked:
            return False
        order = executor.asked[0]
        return all(find_run(order.root, spec.id) is not None for spec in order.specs)

    return should_stop
