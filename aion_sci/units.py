"""Units at the border.

Inside, every number is in the unit its parameter declares; outside, people write ``1.2 nm``. This
module is the only place where the two meet. pint does the work and is imported on first use.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, NamedTuple

from aion_sci.errors import RequestError, UnitError

if TYPE_CHECKING:
    import pint

__all__ = [
    "DIMENSIONLESS",
    "Dimension",
    "InBaseUnits",
    "check_unit",
    "in_base_units",
    "parse_quantity",
    "same_dimension",
]

DIMENSIONLESS = "1"

Dimension = tuple[tuple[str, float], ...]
"""Powers of the base dimensions, sorted by name; empty for a plain number."""

_QUANTITY = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


@functools.cache
def _registry() -> pint.UnitRegistry:
    import pint

    return pint.UnitRegistry(cache_folder=None)


@functools.cache
def _unit(text: str) -> pint.Unit:
    import pint

    if text in ("", DIMENSIONLESS):
        return _registry().Unit("")
    try:
        return _registry().Unit(text)
    except pint.UndefinedUnitError as error:
        raise UnitError(f"unknown unit '{text}'; {_nearest_unit(text)}") from error
    except Exception as error:  # pint raises tokenizer and type errors alike on malformed text
        raise UnitError(f"'{text}' is not a unit; write for example m/s, kg*m^2 or kPa") from error


def _nearest_unit(text: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(text, dir(_registry()), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else "write for example m/s, kg*m^2 or kPa"


def check_unit(unit: str) -> str:
    """Return ``unit`` when it is a unit; raise :class:`UnitError` otherwise."""
    if unit != DIMENSIONLESS:  # known without loading pint, which takes as long as a listing may
        _unit(unit)
    return unit


def same_dimension(first: str, second: str) -> bool:
    """Whether two units measure the same kind of quantity."""
    return _unit(first).dimensionality == _unit(second).dimensionality


class InBaseUnits(NamedTuple):
    """A unit as so many SI base units of a dimension."""

    factor: float
    dimension: Dimension


@functools.cache
def in_base_units(unit: str) -> InBaseUnits:
    """What a unit is in SI base units.

    Raises :class:`UnitError` for a unit whose zero is not zero, such as ``degC``: it has no factor.
    """
    if unit == DIMENSIONLESS:
        return InBaseUnits(1.0, ())
    quantity = _registry().Quantity
    if quantity(0.0, _unit(unit)).to_base_units().magnitude != 0:
        raise UnitError(f"'{unit}' does not begin at zero; use an absolute unit such as kelvin")
    one = quantity(1.0, _unit(unit)).to_base_units()
    powers = {name.strip("[]"): float(str(p)) for name, p in one.dimensionality.items()}
    dimension = tuple(sorted((n, round(p, 9)) for n, p in powers.items() if p))
    return InBaseUnits(float(one.magnitude), dimension)


def parse_quantity(text: str | float | int, unit: str, *, name: str = "value") -> float:
    """Read a number, or a text such as ``"1.2 nm"``, as a float in ``unit``.

    A number without a unit is taken to be in ``unit`` already. Raises :class:`UnitError` for an
    unknown unit or one of the wrong dimension and :class:`RequestError` for what is not a finite
    number.
    """
    if isinstance(text, bool):
        raise RequestError(f"{name} is {text}; a number is needed")
    if isinstance(text, int | float):
        return _finite(float(text), name)
    if not isinstance(text, str):
        raise RequestError(f"{name} is {text!r}; a number is needed, optionally with a unit")
    match = _QUANTITY.match(text)
    if match is None:
        raise RequestError(f"{name} is '{text}'; a number is needed, optionally with a unit")
    number, given = _finite(float(match.group(1)), name), match.group(2)
    if not given:
        return number
    if not same_dimension(given, unit):
        wanted = "no unit" if unit == DIMENSIONLESS else f"a unit such as {unit}"
        raise UnitError(f"{name} is '{text}', which has the wrong dimension; it takes {wanted}")
    return float(_registry().Quantity(number, _unit(given)).to(_unit(unit)).magnitude)


def _finite(number: float, name: str) -> float:
    if not math.isfinite(number):
        raise RequestError(f"{name} is {number}; a finite number is needed")
    return number
