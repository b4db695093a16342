"""Units meet numbers at the border only, and every misuse is refused with what to write instead."""

from __future__ import annotations

import math

import pytest

from aion_sci.errors import RequestError, UnitError
from aion_sci.units import check_unit, parse_quantity, same_dimension


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1.2 nm", "m", 1.2e-9),
        ("1.2nm", "nm", 1.2),
        ("-3e2 K", "K", -300.0),
        (".5", "1", 0.5),
        ("5.", "m", 5.0),
        ("+1E3", "1", 1000.0),
        ("20 degC", "K", 293.15),
        ("3 kJ/mol", "J/mol", 3000.0),
        ("50 percent", "1", 0.5),
        (7, "m", 7.0),
        (2.5, "1", 2.5),
        ("  4  ", "s", 4.0),
    ],
)
def test_quantities_are_read_in_the_unit_asked_for(text, unit: str, value: float):
    """1e-12: a conversion is a few multiplications."""
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-12)


def test_a_number_stays_the_very_number():
    """Exact: 0.1 must not become 0.1 times a conversion factor of one."""
    assert parse_quantity("0.1 m", "m") == 0.1
    assert parse_quantity(0.1, "m") == 0.1


def test_a_wrong_dimension_is_refused_with_a_right_unit():
    with pytest.raises(UnitError, match=r"length is '3 s'.*wrong dimension.*unit such as m"):
        parse_quantity("3 s", "m", name="length")
    with pytest.raises(UnitError, match="it takes no unit"):
        parse_quantity("3 s", "1", name="reynolds")


@pytest.mark.parametrize(
    ("unit", "nearest"), [("zzqqxx", "write for example"), ("kelvinn", "'kelvin'")]
)
def test_an_unknown_unit_is_refused_with_advice(unit: str, nearest: str):
    with pytest.raises(UnitError, match=rf"unknown unit '{unit}'; .*{nearest}"):
        parse_quantity(f"3 {unit}", "m")


@pytest.mark.parametrize("unit", ["m^^2", "3 +", "__import__('os')", "(", "m m("])
def test_malformed_units_are_data_and_never_run(unit: str):
    with pytest.raises(UnitError):
        check_unit(unit)


@pytest.mark.parametrize("text", ["", "much", "1e", "nan", "inf m", "1,2", "0x10"])
def test_what_is_no_number_is_refused(text: str):
    with pytest.raises(RequestError):
        parse_quantity(text, "m", name="length")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, "1e999"])
def test_numbers_are_finite(number: object):
    with pytest.raises(RequestError, match="a finite number is needed"):
        parse_quantity(number, "1")  # pyright: ignore[reportArgumentType]


def test_truth_is_not_a_number():
    with pytest.raises(RequestError, match="a number is needed"):
        parse_quantity(True, "1")


def test_dimensions_compare():
    assert same_dimension("m/s", "km/hour")
    assert same_dimension("1", "percent")
    assert same_dimension("", "1")
    assert not same_dimension("m", "m^2")
    assert check_unit("kg*m^2/s^3") == "kg*m^2/s^3"
