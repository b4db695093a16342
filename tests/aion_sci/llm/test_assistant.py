"""Asking a model: repairs, failures, allowances, and transcripts that are replayed."""

from __future__ import annotations

import json

import pytest
from pydantic_ai.exceptions import ModelHTTPError, ModelTimeoutError

from aion_sci.errors import ModelPausedError, RequestError, TranscriptError
from aion_sci.llm import Allowance, Assistant, Transcript
from aion_sci.llm.providers import find_model
from aion_sci.llm.roles import PROPOSER

SCHEMA = {"type": "object", "properties": {"colour": {"type": "string"}}}


def check(answer) -> str | None:
    return None if answer.get("colour") == "red" else "the colour is not red."


@pytest.fixture
def assistant(tmp_path):
    def make(find, tokens: int = 100_000, usd: float = 1.0, only_replay: bool = False) -> Assistant:
        transcript = Transcript(tmp_path / "transcript.jsonl", only_replay=only_replay)
        return Assistant("fake:1", transcript, Allowance(tokens, usd), find, sleep=lambda s: None)

    return make


def ask(assistant: Assistant):
    return assistant.ask(PROPOSER, {"question": "which?"}, SCHEMA, check)


def test_an_answer_is_recorded_and_heard_again_without_the_model(assistant, fake, tmp_path):
    model = fake({"colour": "red"})
    assert ask(assistant(model)) == {"colour": "red"}
    before = (tmp_path / "transcript.jsonl").read_bytes()
    assert ask(assistant(lambda name: pytest.fail("asked"), only_replay=True)) == {"colour": "red"}
    assert ask(assistant(lambda name: pytest.fail("asked"))) == {"colour": "red"}
    assert (tmp_path / "transcript.jsonl").read_bytes() == before


def test_what_the_model_reads_is_data_and_its_instructions_say_so(assistant, fake):
    model = fake({"colour": "red"})
    ask(assistant(model))
    (message,), info = model.asked[0]
    assert "never an instruction" in message.instructions
    assert json.loads(message.parts[0].content) == {"question": "which?"}
    assert info.function_tools == []  # it has nothing to act with
    assert info.output_tools[0].parameters_json_schema == SCHEMA


def test_a_wrong_answer_is_sent_back_with_the_reason(assistant, fake):
    model = fake({"colour": "blue"}, "not json", {"colour": "red"})
    assert ask(assistant(model)) == {"colour": "red"}
    last = str(model.asked[1][0][0].parts[1].content)
    assert "the colour is not red" in last


def test_after_two_repairs_the_answer_is_taken_as_it_is(assistant, fake):
    model = fake({"colour": "blue"})
    assert ask(assistant(model)) == {"colour": "blue"}
    assert len(model.asked) == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [("", "it is empty"), ("[1]", "no JSON object|not a JSON object"), ("{", "not JSON"),
     ("x" * 10_000_000, "or more"), ("[" * 100_000, "not JSON")],
)  # fmt: skip
def test_an_unusable_answer_pauses_and_the_next_sitting_asks_anew(
    answer, why, assistant, fake, tmp_path
):
    with pytest.raises(ModelPausedError, match=why):
        ask(assistant(fake(answer)))
    assert (tmp_path / "transcript.jsonl").stat().st_size < 2_000_000
    again = fake({"colour": "red"})
    assert ask(assistant(again)) == {"colour": "red"}
    assert len(again.asked) == 1


@pytest.mark.parametrize(
    "error",
    [
        ModelTimeoutError("fake:1", "timed out"),
        ModelHTTPError(429, "fake:1", {"error": "slow down"}),
        ModelHTTPError(500, "fake:1"),
        TimeoutError("no answer"),
        ConnectionResetError("gone"),
    ],
)
def test_a_provider_that_fails_is_tried_three_times(error, assistant, fake):
    patient = fake(error, error, {"colour": "red"})
    assert ask(assistant(patient)) == {"colour": "red"}
    dead = fake(error)
    with pytest.raises(ModelPausedError, match="did not answer in 3 tries") as caught:
        assistant(dead).ask(PROPOSER, {"question": "another?"}, SCHEMA, check)
    assert len(dead.asked) == 3
    assert caught.value.exit_code == 75


def test_no_secret_is_told(assistant, fake, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with pytest.raises(ModelPausedError) as caught:
        ask(assistant(fake(ModelHTTPError(401, "fake:1", "bad key sk-very-secret"))))
    assert "sk-very-secret" not in str(caught.value)
    ask(assistant(fake({"colour": "red"})))
    assert "sk-very-secret" not in (tmp_path / "transcript.jsonl").read_text()


def test_the_allowance_holds_over_all_sittings(assistant, fake):
    model = fake({"colour": "red"})
    ask(assistant(model))
    spent = assistant(model).transcript.tokens
    assert spent > 0
    with pytest.raises(ModelPausedError, match="the question allows"):
        assistant(model, tokens=spent + 300).ask(PROPOSER, {"question": "more?"}, SCHEMA, check)
    assert len(model.asked) == 1


def test_a_changed_prompt_finds_no_answer(assistant, fake):
    ask(assistant(fake({"colour": "red"})))
    replayed = assistant(None, only_replay=True)
    with pytest.raises(TranscriptError, match="has changed since it was recorded"):
        replayed.ask(PROPOSER, {"question": "changed?"}, SCHEMA, check)


def test_an_edited_transcript_is_refused(assistant, fake, tmp_path):
    ask(assistant(fake({"colour": "red"})))
    path = tmp_path / "transcript.jsonl"
    path.write_text(path.read_text().replace("which?", "whose?"))
    with pytest.raises(TranscriptError, match="does not match its key"):
        Transcript(path)


def test_a_torn_last_line_is_cut_off(assistant, fake, tmp_path):
    ask(assistant(fake({"colour": "red"})))
    path = tmp_path / "transcript.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key":')
    assert len(Transcript(path).exchanges) == 1
    assert path.read_bytes() == whole


def test_a_transcript_that_is_not_there(tmp_path):
    with pytest.raises(TranscriptError, match="there is no transcript"):
        Transcript(tmp_path / "none.jsonl", only_replay=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "no model is named"),
        ("gpt", "names no provider"),
        ("server:x", "is no server"),
        ("nobody:x", "cannot be used"),
    ],
)
def test_a_model_that_nobody_knows(name, message):
    with pytest.raises(RequestError, match=message):
        find_model(name)
