"""The part of an experiment that a question looks at: the box that is varied, and what is held.

Every hypothesis and every design speaks about one scope. Numbers in it are in the units that the
experiment declares.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from aion_sci.errors import QuestionError, UnknownNameError
from aion_sci.experiments import Experiment, Value, find
from aion_sci.units import DIMENSIONLESS

__all__ = ["Axis", "Scope", "figure", "in_unit"]

Scale = Literal["linear", "log"]


def figure(number: float, unit: str = DIMENSIONLESS) -> str:
    """A number as prose shows it: four figures and its unit, ``1e6`` and not ``1e+06``."""
    text = re.sub(r"e([+-])0*", lambda match: "e" + match.group(1).strip("+"), f"{number:.4g}")
    return text if unit == DIMENSIONLESS else f"{text} {unit}"


def in_unit(name: str, unit: str) -> str:
    """What a number measures, as a label: "difference (W)", or without a unit "difference"."""
    return name if unit == DIMENSIONLESS else f"{name} ({unit})"


@dataclass(frozen=True)
class Axis:
    """One varied parameter: its range, and the scale on which the range is even."""

    name: str
    low: float
    high: float
    scale: Scale = "linear"
    unit: str = DIMENSIONLESS
    whole: bool = False
    """Whether only whole numbers are values."""

    def coordinate(self, value: float) -> float:
        """Where a value lies: 0 at the low end and 1 at the high end, on the axis' scale."""
        if self.scale == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, coordinate: float) -> float:
        """The value at a coordinate; the ends are exact."""
        if coordinate <= 0.0:
            return self.low
        if coordinate >= 1.0:
            return self.high
        if self.scale == "log":
            number = self.low * (self.high / self.low) ** coordinate
        else:
            number = self.low + coordinate * (self.high - self.low)
        return float(round(number)) if self.whole else number

    @property
    def reference(self) -> float:
        """The middle of the axis on its scale, where it is held while another is varied."""
        return self.value(0.5)

    def shown(self, value: float) -> str:
        """A value on this axis as prose."""
        return figure(value, self.unit)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "low": self.low,
            "high": self.high,
            "scale": self.scale,
            "unit": self.unit,
            "whole": self.whole,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Axis:
        """Read what :meth:`to_json` wrote."""
        return cls(
            data["name"],
            float(data["low"]),
            float(data["high"]),
            cast(Scale, data["scale"]),
            data["unit"],
            data["whole"],
        )


@dataclass(frozen=True)
class Scope:
    """An experiment, the axes that vary, and every other parameter and setting held."""

    experiment: str
    axes: tuple[Axis, ...]
    fixed: Mapping[str, Value]
    """Every parameter that is not varied, defaults included."""
    settings: Mapping[str, Value]
    """Every numerical setting, defaults included."""
    observe: tuple[str, ...]

    @property
    def source(self) -> Experiment:
        """The experiment itself."""
        return find(self.experiment)

    def axis(self, name: str) -> Axis:
        """The varied parameter called ``name``; an unknown name suggests the nearest."""
        known = {axis.name: axis for axis in self.axes}
        if name in known:
            return known[name]
        if name in self.fixed:
            raise QuestionError(f"'{name}' is held fixed; give it a range under 'vary'")
        raise UnknownNameError("varied parameter", name, known)

    def unit(self, observable: str) -> str:
        """The unit of an observable of the experiment."""
        return self.source.observable(observable).unit

    def place(self, at: Mapping[str, float]) -> dict[str, float]:
        """A point of the box: the values given, every other axis at its reference."""
        for name in at:
            self.axis(name)
        return {axis.name: at.get(axis.name, axis.reference) for axis in self.axes}

    def contains(self, point: Mapping[str, float]) -> bool:
        """Whether a point has a value for every axis, each within its range."""
        within = all(a.low <= point.get(a.name, float("nan")) <= a.high for a in self.axes)
        return within and len(point) == len(self.axes)

    def request(
        self, point: Mapping[str, float], settings: Mapping[str, Value]
    ) -> dict[str, Value]:
        """What the experiment is asked for at a point of the box, with these settings."""
        varied = {
            axis.name: int(point[axis.name]) if axis.whole else point[axis.name]
            for axis in self.axes
        }
        return {**self.fixed, **varied, **settings}

    @property
    def setting(self) -> str:
        """How prose says where this is: the experiment and what is held fixed."""
        held = [f"{name} {self._held(name, value)}" for name, value in self.fixed.items()]
        return f"in {self.experiment}" + (f" with {' and '.join(held)}" if held else "")

    def _held(self, name: str, value: Value) -> str:
        if isinstance(value, str):
            return value
        return figure(value, self.source.parameter(name).unit)

    def range(self, name: str) -> str:
        """How prose says what is looked at along one axis, the others at their references."""
        axis = self.axis(name)
        others = [f"{a.name} {a.shown(a.reference)}" for a in self.axes if a.name != name]
        span = f"for {name} from {figure(axis.low)} to {axis.shown(axis.high)}"
        return f"{span} at {' and '.join(others)}" if others else span

    @property
    def box(self) -> str:
        """How prose names everything that is varied."""
        spans = [f"{a.name} from {figure(a.low)} to {a.shown(a.high)}" for a in self.axes]
        return f"for {' and '.join(spans)}"

    def spot(self, at: Mapping[str, float]) -> str:
        """How prose names a point of the box."""
        point = self.place(at)
        return " and ".join(f"{a.name} {a.shown(point[a.name])}" for a in self.axes)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "experiment": self.experiment,
            "vary": [axis.to_json() for axis in self.axes],
            "fixed": dict(self.fixed),
            "settings": dict(self.settings),
            "observe": list(self.observe),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scope:
        """Read what :meth:`to_json` wrote."""
        return cls(
            data["experiment"],
            tuple(Axis.from_json(axis) for axis in data["vary"]),
            dict(data["fixed"]),
            dict(data["settings"]),
            tuple(data["observe"]),
        )
