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
    ("conserved: {of: response, within: 1}", "this version tests: compare, equals,"),
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
