"""Typed hypotheses: what is read, what each one says, and what each mistake says."""

from __future__ import annotations

import pytest

from aion_sci.errors import QuestionError
from aion_sci.research.document import parse_document
from aion_sci.research.hypothesis import KINDS, PowerLaw, admit, parse_hypothesis
from aion_sci.research.scope import Axis, Scope

SCOPE = Scope(
    experiment="toy.wire",
    axes=(Axis("drive", 1.0, 1e4, "log", "m/s"), Axis("friction", 0.0, 1.0)),
    fixed={},
    settings={"resolution": 64, "precision": "float64"},
    observe=("response",),
)

GOOD = {
    "power_law: {of: response, in: drive, exponent: [0.28, 0.32]}":
        "response scales as a power of drive with an exponent between 0.28 and 0.32, "
        "for drive from 1 to 1e4 m/s at friction 0.5.",
    "monotone: {of: response, in: friction, direction: decreasing}":
        "response decreases with friction throughout, for friction from 0 to 1 at drive 100 m/s.",
    "equals: {of: response, value: 2 kW, tolerance: 1 %, at: {drive: 10 m/s}}":
        "response equals 2000 W within 1 % at drive 10 m/s and friction 0.5.",
    "equals: {of: response, value: 0, tolerance: 5, at: {}}":
        "response equals 0 W within 5 W at drive 100 m/s and friction 0.5.",
    "threshold: {of: response, in: drive, level: 3, at: [10, 20]}":
        "response crosses 3 W at drive between 10 and 20 m/s, "
        "for drive from 1 to 1e4 m/s at friction 0.5.",
    "no_effect: {of: response, in: friction, within: 5 %}":
        "friction has no effect on response beyond 5 % of its mean, "
        "for friction from 0 to 1 at drive 100 m/s.",
    "compare: {of: response, at: {drive: 10}, than: {drive: 5}, by: 10 %}":
        "response at drive 10 m/s and friction 0.5 exceeds that at drive 5 m/s and friction 0.5 "
        "by at least 10 %.",
    "extremum: {of: response, in: drive, kind: maximum, at: [10, 20]}":
        "response has its maximum at drive between 10 and 20 m/s, "
        "for drive from 1 to 1e4 m/s at friction 0.5.",
    "conserved: {of: response, within: 3 mW}":
        "response stays within 0.003 W of zero, for drive from 1 to 1e4 m/s and friction from 0 "
        "to 1.",
    "order: {of: response, in: resolution, order: [1.8, 2.2]}":
        "response converges with resolution at an order between 1.8 and 2.2 up to resolution 64, "
        "for drive from 1 to 1e4 m/s and friction from 0 to 1.",
    "law: {of: response, formula: '2 [kg/s] * drive^2 * (1 + friction)', tolerance: 1 %}":
        "response = 2 [kg/s] * drive^2 * (1 + friction) within 1 %, "
        "for drive from 1 to 1e4 m/s and friction from 0 to 1.",
    "not: {no_effect: {of: response, in: friction, within: 5 %}}":
        "it is not so that friction has no effect on response beyond 5 % of its mean, "
        "for friction from 0 to 1 at drive 100 m/s.",
    "all_of: [monotone: {of: response, in: friction, direction: decreasing}, "
    "conserved: {of: response, within: 3}]":
        "all of these hold: (1) response stays within 3 W of zero, for drive from 1 to 1e4 m/s and "
        "friction from 0 to 1; (2) response decreases with friction throughout, "
        "for friction from 0 to 1 at drive 100 m/s.",
    "any_of: [conserved: {of: response, within: 3}, conserved: {of: response, within: 4}]":
        "at least one of these holds: (1) response stays within 4 W of zero, for drive from 1 to "
        "1e4 m/s and friction from 0 to 1; (2) response stays within 3 W of zero, for drive from "
        "1 to 1e4 m/s and friction from 0 to 1.",
}  # fmt: skip


def read(text: str):
    return parse_hypothesis(parse_document(text, "q.yaml"), SCOPE)


@pytest.mark.parametrize("text", GOOD)
def test_each_kind_is_read_and_says_what_it_means(text):
    hypothesis = read(text)
    assert hypothesis.statement(SCOPE) == "In toy.wire, " + GOOD[text]
    assert admit(hypothesis, SCOPE) == hypothesis
    assert admit(hypothesis, SCOPE).hash == hypothesis.hash


def test_every_kind_has_an_example():
    assert {text.split(":")[0] for text in GOOD} == set(KINDS)


def test_hashes_tell_hypotheses_apart():
    assert len({read(text).hash for text in GOOD}) == len(GOOD)


BAD = [
    ("powerlaw: {of: response}", "did you mean 'power_law'?"),
    ("causes: {of: response, in: drive}", "this version tests: all_of, any_of, compare,"),
    ("conserved: {of: response, within: 1 %}", "a percentage of zero is zero"),
    ("order: {of: response, in: drive, order: [1, 2]}", "choose from: resolution"),
    ("law: {of: response, formula: 2 * drive, tolerance: 1 %}", "has the dimension length time^-1"),
    ("law: {of: response, formula: drive + friction, tolerance: 1 %}", "a sum needs one dimension"),
    ("law: {of: response, formula: exp(drive), tolerance: 1 %}", "exp takes a plain number"),
    ("law: {of: response, formula: 2 * drve, tolerance: 1 %}", "did you mean 'drive'?"),
    ("law: {of: response, formula: 2 * (drive, tolerance: 1 %}", "')' is missing"),
    ("law: {of: response, formula: '1 [W] / friction', tolerance: 1 %}", "no finite value at"),
    ("law: {of: response, formula: '1 [W] * friction', tolerance: 1 %}", "the formula is zero at"),
    ("law: {of: response, formula: '__import__(1)', tolerance: 1}", "where it should end"),
    ("all_of: [conserved: {of: response, within: 1}]", "joins at least two"),
    ("not: [conserved: {of: response, within: 1}]", "a hypothesis is a list"),
    (
        "any_of: [conserved: {of: response, within: 1}, conserved: {of: response, within: 1}]",
        "the same part is given twice",
    ),
    ("power_law: {of: respons, in: drive, exponent: [0, 1]}", "did you mean 'response'?"),
    ("power_law: {of: response, in: drove, exponent: [0, 1]}", "did you mean 'drive'?"),
    ("power_law: {of: response, in: friction, exponent: [0, 1]}", "range above zero"),
    ("power_law: {of: response, in: drive, exponent: [1, 0]}", "low must be below high"),
    ("power_law: {of: response, in: drive, exponent: 1}", "write a list"),
    ("power_law: {of: response, in: drive, exponent: [1]}", "write [low, high]"),
    ("power_law: {of: response, in: drive, exponent: [a, b]}", "a number is needed"),
    ("power_law: {of: response, in: drive}", "needs 'exponent'"),
    ("power_law: {of: response, in: drive, exponnt: [0, 1]}", "did you mean 'exponent'?"),
    ("monotone: {of: response, in: drive, direction: up}", "choose from: decreasing, increasing"),
    ("equals: {of: response, value: 2 kg, tolerance: 1, at: {}}", "wrong dimension"),
    ("equals: {of: response, value: 2, tolerance: 0, at: {}}", "more than zero"),
    ("equals: {of: response, value: 0, tolerance: 1 %, at: {}}", "per cent of zero"),
    ("equals: {of: response, value: 2, tolerance: 1, at: {drive: 1e5}}", "outside what the quest"),
    ("equals: {of: response, value: 2, tolerance: 1, at: {drve: 10}}", "did you mean 'drive'?"),
    ("threshold: {of: response, in: drive, level: 3, at: [10, 20000]}", "outside what the quest"),
    ("no_effect: {of: response, in: drive, within: -1}", "more than zero"),
    ("no_effect: {of: response, in: drive, within: 1 kg}", "wrong dimension"),
    ("compare: {of: response, at: {}, than: {}, by: 0}", "the same point"),
    ("compare: {of: response, at: {drive: 9}, than: {}, by: -1}", "zero or more"),
    ("[power_law]", "a list"),
    ("{power_law: {}, monotone: {}}", "one kind"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_mistake_is_named_where_it_stands(text, message):
    with pytest.raises(QuestionError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("q.yaml:1: ")


def test_a_proposal_passes_the_same_checks():
    with pytest.raises(QuestionError, match="range above zero"):
        admit(PowerLaw("response", "friction", (0.0, 1.0)), SCOPE)


def test_a_fixed_parameter_is_not_a_direction_to_look_in():
    scope = Scope("toy.wire", SCOPE.axes[:1], {"friction": 0.5}, SCOPE.settings, SCOPE.observe)
    with pytest.raises(QuestionError, match="held fixed"):
        admit(read("monotone: {of: response, in: friction, direction: increasing}"), scope)
