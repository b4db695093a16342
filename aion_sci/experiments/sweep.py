"""The little language of sweeps on the command line and in Python.

``reynolds=100,400`` lists values, ``reynolds=10:100:5`` is five values evenly from 10 to 100, and
``rayleigh=log:1e3:1e6:7`` seven values evenly in the logarithm. A unit may follow: ``1:5:3 nm``.
Texts and files are taken whole, since a composition such as ``O2:1,N2:3.76`` holds both signs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from aion_sci.errors import RequestError
from aion_sci.experiments.contract import Experiment, Parameter, Point, Value

__all__ = ["expand", "is_sweep", "points"]

Raw = Value | Sequence[Value]

_LONGEST = 100_000  # values of one range: a slip of the finger beyond it would fill the memory


@runtime_checkable
class _SupportsItem(Protocol):
    """A NumPy or JAX scalar."""

    def item(self) -> Value:
        """The Python number inside."""
        ...


def points(experiment: Experiment, request: Mapping[str, Raw]) -> list[Point]:
    """The grid of all combinations of a request, in the order given, first name slowest."""
    lists = {name: expand(experiment.parameter(name), raw) for name, raw in request.items()}
    return [
        experiment.bind(dict(zip(lists, combination, strict=True)))
        for combination in itertools.product(*lists.values())
    ]


def expand(parameter: Parameter, raw: Raw) -> list[Value]:
    """One parameter's request as a list of validated values."""
    if isinstance(raw, str) and parameter.kind not in ("text", "file"):
        return [parameter.read(part) for part in _split(parameter, raw)]
    if isinstance(raw, str | int | float):
        return [parameter.read(raw)]
    values = [parameter.read(_plain(item)) for item in _items(raw)]
    if not values:
        raise RequestError(f"{parameter.name} has no values; give at least one")
    return values


def is_sweep(parameter: Parameter, raw: Raw) -> bool:
    """Whether a request spans an axis: a list, or a text with a comma or a range."""
    if isinstance(raw, str):
        return parameter.kind not in ("text", "file") and ("," in raw or ":" in raw)
    return not isinstance(raw, int | float | _SupportsItem) or bool(getattr(raw, "shape", ()))


def _items(raw: Any) -> list[Any]:
    try:
        return list(raw)
    except TypeError:  # a NumPy or JAX scalar, which knows how to iterate but cannot
        return [raw]


def _plain(item: Any) -> Value:
    """A NumPy scalar as the Python number it holds."""
    return item.item() if isinstance(item, _SupportsItem) else item


def _split(parameter: Parameter, text: str) -> list[Value]:
    parts: list[Value] = []
    for part in text.split(","):
        if not part.strip():
            raise RequestError(f"{parameter.name}={text} has an empty value between commas")
        parts.extend(_range(parameter, part) if ":" in part else [part.strip()])
    return parts


def _range(parameter: Parameter, text: str) -> list[Value]:
    form = f"{parameter.name}={text}; a range is low:high:count or log:low:high:count"
    if not parameter.numeric:
        raise RequestError(f"{form}, and {parameter.name} takes no range")
    words = text.strip().split(":")
    logarithmic = words[0].strip() == "log"
    words = words[1:] if logarithmic else words
    if len(words) != 3:
        raise RequestError(form)
    count_text, _, unit = words[2].strip().partition(" ")
    try:
        low, high, count = float(words[0]), float(words[1]), int(count_text)
    except ValueError as error:
        raise RequestError(form) from error
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RequestError(f"{form}; its ends are finite numbers")
    if not 2 <= count <= _LONGEST:
        raise RequestError(f"{form}; the count is {count}, it goes from 2 to {_LONGEST}")
    if logarithmic and not (low > 0 and high > 0):
        raise RequestError(f"{form}; a logarithmic range needs positive ends")
    values = _spaced(low, high, count, logarithmic)
    if parameter.kind == "integer":
        values = sorted({round(value) for value in values}, reverse=low > high)
    return [f"{value!r} {unit}".strip() for value in values]


def _spaced(low: float, high: float, count: int, logarithmic: bool) -> list[float]:
    steps = [i / (count - 1) for i in range(count)]
    if logarithmic:
        inner = [math.exp(math.log(low) + t * (math.log(high) - math.log(low))) for t in steps]
    else:
        inner = [low + t * (high - low) for t in steps]
    return [low, *inner[1:-1], high]
