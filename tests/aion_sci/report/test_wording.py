"""Numbers as people read them, and the line that tells how far a study has come."""

from __future__ import annotations

import math

import pytest

from aion_sci.report.progress import progress_line
from aion_sci.report.wording import effect_text, interval_text, significant
from aion_sci.research.verdicts import Finding
from aion_sci.runs.runner import Progress


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (2.24478, 0.00213, "2.2448 ± 0.0021"),
        (2.24478, 0.0, "2.24478"),
        (2.24478, math.nan, "2.24478"),
        (0.3678794, 3.7e-5, "0.367879 ± 0.000037"),
        (1234.5, 21.0, "1234 ± 21"),
        (-0.5, 0.1, "-0.50 ± 0.10"),
        (9.99, 0.0999, "9.99 ± 0.10"),
        (123456.0, 2100.0, "123456 ± 2.1e+03"),
        (1.5e-9, 2e-11, "1.5e-09 ± 2e-11"),
        (0.0, 1e-12, "0 ± 1e-12"),
        (math.nan, 0.1, "—"),
        (3.0, math.inf, "3.0 ± inf"),
    ],
)
def test_a_value_shows_the_digits_that_its_error_leaves(value, error, text):
    assert significant(value, error) == text


def test_intervals_and_effects():
    assert interval_text((0.29141, 0.30612)) == "0.2914 to 0.3061"
    assert interval_text(None) == "—"
    assert effect_text(Finding("supported", 0.30411, (0.3, 0.31), "exponent")) == "exponent 0.3041"
    assert effect_text(Finding("inconclusive", None, None, "exponent")) == "exponent not measured"


def test_progress_says_what_is_done_and_what_is_left(capsys):
    with progress_line() as show:
        show(Progress(total=12, done=4, cached=4))
        show(Progress(total=12, done=8, cached=4, work=0.5, elapsed=10.0, compile_seconds=2.0))
    err = capsys.readouterr().err
    assert "8/12 done, 4 from the store, 0.5 runs/s, 8 s left, compiled in 2.0 s" in err


def test_the_end_is_full_and_names_no_time_left(capsys):
    with progress_line() as show:
        show(Progress(total=2, done=2, cached=2))
    assert "━━━━━━━━━━ 2/2 done, 2 from the store" in " ".join(capsys.readouterr().err.split())


def test_each_study_has_its_line(capsys):
    with progress_line() as show:
        for total in (3, 5):
            show(Progress(total=total))
            show(Progress(total=total, done=total, work=1.0, elapsed=1.0))
    err = capsys.readouterr().err
    assert "3/3 done" in err
    assert "5/5 done" in err


def test_quiet_is_quiet(capsys):
    with progress_line(quiet=True) as show:
        show(Progress(total=1, done=1))
    assert capsys.readouterr() == ("", "")
