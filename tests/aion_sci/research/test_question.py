"""Reading a question: what is understood, and what each mistake says."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion_sci.errors import QuestionError
from aion_sci.research.question import Budget, Question, parse_question, read_question

WIRE = """\
question: How does the response of a wire grow with the drive?
experiment: toy.wire
vary:
  drive: {low: 1e0, high: 1e4, scale: log}
observe: response
"""


def test_a_whole_question():
    question = parse_question(
        WIRE + "fixed: {friction: 0.25, resolution: 32}\n"
        "budget: {runs: 24, core_minutes: 5}\n"
        "hypotheses:\n  - monotone: {of: response, in: drive, direction: increasing}\n"
    )
    (axis,) = question.scope.axes
    assert (axis.low, axis.high, axis.scale, axis.unit) == (1.0, 1e4, "log", "m/s")
    assert question.scope.fixed == {"friction": 0.25}
    assert question.scope.settings == {"resolution": 32, "precision": "float64"}
    assert question.budget == Budget(24, 5.0)
    assert question.hypotheses[0].statement(question.scope) == (
        "In toy.wire with friction 0.25, response increases with drive throughout, "
        "for drive from 1 to 1e4 m/s."
    )


def test_defaults_are_filled_in():
    question = parse_question(WIRE)
    assert question.scope.fixed == {"friction": 0.5}
    assert question.scope.settings["resolution"] == 64
    assert question.budget == Budget()
    assert question.hypotheses == ()


def test_a_question_survives_json_and_keeps_its_identity():
    question = parse_question(
        WIRE + "hypotheses:\n"
        "  - equals: {of: response, value: 3 kW, tolerance: 2 %, at: {drive: 10}}\n"
    )
    again = Question.from_json(question.to_json())
    assert again == question
    assert again.hash == question.hash


def test_the_order_and_spelling_of_numbers_do_not_change_the_identity():
    first = parse_question(WIRE)
    second = parse_question(WIRE.replace("1e0", "1.0").replace("1e4", "10000"))
    assert first.hash == second.hash


def test_units_are_converted():
    question = parse_question(
        WIRE.replace("1e0", "100 cm/s").replace("1e4", "10 km/s") + "fixed: {friction: 0.1}\n"
    )
    assert question.scope.axes[0].low == pytest.approx(1.0)
    assert question.scope.axes[0].high == pytest.approx(1e4)


ODD = """\
question: Does it?
experiment: toy.odd
vary:
  count: {low: 2, high: 90}
fixed: {shape: disc, length: 1.5 nm}
observe: [response]
"""


def test_a_choice_is_fixed_and_a_whole_number_varied():
    question = parse_question(ODD)
    assert question.scope.fixed == {"shape": "disc", "length": 1.5}
    assert question.scope.axes[0].whole


BAD = [
    ("", 1, "empty"),
    ("question: [", 1, "malformed YAML"),
    ("question: Why?\n\tvary: 1\n", 2, "malformed YAML"),
    ("a: 1\n---\nb: 2\n", None, "malformed YAML"),
    ("[" * 5000, None, "malformed YAML"),
    ("just words", 1, "the question is 'just words'"),
    ("question: Why?\n", 1, "needs 'experiment'"),
    (WIRE + "observe: heat\n", 6, "'observe' is given twice"),
    (WIRE + "budgett: {runs: 20}\n", 6, "did you mean 'budget'?"),
    (WIRE.replace("toy.wire", "toy.wine"), 2, "did you mean 'toy.wire'?"),
    (WIRE.replace("question: How does the response of a wire grow with the drive?", "question:"),
     1, "question is empty"),
    (WIRE.replace("drive: {", "drove: {"), 4, "did you mean 'drive'?"),
    (WIRE.replace("drive: {", "resolution: {"), 4, "numerical setting"),
    (ODD.replace("count: {low: 2, high: 90}", "shape: {low: 2, high: 90}"), 4, "only numbers"),
    (ODD.replace("low: 2", "low: 2.5"), 4, "whole number"),
    (ODD.replace("shape: disc, ", ""), 5, "needs a value for 'shape'"),
    (ODD.replace("disc", "dsc"), 5, "did you mean 'disc'?"),
    (ODD.replace("1.5 nm", "1.5 kg"), 5, "wrong dimension"),
    (ODD.replace("1.5 nm", "1.5 nmm"), 5, "unknown unit 'nmm'"),
    (ODD.replace("1.5 nm", "0.1"), 5, "below its lower bound"),
    (WIRE.replace("observe: response", "observe: respons"), 5, "did you mean 'response'?"),
    (WIRE.replace("observe: response", "observe: []"), 5, "observe is empty"),
    (WIRE.replace("observe: response", "observe: [heat, heat]"), 5, "observed twice"),
    (WIRE.replace("1e4", "1e-2"), 4, "below its lower bound"),
    (WIRE.replace("1e4", "0.5"), 4, "low must be below high"),
    (WIRE.replace("1e4", "1e9"), 4, "above its upper bound"),
    (WIRE.replace("1e4", "wide"), 4, "a number is needed"),
    (WIRE.replace("1e4", "1e999"), 4, "finite"),
    (WIRE.replace("1e4", "1 kg"), 4, "wrong dimension"),
    (WIRE.replace(", high: 1e4", ""), 4, "drive needs 'high'"),
    (WIRE.replace("scale: log", "scale: lgo"), 4, "write linear or log"),
    (WIRE.replace("scale: log", "step: 3"), 4, "unknown key of drive 'step'"),
    (WIRE.replace("drive: {low: 1e0, high: 1e4", "friction: {low: 0, high: 1"), 4, "above zero"),
    (WIRE.replace("{low: 1e0, high: 1e4, scale: log}", "7"), 4, "drive is '7'"),
    (WIRE.replace("\n  drive: {low: 1e0, high: 1e4, scale: log}", " {}"), 3, "vary is empty"),
    (WIRE + "fixed: {drive: 3}\n", 6, "both varied and fixed"),
    (WIRE + "fixed: {resolution: 33}\n", 6, "multiple of 2"),
    (WIRE + "fixed: {friction: true}\n", 6, "a number or a text is needed"),
    (WIRE + "budget: {}\n", 6, "empty budget"),
    (WIRE + "budget:\n", 6, "empty budget"),
    (WIRE + "budget: {runs: 0}\n", 6, "empty budget"),
    (WIRE + "budget: {runs: -4}\n", 6, "empty budget"),
    (WIRE + "budget: {core_minutes: 0}\n", 6, "empty budget"),
    (WIRE + "budget: {runs: 5}\n", 6, "need at least"),
    (WIRE + "budget: {runs: 20.5}\n", 6, "whole number"),
    (WIRE + "budget: {runs: many}\n", 6, "a number is needed"),
    (WIRE + "budget: {hours: 1}\n", 6, "unknown key of budget 'hours'"),
    (ODD + "budget: {core_minutes: 0.1}\n", 7, "raise it or lower"),
    ("a: &x 1\nb: *x\n", 1, "anchors"),
    ("question: !!python/object:os.system x\n", 1, "the tag"),
    ("? [1, 2]\n: 3\n", 1, "plain word"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), BAD)
def test_a_mistake_is_named_with_its_file_and_line(text, line, message):
    with pytest.raises(QuestionError) as caught:
        parse_question(text, "q.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("q.yaml")
    assert caught.value.exit_code == 2
    if line is not None:
        assert caught.value.line == line


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(QuestionError, match="no such file"):
        read_question(tmp_path / "none.yaml")
    with pytest.raises(QuestionError, match="cannot be read"):
        read_question(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"question: caf\xe9\n")
    with pytest.raises(QuestionError, match="UTF-8"):
        read_question(tmp_path / "latin.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(QuestionError, match="too large"):
        read_question(tmp_path / "huge.yaml")
    (tmp_path / "good.yaml").write_text(WIRE)
    assert read_question(tmp_path / "good.yaml") == parse_question(WIRE)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: WIRE + b.decode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_question_or_a_question_error(text):
    with contextlib.suppress(QuestionError):
        parse_question(text, "q.yaml")
