"""Which executor a setting stands for, and signals as a question between two chunks."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import ModuleType

import pytest

from aion_sci.execution import DaskExecutor, LocalExecutor, open_executor, stop_on_signal
from aion_sci.runs.compute import Step, WorkOrder
from aion_sci.runs.folder import iterate_runs
from aion_sci.runs.study import Study
from aion_sci.settings import load_settings


@pytest.mark.parametrize(
    ("flags", "kind", "workers"),
    [
        ({}, LocalExecutor, 1),
        ({"workers": 3}, DaskExecutor, 3),
        ({"executor": "dask"}, DaskExecutor, 1),
        ({"workers": 3, "executor": "local"}, LocalExecutor, 1),
    ],
)
def test_the_setting_chooses_and_nothing_starts_before_it_is_used(flags, kind, workers):
    with open_executor(load_settings(flags)) as executor:
        assert isinstance(executor, kind)
        assert executor.workers == workers
        assert getattr(executor, "_cluster", None) is None


def test_orders_are_performed_in_turn_until_a_stop(tmp_path: Path, samples: ModuleType):
    study = Study.grid("sample.decay", {"steps": "16,32,64"})
    orders = [WorkOrder("sample.decay", group, tmp_path) for group in study.groups]
    steps: list[Step] = []
    LocalExecutor().run(orders, steps.append, lambda: len(list(iterate_runs(tmp_path))) >= 2)
    committed = [run_id for step in steps for run_id in step.committed]
    assert committed == [spec.id for spec in study.specs[:2]]


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_first_signal_asks(self, number: int):
        heard = []
        with stop_on_signal(lambda: heard.append(number)) as should_stop:
            assert not should_stop()
            os.kill(os.getpid(), number)
            assert should_stop()
            os.kill(os.getpid(), signal.SIGTERM)  # a second polite one changes nothing
        assert heard == [number]

    def test_a_second_ctrl_c_interrupts_at_once(self):
        with stop_on_signal() as should_stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert should_stop()
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)

    def test_handlers_are_put_back(self):
        before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
        with stop_on_signal():
            assert signal.getsignal(signal.SIGINT) is not before[0]
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before

    def test_outside_the_main_thread_no_handler_is_touched(self):
        answers = []

        def work() -> None:
            before = signal.getsignal(signal.SIGINT)
            with stop_on_signal() as should_stop:
                answers.append((should_stop(), signal.getsignal(signal.SIGINT) is before))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert answers == [(False, True)]
