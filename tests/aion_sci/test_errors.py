"""Errors carry what is needed to act on them: the value, the bound, the nearest name, the code."""

from __future__ import annotations

import pickle

import pytest

from aion_sci import errors
from aion_sci.errors import AionError, QuestionError, StoreError, UnknownNameError


def test_the_drawn_tree_is_the_real_one():
    drawn = [
        line.split("── ")[1].split()[0] for line in errors.__doc__.splitlines() if "── " in line
    ]
    assert sorted(["AionError", *drawn]) == sorted(errors.__all__)
    for name in drawn:
        assert issubclass(getattr(errors, name), AionError)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BoundsError, 2),
        (errors.QuestionError, 2),
        (errors.SettingError, 2),
        (errors.UnitError, 2),
        (errors.StoreLockedError, 2),
        (errors.CorruptRunError, 2),
        (errors.RunFailedError, 1),
        (errors.EnvironmentUnfitError, 1),
        (errors.StoppedError, 75),
    ],
)
def test_each_error_knows_its_exit_code(error: type[AionError], code: int):
    assert error("text").exit_code == code


def test_a_misspelt_name_is_answered_with_the_nearest():
    assert "did you mean 'reynolds'?" in str(
        UnknownNameError("parameter", "reynold", ["rayleigh", "reynolds", "prandtl"])
    )


def test_a_strange_name_is_answered_with_the_choices_when_they_are_few():
    assert str(UnknownNameError("shape", "q", ["disc", "bar"])) == (
        "unknown shape 'q'; choose from: bar, disc"
    )
    assert "there is none" in str(UnknownNameError("experiment", "q", []))
    many = [f"name{i}" for i in range(30)]
    assert str(UnknownNameError("name", "q", many)) == "unknown name 'q'"


def test_a_question_error_says_file_and_line_where_known():
    assert str(QuestionError("no", file="q.yaml", line=3)) == "q.yaml:3: no"
    assert str(QuestionError("no", file="q.yaml")) == "q.yaml: no"
    assert str(QuestionError("no")) == "no"


def test_errors_travel_between_processes():
    unknown = UnknownNameError("shape", "q", ["disc"])
    for error in (unknown, QuestionError("no", file="q.yaml", line=3), errors.RunFailedError("a")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)


def test_what_concerns_the_store_is_caught_together():
    for name in ("CorruptClaimError", "ConflictingRunError", "StoreVersionError"):
        assert issubclass(getattr(errors, name), StoreError)
