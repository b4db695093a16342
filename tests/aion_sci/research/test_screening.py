"""What is known before anything runs: repeats, contradictions, and the power of a design."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.document import parse_document
from aion_sci.research.engine import conduct
from aion_sci.research.hypothesis import parse_hypothesis
from aion_sci.research.power import best_power
from aion_sci.research.question import parse_question
from aion_sci.research.scope import Axis
from aion_sci.research.screening import contradiction

RISES = "monotone: {of: response, in: drive, direction: increasing}"
FALLS = "monotone: {of: response, in: drive, direction: decreasing}"
STEEP = "power_law: {of: response, in: drive, exponent: [0.5, 0.6]}"
GENTLE = "power_law: {of: response, in: drive, exponent: [0.2, 0.4]}"
LAW = "law: {of: response, formula: '2 [W*s/m] * drive', tolerance: 1 %}"


def hypothesis(text: str, wire):
    return parse_hypothesis(parse_document(text), wire)


CONTRARY = [
    (RISES, FALLS),
    (STEEP, GENTLE),
    (STEEP, "no_effect: {of: response, in: drive, within: 5 %}"),
    ("extremum: {of: response, in: drive, kind: maximum, at: [10, 20]}",
     "extremum: {of: response, in: drive, kind: maximum, at: [30, 40]}"),
    ("equals: {of: response, value: 2, tolerance: 0.1, at: {drive: 5}}",
     "equals: {of: response, value: 3, tolerance: 0.1, at: {drive: 5}}"),
    ("equals: {of: response, value: 11, tolerance: 0.1, at: {drive: 5}}", LAW),
    (f"all_of: [{RISES}, {GENTLE}]", STEEP),
    (f"not: {{{RISES}}}", RISES),
]  # fmt: skip
COMPATIBLE = [
    (RISES, STEEP),
    (GENTLE, "power_law: {of: response, in: drive, exponent: [0.3, 0.5]}"),
    ("equals: {of: response, value: 10.05, tolerance: 0.1, at: {drive: 5}}", LAW),
    ("equals: {of: response, value: 2, tolerance: 0.1, at: {drive: 5}}",
     "equals: {of: response, value: 3, tolerance: 0.1, at: {drive: 6}}"),
    (f"any_of: [{RISES}, {GENTLE}]", FALLS),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), CONTRARY)
def test_contradictions_are_found_either_way(first, second, wire):
    a, b = hypothesis(first, wire), hypothesis(second, wire)
    assert contradiction(a, wire, b, wire)
    assert contradiction(b, wire, a, wire)


@pytest.mark.parametrize(("first", "second"), COMPATIBLE)
def test_what_may_both_be_true_is_no_contradiction(first, second, wire):
    a, b = hypothesis(first, wire), hypothesis(second, wire)
    assert contradiction(a, wire, b, wire) is None
    assert contradiction(b, wire, a, wire) is None


def test_other_surroundings_are_no_contradiction(wire):
    elsewhere = replace(wire, fixed={"friction": 0.9})
    beyond = replace(wire, axes=(Axis("drive", 1e5, 1e6, "log", "m/s"),))
    for other in (elsewhere, beyond):
        steep, gentle = hypothesis(STEEP, wire), hypothesis(GENTLE, other)
        assert contradiction(steep, wire, gentle, other) is None


ASKED = """\
question: {text}
experiment: toy.wire
vary: {{drive: {{low: 1, high: 1e4, scale: log}}}}
observe: response
budget: {{runs: 24}}
hypotheses: [{hypothesis}]
"""


def ask(text, hypothesis, store, laboratory, **errors):
    run = laboratory(store, lambda p: 2 * p["drive"] ** 0.3, **errors)
    question = parse_question(ASKED.format(text=text, hypothesis=hypothesis))
    (answer,) = conduct(question, store=store, run=run, planner=BayesPlanner()).answers
    return answer


def test_a_campaign_says_what_it_repeats_and_contradicts(store, laboratory):
    first = ask("first", GENTLE, store, laboratory, discretisation=1e-3)
    again = ask("again", GENTLE, store, laboratory, discretisation=1e-3)
    assert again.remarks == (f"repeats {first.claim}, which was supported",)
    contrary = ask("contrary", STEEP, store, laboratory, discretisation=1e-3)
    assert len(contrary.remarks) == 2
    # Both claims stand; the store lists them by the time to the second, then by id.
    for claim in (first.claim, again.claim):
        found = [
            remark for remark in contrary.remarks if remark.startswith(f"contradicts {claim},")
        ]
        assert len(found) == 1
    assert contrary.finding.verdict == "refuted"  # a remark decides nothing
    assert contrary.to_json()["remarks"] == list(contrary.remarks)


@pytest.mark.parametrize(
    "text",
    [
        GENTLE,
        "equals: {of: response, value: 8, tolerance: 0.1, at: {drive: 100}}",
        "law: {of: response, formula: '2 [W] * (drive / 1 [m/s])^0.3', tolerance: 1 %}",
        "no_effect: {of: response, in: drive, within: 2 %}",
        "conserved: {of: response, within: 0.1}",
        f"all_of: [{GENTLE}, conserved: {{of: response, within: 0.1}}]",
    ],
)
def test_power_falls_as_error_bars_grow(text, bench, registered):
    design = registered(text)
    powers = []
    for error in (1e-6, 3e-3, 1.0):
        run = bench(lambda p: 8.0, discretisation=error / 10, sampling=error)
        powers.append(best_power(design, run(design.study(), "pilot")))
    assert powers[0] > 0.99
    assert powers[0] >= powers[1] >= powers[2]
    assert powers[2] < 0.2


def test_a_design_without_a_margin_has_no_power_to_state(bench, registered):
    design = registered(RISES)
    assert best_power(design, bench(lambda p: 8.0)(design.study(), "pilot")) is None


def test_an_underpowered_design_says_so(store, laboratory):
    answer = ask("loud", GENTLE, store, laboratory, discretisation=0.5)
    assert answer.power == 0.0
    assert answer.remarks == ("underpowered: at best 0 % chance of support",)
