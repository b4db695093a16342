"""The state machine alone: the order of events and the budget, whatever is thrown at it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aion_sci.errors import CampaignError
from aion_sci.research.campaign import Done, advance, begin, next_action
from aion_sci.research.design import Design
from aion_sci.research.question import Question, parse_question
from aion_sci.research.verdicts import default_test

ASKED = """\
question: How does the response of a wire grow with the drive?
experiment: toy.wire
vary: {drive: {low: 1, high: 1e4, scale: log}}
observe: response
budget: {runs: 12}
hypotheses:
  - power_law: {of: response, in: drive, exponent: [0.28, 0.32]}
  - monotone: {of: response, in: drive, direction: increasing}
"""


def asked() -> dict:
    return {"question": parse_question(ASKED).to_json(), "planner": "bayes", "code": "1"}


def story(state, fresh: int, sizes: tuple[int, int]):
    """The events of an honest campaign whose designs have so many points."""
    points = [{"drive": 1.5 + i} for i in range(4)]
    yield "pilot_planned", {"points": points}
    state = advance(state, "pilot_planned", {"points": points})
    ran = {"outcomes": dict.fromkeys(state.pilot_runs, "ok"), "fresh_runs": fresh}
    yield "pilot_ran", ran
    state = advance(state, "pilot_ran", ran)
    drafts = [{"hypothesis": h.to_json(), "rationale": "", "expected": None}
              for h in state.question.hypotheses]  # fmt: skip
    yield "proposed", {"proposals": drafts}
    state = advance(state, "proposed", {"proposals": drafts})
    for size in sizes:
        hypothesis = state.waiting.hypothesis
        spots = tuple({"drive": 100.0 + i} for i in range(size))
        scope = state.question.scope
        test = default_test(hypothesis)
        design = Design(hypothesis, scope, spots, scope.settings, test, state.confidence, "1", 0)
        event = {"design": design.to_json(), "runs": list(design.runs)}
        yield "registered", event
        state = advance(state, "registered", event)
    yield "evidence_ran", {"outcomes": dict.fromkeys(state.evidence_runs, "ok")}
    finding = {"verdict": "supported", "effect": 1.0, "interval": [0, 2], "measure": "",
               "notes": [], "excluded": []}  # fmt: skip
    for design in state.designs:
        yield "decided", {"design": design.hash, "finding": finding}
    for design in state.designs:
        yield "filed", {"design": design.hash, "claim": "claim-1"}
    yield "finished", {}


def test_an_honest_story_ends():
    state = begin("asked", asked())
    for name, data in story(state, 8, (8, 5)):
        state = advance(state, name, data)
    assert isinstance(next_action(state), Done)
    assert len(state.pilot_runs) + len(state.evidence_runs) == 12


def test_every_event_out_of_turn_is_refused():
    first = begin("asked", asked())
    events = list(story(first, 8, (8, 5)))
    state = first
    for name, data in events:
        for other, what in events:
            if other != name and not (name == "registered" and other == "declined"):
                with pytest.raises(CampaignError, match="cannot follow"):
                    advance(state, other, what)
        state = advance(state, name, data)
    with pytest.raises(CampaignError, match="cannot follow"):
        advance(state, "finished", {})


def test_a_log_begins_with_the_question():
    with pytest.raises(CampaignError, match="begins with 'asked'"):
        begin("finished", {})


def test_states_are_a_function_of_the_events():
    states = []
    for _ in range(2):
        state = begin("asked", asked())
        for name, data in story(state, 8, (6, 6)):
            state = advance(state, name, data)
        states.append(state)
    assert states[0] == states[1]


@given(
    fresh=st.integers(-2, 20),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_story_spends_more_runs_than_the_budget(fresh, sizes):
    state = begin("asked", asked())
    try:
        for name, data in story(state, fresh, sizes):
            state = advance(state, name, data)
    except CampaignError:
        assert not 0 <= fresh <= 8 or max(sizes) > fresh
    spent = set(state.pilot_runs) | set(state.evidence_runs)
    assert len(spent) <= state.question.budget.runs


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("pilot_planned", {"points": []}, "at least one point"),
        ("pilot_planned", {"points": [{"drive": 1.0 + i} for i in range(12)]}, "leaves no run"),
        ("pilot_ran", {"outcomes": {"x": "ok"}}, "not those that were asked for"),
        ("pilot_ran", {"fresh_runs": 9}, "8 runs at most"),
        ("proposed", {"proposals": [{"hypothesis": {"law": {}}, "rationale": "",
                                     "expected": None}]}, "makes no sense"),
        ("registered", {"runs": []}, "not those of the design"),
        ("evidence_ran", {"outcomes": {}}, "not those that were asked for"),
        ("decided", {"design": "0"}, "whose turn"),
        ("filed", {"design": "0"}, "whose turn"),
    ],
)  # fmt: skip
def test_a_forged_event_is_refused(name, change, message):
    state = begin("asked", asked())
    for turn, data in story(state, 8, (8, 5)):
        if turn == name:
            with pytest.raises(CampaignError, match=message):
                advance(state, turn, {**data, **change})
            return
        state = advance(state, turn, data)


def test_a_design_edited_after_hashing_is_refused():
    state = begin("asked", asked())
    for name, data in story(state, 8, (8, 5)):
        if name == "registered":
            forged = {**data["design"], "largest_excluded_share": 0.9}
            with pytest.raises(CampaignError, match="does not match its hash"):
                advance(state, name, {**data, "design": forged})
            return
        state = advance(state, name, data)


def test_a_question_in_the_log_is_the_question_asked():
    assert Question.from_json(asked()["question"]) == parse_question(ASKED)
