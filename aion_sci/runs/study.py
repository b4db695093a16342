"""An experiment over a design of points: what is grouped, batched, distributed and cached.

A design says where in the box to look. The grid and explicit points come from a request; Latin
hypercubes and Sobol sequences (SciPy's, scrambled and seeded) fill the box evenly, on a logarithmic
axis where the parameter asks for one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment, Parameter, Value, find
from aion_sci.experiments.sweep import Raw, points
from aion_sci.runs.spec import RunSpec

__all__ = ["Study"]


@dataclass(frozen=True)
class Study:
    """Runs of one experiment, without repeats, in the order asked for."""

    experiment: Experiment
    specs: tuple[RunSpec, ...]

    @classmethod
    def grid(cls, experiment_id: str, request: Mapping[str, Raw]) -> Study:
        """All combinations of the values of a request."""
        experiment = find(experiment_id)
        return cls._of(experiment, (RunSpec.of(experiment, p) for p in points(experiment, request)))

    @classmethod
    def explicit(cls, experiment_id: str, requests: Iterable[Mapping[str, Value]]) -> Study:
        """Exactly these points."""
        experiment = find(experiment_id)
        return cls._of(
            experiment, (RunSpec.of(experiment, experiment.bind(request)) for request in requests)
        )

    @classmethod
    def latin_hypercube(
        cls,
        experiment_id: str,
        box: Mapping[str, tuple[Value, Value]],
        count: int,
        *,
        fixed: Mapping[str, Value] | None = None,
        seed: int = 0,
    ) -> Study:
        """``count`` points, one in each of ``count`` slices of every axis of ``box``."""
        from scipy.stats import qmc

        sample = qmc.LatinHypercube(d=len(box), rng=seed).random(_count(count))
        return cls._from_unit_cube(experiment_id, box, sample.tolist(), fixed)

    @classmethod
    def sobol(
        cls,
        experiment_id: str,
        box: Mapping[str, tuple[Value, Value]],
        count: int,
        *,
        fixed: Mapping[str, Value] | None = None,
        seed: int = 0,
    ) -> Study:
        """The first ``count`` points of a scrambled Sobol sequence over ``box``."""
        from scipy.stats import qmc

        power = max(1, math.ceil(math.log2(max(_count(count), 2))))
        sample = qmc.Sobol(d=len(box), rng=seed).random_base2(power)[:count]
        return cls._from_unit_cube(experiment_id, box, sample.tolist(), fixed)

    @classmethod
    def _from_unit_cube(
        cls,
        experiment_id: str,
        box: Mapping[str, tuple[Value, Value]],
        sample: Sequence[Sequence[float]],
        fixed: Mapping[str, Value] | None,
    ) -> Study:
        experiment = find(experiment_id)
        axes = [_axis(experiment.parameter(name), *ends) for name, ends in box.items()]
        requests = [
            {**(fixed or {}), **{p.name: _place(p, low, high, t) for (p, low, high), t in
                                 zip(axes, row, strict=True)}}
            for row in sample
        ]  # fmt: skip
        return cls.explicit(experiment_id, requests)

    @classmethod
    def _of(cls, experiment: Experiment, specs: Iterable[RunSpec]) -> Study:
        unique = {spec.id: spec for spec in specs}
        if not unique:
            raise RequestError(f"a study of {experiment.id} has no points; give at least one")
        return cls(experiment, tuple(unique.values()))

    @functools.cached_property
    def groups(self) -> tuple[tuple[RunSpec, ...], ...]:
        """The specs that fit one compiled program: equal in all that it does not trace."""
        traced = {p.name for p in self.experiment.traced}
        buckets: dict[tuple[object, ...], list[RunSpec]] = {}
        for spec in self.specs:
            given = {**spec.parameters, **spec.settings}
            key = tuple((name, value) for name, value in given.items() if name not in traced)
            buckets.setdefault(key, []).append(spec)
        return tuple(tuple(bucket) for bucket in buckets.values())


def _axis(parameter: Parameter, low: Value, high: Value) -> tuple[Parameter, float, float]:
    """A validated axis of a box; its ends may be texts with a unit."""
    if not parameter.numeric:
        raise RequestError(f"{parameter.name} is a {parameter.kind}; a box needs a number")
    first, last = float(parameter.read(low)), float(parameter.read(high))
    if first >= last:
        raise RequestError(f"the box of {parameter.name} goes from {low} to {high}; it must rise")
    return parameter, first, last


def _count(count: int) -> int:
    if count < 1:
        raise RequestError(f"a design of {count} points is asked for; at least 1 is needed")
    return count


def _place(parameter: Parameter, low: float, high: float, t: float) -> Value:
    """The value a fraction ``t`` of the way from ``low`` to ``high`` on the parameter's scale."""
    if parameter.scale == "log":
        value = math.exp(math.log(low) + t * (math.log(high) - math.log(low)))
    else:
        value = low + t * (high - low)
    return round(value) if parameter.kind == "integer" else value
