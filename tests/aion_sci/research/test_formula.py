"""The language of formulas: what it computes, in which units, and what it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_sci.errors import RequestError
from aion_sci.research.formula import Formula
from aion_sci.research.scope import Axis, Scope

ODD = Scope(
    "toy.odd",
    (Axis("length", 0.5, 50.0, "linear", "nm"), Axis("count", 1, 100, whole=True)),
    {"shape": "disc"},
    {},
    ("response",),
)


def value(text: str, unit: str = "1", **point: float) -> float:
    return Formula.parse(text).value({"length": 1.0, "count": 2, **point}, ODD, unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("2 ** -1", 0.5),
        ("8 / 4 / 2", 1.0),
        ("7 - 4 - 2", 1.0),
        ("-(1 - 3) * .5e1", 10.0),
        ("--3", 3.0),
        ("exp(log(5)) + sqrt(16) + abs(-1)", 10.0),
        ("sin(pi / 2) + cos(0) + tanh(0) + tan(0)", 2.0),
        ("count ^ 2", 4.0),
        ("length / 2 [nm]", 0.5),
        ("length / 1 [m]", 1e-9),
        ("3 [km] / 1 [m]", 3000.0),
    ],
)
def test_arithmetic(text, expected):
    """Round-off of a few operations."""
    assert value(text) == pytest.approx(expected, rel=1e-14)


def test_a_result_is_in_the_unit_asked_for():
    assert value("2 * length", "nm", length=3.0) == pytest.approx(6.0, rel=1e-14)
    assert value("length ^ 2", "nm^2", length=3.0) == pytest.approx(9.0, rel=1e-14)
    assert value("0.25", "percent") == pytest.approx(25.0, rel=1e-14)


@pytest.mark.parametrize("text", ["log(0)", "1 / (count - 2)", "sqrt(0 - 1)", "exp(1e9)", "0 ^ -1"])
def test_what_has_no_value_is_not_a_number(text):
    assert math.isnan(value(text))


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("length", "1", "has the dimension length, the observable of a plain number"),
        ("length + 1", "nm", "a sum needs one dimension"),
        ("exp(length)", "1", "takes a plain number"),
        ("length ^ count", "nm", "a power that varies"),
        ("2 ^ length", "1", "an exponent is a plain number"),
        ("shape", "1", "unknown name in the formula 'shape'"),
        ("3 [metr]", "m", "unknown unit 'metr'"),
        ("3 [degC]", "K", "does not begin at zero"),
    ],
)
def test_dimensions_are_checked(text, unit, message):
    assert message in (Formula.parse(text).mismatch(ODD, unit) or "")


def test_a_root_of_a_power_has_the_dimension_it_should():
    assert Formula.parse("sqrt(length ^ 2) + length ^ 3 / length ^ 2").mismatch(ODD, "km") is None


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "(1", "1)", "2 3", "sin 1", "a b", "1 ? 2", "f'x'", "x.y", "[m]", "1;2", "(" * 99,
     "2^" * 60 + "2", "1" * 500],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(RequestError, match=r"formula|bracket|argument"):
        Formula.parse(text)


@given(st.text(alphabet="0123456789.+-*/^()[] abcdefglnopqrstuxy_m", max_size=80))
def test_any_text_is_either_a_formula_or_a_clean_refusal(text):
    try:
        formula = Formula.parse(text)
    except RequestError:
        return
    assert isinstance(formula.mismatch(ODD, "1"), str | None)
