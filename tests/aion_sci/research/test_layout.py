"""Designs: fresh points, shared points, several axes, and what cannot be designed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aion_sci.research.design import Design
from aion_sci.research.layout import design_for, pilot_points
from aion_sci.research.planner import Declined, Plan
from aion_sci.research.question import Question, parse_question
from aion_sci.research.verdicts import decide

LINE = """\
question: How does the response grow?
experiment: toy.wire
vary: {drive: {low: 1, high: 1e4, scale: log}}
observe: response
budget: {runs: 24}
hypotheses:
  - power_law: {of: response, in: drive, exponent: [0.28, 0.32]}
  - monotone: {of: response, in: drive, direction: increasing}
  - threshold: {of: response, in: drive, level: 4, at: [80, 130]}
  - extremum: {of: response, in: drive, kind: maximum, at: [5000, 10000]}
"""
BOX = """\
question: How does the response grow?
experiment: toy.wire
vary: {drive: {low: 1, high: 1e4, scale: log}, friction: {low: 0, high: 1}}
observe: response
budget: {runs: 36}
hypotheses:
  - monotone: {of: response, in: drive, direction: increasing}
  - no_effect: {of: response, in: friction, within: 5 %}
  - monotone: {of: response, in: friction, direction: increasing}
"""


def plan_for(question: Question, fresh: Callable = lambda point, settings: True) -> Plan:
    return Plan(question, question.hypotheses, 18, 0.99, "1", fresh)


def designs(question: Question, plan: Plan) -> list[Design | Declined]:
    return [design_for(h, plan, np.random.default_rng(3)) for h in question.hypotheses]


def runs(found) -> set[str]:
    return {run for design in found for run in design.runs}


def test_claims_along_one_axis_share_their_points():
    question = parse_question(LINE)
    found = designs(question, plan_for(question))
    assert set(found[0].runs) == set(found[1].runs) < set(found[2].runs)
    assert len(runs(found)) <= 18
    drives = [point["drive"] for point in found[0].points]
    assert (drives[0], drives[-1]) == (1.0, 1e4)
    assert {80.0, 130.0} <= {point["drive"] for point in found[2].points}


def test_points_that_were_run_are_moved_a_little():
    question = parse_question(LINE)
    first = designs(question, plan_for(question))
    taken = [point for design in first for point in design.points]
    again = designs(question, plan_for(question, lambda point, settings: point not in taken))
    assert not runs(first) & runs(again)
    assert [len(design.points) for design in first] == [len(design.points) for design in again]
    axis = question.scope.axes[0]
    for before, after in zip(first[0].points, again[0].points, strict=True):
        moved = axis.coordinate(after["drive"]) - axis.coordinate(before["drive"])
        assert 0 < abs(moved) < 0.01


def test_where_everything_was_run_nothing_is_designed():
    question = parse_question(LINE)
    found = designs(question, plan_for(question, lambda point, settings: False))
    assert all(isinstance(design, Declined) for design in found)


def test_a_place_that_was_run_is_run_on_a_finer_grid():
    question = parse_question(
        LINE[: LINE.index("  - power")]
        + "  - equals: {of: response, value: 2, tolerance: 1 %, at: {drive: 10}}\n"
    )
    plan = plan_for(question, lambda point, settings: settings["resolution"] >= 70)
    (design,) = designs(question, plan)
    assert design.settings["resolution"] == 70


def test_a_seeded_place_gets_another_seed_and_whole_numbers_stay_whole():
    question = parse_question(
        "question: Does it?\nexperiment: toy.odd\nvary: {count: {low: 2, high: 9}}\n"
        "fixed: {shape: disc, length: 2}\nobserve: response\nhypotheses:\n"
        "  - equals: {of: response, value: 2, tolerance: 1 %, at: {count: 3}}\n"
        "  - monotone: {of: response, in: count, direction: increasing}\n"
    )
    plan = plan_for(question, lambda point, settings: settings["seed"] == 4 or point["count"] > 3)
    place, line = designs(question, plan)
    assert place.settings["seed"] == 4
    counts = [point["count"] for point in line.points]
    assert counts == sorted(set(counts))
    assert all(count == int(count) for count in counts)


def test_claims_about_a_box_look_off_the_reference_line(bench):
    """A trend that holds along the line at half friction and fails elsewhere is refuted."""
    question = parse_question(BOX)
    found = designs(question, plan_for(question))
    assert all(len({p["friction"] for p in found[i].points}) == 2 for i in (0,))
    assert len({p["drive"] for p in found[1].points}) == 2
    assert set(found[1].runs) == set(found[2].runs)
    run = bench(lambda p: p["drive"] ** (0.3 if abs(p["friction"] - 0.5) < 0.01 else -0.3))
    finding = decide(found[0], run(found[0].study(), "evidence"))
    assert finding.verdict == "refuted"
    assert "counterexample" in finding.notes[0]


@pytest.mark.parametrize("text", [LINE, BOX])
def test_a_pilot_fills_the_box_and_leaves_the_ends(text):
    question = parse_question(text)
    points = pilot_points(question.budget.runs, question.scope.axes, np.random.default_rng(0))
    assert len(points) <= question.budget.runs / 3
    for axis in question.scope.axes:
        spots = sorted(axis.coordinate(point[axis.name]) for point in points)
        assert 0 < spots[0] < 0.3
        assert 0.7 < spots[-1] < 1
