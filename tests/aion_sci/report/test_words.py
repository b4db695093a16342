"""A model's words: placeholders are filled in, and no number or verdict of its own is printed."""

from __future__ import annotations

import json

import pytest
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models.function import FunctionModel

from aion_sci.knowledge import KnowledgeStore
from aion_sci.llm import Allowance, Assistant, Transcript
from aion_sci.report.campaign import campaign_page
from aion_sci.report.words import bindings, faults, filled, worded
from aion_sci.research import recall


@pytest.fixture(scope="module")
def result(samples, asked):
    with KnowledgeStore.open(asked.store, write=False) as store:
        return recall(asked.printed["campaign"], store)


def assistant(tmp_path, *texts: str) -> Assistant:
    answers = iter(texts)

    def answer(messages, info):
        text = next(answers)
        return ModelResponse(parts=[ToolCallPart("answer", json.dumps({"sentences": [text]}))])

    transcript = Transcript(tmp_path / "transcript.jsonl")
    return Assistant("fake:1", transcript, Allowance(10**6, 1.0), lambda n: FunctionModel(answer))


GOOD = "The claim that {v1.statement} is {v1.verdict}, with an {v1.effect}."


@pytest.mark.parametrize(
    "text",
    [
        "The share falls by 40 per cent.",
        "The share falls by half.",
        "The exponent is about two.",
        "A rise of x² was seen.",
        "The claim is supported.",
        "It was proven that {v1.statement}.",
        "The effect is {v99.effect}.",
        "The effect is {v1.effect",
        "½ of it",
        "word " * 1000,
    ],
)
def test_a_free_number_or_verdict_is_refused(text, result):
    bound = bindings(result)
    assert faults(text, bound)
    with pytest.raises(ValueError, match=r".+"):
        filled(text, bound)


def test_placeholders_are_filled_in_from_the_findings(result):
    bound = bindings(result)
    text = filled(GOOD, bound)
    first = result.answers[0]
    assert first.finding.verdict in text
    assert f"{first.finding.effect:.4g}" in text
    assert not faults(GOOD, bound)


def test_a_model_words_the_report(result, tmp_path):
    words = worded(result, assistant(tmp_path, "It rises by 7.", GOOD))
    assert words == filled(GOOD, bindings(result))
    page = campaign_page(result, words)
    assert "In words" in page
    assert "Worded by a language model" in page


def test_a_model_that_insists_on_its_numbers_is_left_out(result, tmp_path):
    assert worded(result, assistant(tmp_path, *["It rises by 7."] * 3)) is None
    assert "In words" not in campaign_page(result, None)
