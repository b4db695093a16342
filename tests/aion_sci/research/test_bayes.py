"""The statistical planner: what it proposes from a pilot, and how its proposals fare.

The first process of a session compiles for several seconds; the rest of a test is instant.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from aion_sci.errors import QuestionError
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.engine import conduct
from aion_sci.research.hypothesis import admit
from aion_sci.research.question import parse_question
from aion_sci.research.surrogate import Surrogate
from aion_sci.runs.study import Study

LINE = """\
question: How does the response of a wire grow with the drive?
experiment: toy.wire
vary: {drive: {low: 1, high: 1e4, scale: log}}
observe: response
budget: {runs: 24}
"""
BOX = LINE.replace("log}}", "log}, friction: {low: 0, high: 1}}").replace("24", "40")


def propose(text: str, run, k: int = 6):
    question, planner = parse_question(text), BayesPlanner()
    points = planner.pilot(question, np.random.default_rng(0))
    scope = question.scope
    study = Study.explicit(scope.experiment, [scope.request(p, scope.settings) for p in points])
    proposals = planner.propose(question, run(study, "pilot"), k, np.random.default_rng(1))
    for proposal in proposals:
        assert admit(proposal.hypothesis, scope) == proposal.hypothesis
    return {proposal.hypothesis.kind: proposal for proposal in proposals}


def law(point) -> float:
    """Nearly a power law: the exponent drifts from 0.32 to 0.28."""
    decades = math.log10(point["drive"])
    return 1.2 * 10 ** (0.32 * decades - 0.005 * decades**2)


def test_a_scaling_question_gets_five_kinds(bench):
    found = propose(LINE, bench(law, discretisation=1e-3))
    assert set(found) == {"power_law", "monotone", "equals", "threshold", "no_effect"}
    low, high = found["power_law"].hypothesis.exponent
    assert 0.2 <= low < 0.3 < high <= 0.4
    assert found["monotone"].hypothesis.direction == "increasing"
    assert found["no_effect"].expected == "refuted"


def test_what_it_expects_happens(store, laboratory):
    run = laboratory(store, law, discretisation=1e-3)
    result = conduct(parse_question(LINE), store=store, run=run, planner=BayesPlanner())
    assert len(result.answers) == 5
    for answer in result.answers:
        assert answer.finding.verdict == (answer.proposal.expected or "supported"), answer
    assert len(result.records) <= 24


def test_a_constant_gets_only_its_absence_of_effect(bench):
    found = propose(LINE, bench(lambda point: 5.0, discretisation=1e-3))
    assert set(found) == {"no_effect"}
    assert found["no_effect"].expected != "refuted"


def test_a_hump_gets_an_extremum(bench):
    found = propose(LINE, bench(lambda p: 2 - (math.log10(p["drive"]) - 2) ** 2))
    assert "monotone" not in found
    low, high = found["extremum"].hypothesis.at
    assert low < 100 < high
    assert found["extremum"].hypothesis.extreme == "maximum"


def test_a_line_through_zero_is_no_power_law(bench):
    found = propose(LINE.replace("log}", "linear}"), bench(lambda p: p["drive"] - 4000.0))
    assert "power_law" not in found
    assert found["monotone"].hypothesis.direction == "increasing"
    low, high = found["threshold"].hypothesis.at
    assert low < 4000 + found["threshold"].hypothesis.level < high


def test_two_axes_tell_what_matters_from_what_does_not(bench):
    question, planner = parse_question(BOX), BayesPlanner()
    points = planner.pilot(question, np.random.default_rng(0))
    scope = question.scope
    run = bench(law, discretisation=1e-3)
    study = Study.explicit(scope.experiment, [scope.request(p, scope.settings) for p in points])
    proposals = planner.propose(question, run(study, "pilot"), 9, np.random.default_rng(1))
    said = {(p.hypothesis.kind, p.hypothesis.varied) for p in proposals}
    assert ("monotone", "drive") in said
    assert ("no_effect", "friction") in said
    assert ("monotone", "friction") not in said


def test_two_axes_end_to_end(store, laboratory):
    run = laboratory(store, law, discretisation=1e-3)
    result = conduct(parse_question(BOX), store=store, run=run, planner=BayesPlanner())
    assert len(result.records) <= 40
    kinds = {a.design.hypothesis.kind: a.finding.verdict for a in result.answers}
    assert kinds["monotone"] == "supported"


def test_too_few_good_readings_suggest_nothing(bench):
    assert propose(LINE, bench(law, fails=lambda point: point["drive"] > 20)) == {}


def test_proposals_are_the_same_again(bench):
    first, second = (propose(LINE, bench(law, discretisation=1e-3)) for _ in range(2))
    assert first == second


def test_ranked_proposals_are_cut_to_the_number_asked_for(bench):
    assert len(propose(LINE, bench(law, discretisation=1e-3), k=2)) == 2


def test_the_process_predicts_within_its_error_bars():
    """Left-out values of a smooth curve lie within four predicted standard deviations."""
    x = np.linspace(0.05, 0.95, 7)[:, None]
    there = np.linspace(0, 1, 62)[:, None]
    for curve in (np.exp, lambda x: 2 + np.sin(4 * x), lambda x: 1 / (1.2 - x)):
        surrogate = Surrogate(x, curve(x[:, 0]), 1e-4 * np.ones(7))
        prediction = surrogate.predict(there)
        truth = np.log(curve(there[:, 0]))
        assert np.all(np.abs(prediction.mean - truth) <= 4 * prediction.spread)
        assert np.allclose(prediction.value, np.exp(prediction.mean))


def test_a_question_whose_hypotheses_are_given_needs_no_process(store, laboratory):
    """They are tested exactly as asked, even where the pilot says otherwise."""
    text = LINE + "hypotheses:\n  - monotone: {of: response, in: drive, direction: decreasing}\n"
    result = conduct(
        parse_question(text), store=store, run=laboratory(store, law), planner=BayesPlanner()
    )
    assert [a.finding.verdict for a in result.answers] == ["refuted"]
    with pytest.raises(QuestionError):
        parse_question(text + "  - monotone: {of: heat, in: drive, direction: decreasing}\n")
