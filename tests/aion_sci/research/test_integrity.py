"""Planted faults: whatever a planner, a worker or an editor of files does, none is admitted.

Each fault is one change to an honest campaign. The honest one passes through the same doors, so a
door that is shut to everybody would show.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aion_sci.errors import AionError, CampaignError, CorruptLogError, CorruptRunError
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.campaign import advance, begin
from aion_sci.research.design import Design
from aion_sci.research.engine import conduct
from aion_sci.research.history import recall
from aion_sci.research.layout import design_for
from aion_sci.research.question import parse_question
from aion_sci.research.replay import replay

LAW = "power_law: {of: response, in: drive, exponent: [0.28, 0.32]}"
RISES = "monotone: {of: response, in: drive, direction: increasing}"
ASKED = f"""\
question: How does the response of a wire grow with the drive?
experiment: toy.wire
vary: {{drive: {{low: 1, high: 1e4, scale: log}}}}
observe: response
budget: {{runs: 24}}
hypotheses:
  - {LAW}
  - all_of: [{RISES}, {LAW}]
"""


@pytest.fixture
def honest(store, laboratory):
    run = laboratory(store, lambda p: 2 * p["drive"] ** 0.3, discretisation=1e-3)
    return conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())


def events(result) -> list[dict]:
    return [json.loads(line) for line in (result.folder / "log.jsonl").read_text().splitlines()]


def played(told: list[dict]) -> None:
    """Take the state machine through a list of events."""
    state = begin(told[0]["event"], told[0]["data"])
    for event in told[1:]:
        state = advance(state, event["event"], event["data"])


def test_the_honest_campaign_passes(honest):
    played(events(honest))
    assert [answer.finding.verdict for answer in honest.answers] == ["supported"] * 2


def changed(told: list[dict], name: str, **data) -> list[dict]:
    """The events with something else in the data of the first one called ``name``."""
    index = next(i for i, event in enumerate(told) if event["event"] == name)
    copy = json.loads(json.dumps(told))
    copy[index]["data"] = {**copy[index]["data"], **data}
    return copy


def without(told: list[dict], name: str) -> list[dict]:
    return [event for event in told if event["event"] != name]


def swapped(told: list[dict], first: str, second: str) -> list[dict]:
    names = [event["event"] for event in told]
    i, j = names.index(first), names.index(second)
    copy = list(told)
    copy[i], copy[j] = copy[j], copy[i]
    return copy


def less(outcomes: dict) -> dict:
    return dict(list(outcomes.items())[1:])


def of(told, name):
    return next(event["data"] for event in told if event["event"] == name)


EVENT_FAULTS = {
    "a run that does not exist is cited": lambda t: changed(
        t, "evidence_ran", outcomes={**of(t, "evidence_ran")["outcomes"], "f" * 20: "ok"}
    ),
    "a run is dropped from the evidence": lambda t: changed(
        t, "evidence_ran", outcomes=less(of(t, "evidence_ran")["outcomes"])
    ),
    "a run is dropped from the pilot": lambda t: changed(
        t, "pilot_ran", outcomes=less(of(t, "pilot_ran")["outcomes"])
    ),
    "the budget is raised after the pilot": lambda t: changed(t, "pilot_ran", fresh_runs=1000),
    "the budget is negative": lambda t: changed(t, "pilot_ran", fresh_runs=-1),
    "the pilot takes every run": lambda t: changed(
        t, "pilot_planned", points=[{"drive": 1.0 + i} for i in range(24)]
    ),
    "there is no pilot": lambda t: changed(t, "pilot_planned", points=[]),
    "the evidence runs before the design is registered": lambda t: swapped(
        t, "registered", "evidence_ran"
    ),
    "a verdict without evidence": lambda t: without(t, "evidence_ran"),
    "a claim without a verdict": lambda t: without(t, "decided"),
    "a campaign ends without its claims": lambda t: without(t, "filed"),
    "a design of another hash": lambda t: changed(
        t, "registered", design={**of(t, "registered")["design"], "seed": 1}
    ),
    "runs that are not the design's": lambda t: changed(t, "registered", runs=["0" * 20]),
    "a verdict on a design that was not registered": lambda t: changed(
        t, "decided", design="0" * 64
    ),
    "a claim of a design that was not decided": lambda t: changed(t, "filed", design="0" * 64),
    "the same hypothesis twice": lambda t: changed(
        t, "proposed", proposals=[of(t, "proposed")["proposals"][0]] * 2
    ),
    "a hypothesis about what is not varied": lambda t: changed(
        t, "proposed", proposals=[{
            "hypothesis": {"monotone": {"of": "response", "in": "friction",
                                        "direction": "increasing"}},
            "rationale": "", "expected": None}]
    ),
    "a hypothesis in another unit": lambda t: changed(
        t, "proposed", proposals=[{
            "hypothesis": {"law": {"of": "response", "formula": "2 * drive", "tolerance": 1.0}},
            "rationale": "", "expected": None}]
    ),
    "a hypothesis is declined out of turn": lambda t: [
        *t[:4], {"event": "declined", "data": {"hypothesis": {"monotone": {}}, "reason": ""}}
    ],
}  # fmt: skip


@pytest.mark.parametrize("fault", EVENT_FAULTS)
def test_no_event_that_breaks_the_rules_is_taken(fault, honest):
    with pytest.raises(CampaignError):
        played(EVENT_FAULTS[fault](events(honest)))


def looser(design: Design) -> Design:
    options = {name: 10.0 for name in design.test["options"]}
    return replace(design, test={**design.test, "options": options})


DESIGN_FAULTS = {
    "a looser tolerance of the test": looser,
    "another test": lambda d: replace(d, test={"name": "always", "version": 1, "options": {}}),
    "a lower confidence": lambda d: replace(d, confidence=0.5),
    "most of its runs may fail": lambda d: replace(d, largest_excluded_share=0.9),
    "a point outside the box": lambda d: replace(d, points=({"drive": 1e6}, *d.points[1:])),
    "other code": lambda d: replace(d, code="another"),
    "another box": lambda d: replace(d, scope=replace(d.scope, fixed={"friction": 0.1})),
    "parts that the hypothesis does not have": lambda d: replace(d, parts=(d,)),
    "more runs than are left": lambda d: replace(
        d, points=tuple({"drive": 1.0 + i} for i in range(100))
    ),
}


@pytest.mark.parametrize("fault", [None, *DESIGN_FAULTS])
def test_no_design_is_registered_that_was_tampered_with(fault, store, laboratory):
    class Tampering(BayesPlanner):
        def design(self, hypothesis, plan, rng):
            design = design_for(hypothesis, plan, rng)
            return design if fault is None else DESIGN_FAULTS[fault](design)

    run = laboratory(store, lambda p: 2 * p["drive"] ** 0.3, discretisation=1e-3)
    question = parse_question(ASKED.partition("  - all_of")[0])
    result = conduct(question, store=store, run=run, planner=Tampering())
    if fault is None:
        assert len(result.answers) == 1
    else:
        assert result.answers == ()
        assert len(result.declined) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"verdict":"supported"', '"verdict":"refuted"'),
        ('"effect":', '"effect":9'),
        ('"fresh_runs":', '"fresh_runs":9'),
        ('"confidence":0.', '"confidence":0.0'),
        ('"outcomes":{', '"outcomes":{"0":"ok",'),
    ],
)
def test_an_edited_row_of_the_log_is_noticed(before, after, honest, store):
    path = honest.folder / "log.jsonl"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(CorruptLogError):
        recall(honest.id, store)


@pytest.mark.parametrize("fault", ["edited", "deleted", "hand-written"])
def test_a_tampered_run_is_noticed_on_replay(fault, honest, store):
    answer = honest.answers[0]
    run = answer.design.runs[0]
    (attempt,) = (store.path / "runs" / run).glob("attempt-*")
    file = attempt / "observables.json"
    if fault == "deleted":
        for each in attempt.iterdir():
            each.unlink()
        assert "are not in the store" in " ".join(replay(answer.claim, store).differences)
        return
    text = file.read_text()
    value = json.loads(text)["observables"]["response"]["value"]
    new = repr(value * 1.5)[: len(repr(value))].ljust(len(repr(value)), "1")
    file.write_text(text.replace(repr(value), new) if fault == "edited" else '{"value": 3}')
    with pytest.raises(CorruptRunError):
        replay(answer.claim, store)


def test_an_edited_claim_is_noticed(honest, store):
    path = store.path / "claims" / f"{honest.answers[0].claim}.json"
    path.write_text(path.read_text().replace('"effect": 0.', '"effect": 1.'))
    with pytest.raises(AionError, match="does not match its content"):
        store.claim(honest.answers[0].claim)


def test_there_are_thirty_faults():
    assert len(EVENT_FAULTS) + len(DESIGN_FAULTS) + 5 + 3 + 1 >= 30
