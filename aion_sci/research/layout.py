"""Where to look: the points at which each kind of hypothesis is tested.

Points are fresh, never a run that exists already, since what suggested a claim cannot confirm it.
They are shared: all claims along one axis use the same line of points, so that a budget goes far.

* Along an axis: even steps on its scale from end to end, jittered by a seeded quarter of a step.
* Claims about a place (equals, compare) use that place; when its run exists already, the next finer
  grid (or the next seed) makes a new run there.
* A threshold adds the ends and the middle of its range, an extremum five points over it.
* With several varied parameters, claims about all of an axis add pairs of points along it at random
  values of the others.
* Claims about the whole box (law, conserved, order) use the line where one parameter varies, and
  with several a Latin hypercube with the two corners of lowest and highest values.
* A claim made of others has the designs of its parts, each at its share of the error rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from aion_sci.experiments import Value
from aion_sci.research.design import Design, part_confidence
from aion_sci.research.hypothesis import (
    Compare,
    Conserved,
    Equals,
    Extremum,
    Hypothesis,
    Law,
    Monotone,
    NoEffect,
    Order,
    Threshold,
)
from aion_sci.research.kinds import Elementary
from aion_sci.research.planner import Declined, Plan
from aion_sci.research.scope import Axis
from aion_sci.research.verdicts import default_test

__all__ = ["design_for", "line_points", "pilot_points"]

_LONGEST_LINE = 12
_SHORTEST_LINE = 5
_NUDGES = 20
_NUDGE = 0.004  # of the axis: far enough to be another run, near enough to be the same place

Point = dict[str, float]


def pilot_points(plan_runs: int, axes: tuple[Axis, ...], rng: np.random.Generator) -> list[Point]:
    """A first look with a quarter of the runs, away from the ends, which are kept for evidence."""
    count = max(4 * len(axes), round(plan_runs / 4))
    if len(axes) == 1:
        shift = rng.uniform(-0.2, 0.2, count)
        return _distinct([{axes[0].name: axes[0].value((i + 0.5 + s) / count)}
                          for i, s in enumerate(shift)])  # fmt: skip
    from scipy.stats import qmc

    sample = qmc.LatinHypercube(d=len(axes), rng=rng).random(count)
    return _distinct([{a.name: a.value(float(u)) for a, u in zip(axes, row, strict=True)}
                      for row in sample])  # fmt: skip


def line_points(plan: Plan) -> int:
    """How many points each line has: what the budget leaves beside the points that claims add."""
    leaves = [leaf for hypothesis in plan.hypotheses for leaf in hypothesis.leaves]
    axes = [axis.name for axis in plan.question.scope.axes]
    over_box = {"" if len(axes) > 1 else axes[0] for h in leaves if isinstance(h, _OVER_BOX)}
    lines = {leaf.varied for leaf in leaves if leaf.varied is not None} | over_box
    added = sum(_places(leaf) for leaf in leaves)
    if len(axes) > 1:
        added += 2 * len({h.varied for h in leaves if isinstance(h, _EVERYWHERE)})
    left = (plan.runs - added) // max(len(lines), 1)
    return min(_LONGEST_LINE, max(_SHORTEST_LINE, left))


def design_for(hypothesis: Hypothesis, plan: Plan, rng: np.random.Generator) -> Design | Declined:
    """The default design of a hypothesis of any kind, for any planner to use."""
    settings: Mapping[str, Value] = plan.question.scope.settings
    if not isinstance(hypothesis, Elementary):
        return _joined(hypothesis, plan, rng)
    if isinstance(hypothesis, Equals | Compare):
        places = [hypothesis.at, *([hypothesis.than] if isinstance(hypothesis, Compare) else [])]
        found = next(_finer(plan, places), None)
        if found is None:
            return Declined("its runs have been made before, and no setting makes them anew")
        points, settings = places, found
    else:
        points = _spread(hypothesis, plan, rng)
        if len(points) < _SHORTEST_LINE:
            where = f"along {hypothesis.varied}" if hypothesis.varied else "in the box"
            return Declined(f"only {len(points)} fresh points are left {where}")
    return Design(
        hypothesis=hypothesis,
        scope=plan.question.scope,
        points=tuple(points),
        settings=settings,
        test=default_test(hypothesis),
        confidence=plan.confidence,
        code=plan.code,
        seed=plan.question.seed,
    )


def _joined(hypothesis: Hypothesis, plan: Plan, rng: np.random.Generator) -> Design | Declined:
    """The designs of the parts, each at its share of the error rate and drawn alike."""
    share = replace(plan, confidence=part_confidence(plan.confidence, len(hypothesis.parts)))
    state, designs = rng.bit_generator.state, []
    for part in hypothesis.parts:
        rng.bit_generator.state = state
        design = design_for(part, share, rng)
        if isinstance(design, Declined):
            return Declined(f"its part '{part.kind}' cannot be tested: {design.reason}")
        designs.append(design)
    return Design(
        hypothesis=hypothesis,
        scope=plan.question.scope,
        points=(),
        settings=plan.question.scope.settings,
        test=default_test(hypothesis),
        confidence=plan.confidence,
        code=plan.code,
        seed=plan.question.seed,
        parts=tuple(designs),
    )


def _spread(hypothesis: Elementary, plan: Plan, rng: np.random.Generator) -> list[Point]:
    """The shared line of an axis, the claim's own places on it, and pairs elsewhere in the box."""
    count, points = line_points(plan), []
    axes = plan.question.scope.axes
    over_box = isinstance(hypothesis, _OVER_BOX)
    for axis in axes:  # every axis draws, so that all claims draw alike
        jitter = rng.uniform(-0.25, 0.25, count)
        corners = rng.uniform(0.0, 1.0, (2, len(plan.question.scope.axes)))
        if axis.name != hypothesis.varied and not (over_box and len(axes) == 1):
            continue
        steps = [i / (count - 1) for i in range(count)]
        inner = [c + j / (count - 1) for c, j in zip(steps[1:-1], jitter[1:-1], strict=True)]
        values = [axis.value(c) for c in (0.0, *inner, 1.0)]
        if isinstance(hypothesis, Threshold | Extremum):
            values += _over(axis, hypothesis.at, _places(hypothesis))
        reference = plan.question.scope.place({})
        points += [_fresh(plan, axis, {**reference, axis.name: value}) for value in values]
        if isinstance(hypothesis, _EVERYWHERE) and len(reference) > 1:
            points += [_fresh(plan, axis, point) for point in _pair(plan, axis, corners)]
    if over_box and len(axes) > 1:
        points = [_fresh(plan, axes[0], point) for point in _filling(axes, count, rng)]
    kept = _distinct([point for point in points if point is not None])
    return sorted(kept, key=lambda point: tuple(point.values()))


def _filling(axes: tuple[Axis, ...], count: int, rng: np.random.Generator) -> list[Point]:
    """A Latin hypercube over the box, and its lowest and highest corner."""
    from scipy.stats import qmc

    rows = qmc.LatinHypercube(d=len(axes), rng=rng).random(count - 2).tolist()
    corners = [[0.0] * len(axes), [1.0] * len(axes)]
    return [
        {axis.name: axis.value(u) for axis, u in zip(axes, row, strict=True)}
        for row in (*corners, *rows)
    ]


_EVERYWHERE = (Monotone, NoEffect)
"""Kinds that claim something about an axis wherever the others are."""

_OVER_BOX = (Conserved, Law, Order)
"""Kinds that claim something about every point of the box."""


def _places(hypothesis: Elementary) -> int:
    """How many points a claim adds to the line it shares."""
    return {"compare": 2, "equals": 1, "extremum": 5, "threshold": 3}.get(hypothesis.kind, 0)


def _over(axis: Axis, span: tuple[float, float], count: int) -> list[float]:
    """Values over a part of an axis, its ends exact."""
    low, high = (axis.coordinate(end) for end in span)
    inner = [axis.value(low + (high - low) * i / (count - 1)) for i in range(1, count - 1)]
    return [span[0], *inner, span[1]]


def _pair(plan: Plan, axis: Axis, corners: np.ndarray) -> list[Point]:
    """Two points at one random value of every other axis, at least half an axis apart."""
    start = 0.5 * float(corners[1][0])
    others = {
        a.name: a.value(float(u)) for a, u in zip(plan.question.scope.axes, corners[0], strict=True)
    }
    return [{**others, axis.name: axis.value(start + shift)} for shift in (0.0, 0.5)]


def _fresh(plan: Plan, axis: Axis, point: Point) -> Point | None:
    """The point, or the nearest one towards the middle of its axis whose run does not exist."""
    settings, start = plan.question.scope.settings, axis.coordinate(point[axis.name])
    if plan.fresh(point, settings):
        return point
    inward = 1.0 if start < 0.5 else -1.0
    for i in range(1, _NUDGES + 1):
        nudged = {**point, axis.name: axis.value(start + inward * i * _NUDGE)}
        if plan.fresh(nudged, settings):
            return nudged
    return None


def _finer(plan: Plan, places: list[dict[str, float]]) -> Iterator[dict[str, Value]]:
    """Settings under which the runs at all places are new: as asked, then finer or reseeded."""
    scope = plan.question.scope
    ladder = scope.source.fidelity
    for i in range(_NUDGES):
        settings = dict(scope.settings)
        if ladder is not None:
            value = int(settings[ladder.name]) + i * ladder.multiple
            if value > ladder.high:
                return
            settings[ladder.name] = value
        elif scope.source.seeded:
            settings["seed"] = int(settings["seed"]) + i
        elif i > 0:
            return
        if all(plan.fresh(place, settings) for place in places):
            yield settings


def _distinct(points: list[Point]) -> list[Point]:
    """Without repeats, which whole-number axes make."""
    return list({tuple(point.items()): point for point in points}.values())
