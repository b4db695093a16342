"""The progress line: what it says, that it is quiet when asked, and that a stop leaves it whole."""

from __future__ import annotations

import pytest

from aion_sci.report.progress import progress_line
from aion_sci.runs.runner import Progress


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which the line does not wrap."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress(total=4), "0/4 done"),
        (Progress(4, done=1, cached=1), "1/4 done, 1 from the store"),
        (Progress(4, work=0.1, elapsed=2.0, compile_seconds=2.0), "0 s left, compiled in 2.0 s"),
        (
            Progress(4, done=2, cached=1, work=0.5, elapsed=6.0, compile_seconds=2.0),
            "2/4 done, 1 from the store, 0.25 runs/s, 4 s left, compiled in 2.0 s",
        ),
        (Progress(4, done=4, work=1.0, elapsed=2.0), "4/4 done, 2 runs/s"),
    ],
)
def test_runs_rate_time_left_and_compile_time_are_told(progress: Progress, text: str, capsys):
    with progress_line() as show:
        show(progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err


def test_each_study_has_a_line_of_its_own(capsys):
    with progress_line() as show:
        for total in (3, 5):
            show(Progress(total))
            show(Progress(total, done=total, work=1.0, elapsed=1.0))
    err = capsys.readouterr().err
    assert "3/3 done" in err
    assert "5/5 done" in err


def test_quiet_shows_nothing(capsys):
    with progress_line(quiet=True) as show:
        show(Progress(3))
    assert capsys.readouterr() == ("", "")


def test_nothing_to_show_leaves_no_empty_line(capsys):
    with progress_line():
        pass
    assert capsys.readouterr().err == ""


def test_an_error_leaves_the_terminal_in_order(capsys):
    def interrupted() -> None:
        with progress_line() as show:
            show(Progress(3, done=1, work=0.3, elapsed=1.0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err.endswith("\n")
