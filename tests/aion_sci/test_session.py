"""A session shows progress and takes the first Ctrl-C as a polite stop."""

from __future__ import annotations

import signal

import pytest

from aion_sci.errors import StoppedError, StoreLockedError
from aion_sci.runs.study import Study
from aion_sci.session import open_session
from aion_sci.settings import load_settings


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


def test_a_study_with_its_progress(capsys):
    with open_session(load_settings()) as bench:
        (record,) = bench.run(Study.grid("sample.decay", {"rate": 1.0}))
        assert bench.store.record(record.run_id).observables == record.observables
    assert "1/1 done" in capsys.readouterr().err


def test_quietly(capsys):
    with open_session(load_settings(), quiet=True) as bench:
        bench.run(Study.grid("sample.decay", {"rate": 1.0}))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_announced_and_stops_between_chunks(number, capsys):
    before = signal.getsignal(number)
    with open_session(load_settings(), quiet=True) as bench:
        signal.raise_signal(number)
        assert bench.should_stop()
        with pytest.raises(StoppedError, match="0 of 1 runs done"):
            bench.run(Study.grid("sample.decay", {"rate": 1.0}))
    assert "stopping after the chunk in flight (Ctrl-C again: at once)" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_interrupts_at_once():
    with open_session(load_settings(), quiet=True):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def fail() -> None:
    with open_session(load_settings(), quiet=True):
        raise ZeroDivisionError


def test_the_store_is_given_back_whatever_happens():
    with pytest.raises(ZeroDivisionError):
        fail()
    with (
        open_session(load_settings(), quiet=True),
        pytest.raises(StoreLockedError),
        open_session(load_settings(), quiet=True),
    ):
        pass
