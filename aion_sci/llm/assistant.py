"""Asking a language model for one typed object, within bounds that it cannot move.

Every request is bounded: by the campaign's allowance of tokens and money, counted over all sittings
from the transcript, by a time limit, by the size of the answer, and by the number of repairs. An
answer that does not pass the caller's check is sent back with the reason, twice at most; then the
caller takes what is usable of it. A provider that does not answer is tried again twice, after a
pause that doubles. What is left then is a :class:`~aion_sci.errors.ModelPausedError`: nothing is
lost, and the same command goes on.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aion_sci.errors import ModelPausedError
from aion_sci.llm.roles import Role
from aion_sci.llm.transcript import Transcript
from aion_sci.runs.spec import canonical_json

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters

__all__ = ["Allowance", "Assistant"]

_REPAIRS = 2
_TRIES = 3
_PAUSE = 1.0  # s, before the first repetition; doubles
_SECONDS = 120.0
_LARGEST_ANSWER = 200_000  # characters; a list of six hypotheses has three thousand
_LARGEST_REQUEST = 400_000
_MOST_OUTPUT, _FEWEST_OUTPUT = 4096, 256  # tokens
_CHARACTERS_A_TOKEN = 3  # fewer than any tokenizer makes of JSON, so that costs are overestimated
_MADE_UP = {
    "conversation_id", "history_digest", "metadata", "provider_details", "provider_response_id",
    "run_id", "timestamp", "tool_call_id", "usage", "workspace_ref",
}  # fmt: skip
"""Entries of a message that differ from one sitting to the next."""


@dataclass(frozen=True)
class Allowance:
    """What a campaign may spend on a language model."""

    tokens: int
    usd: float


class Assistant:
    """One model with one transcript and one allowance."""

    def __init__(
        self,
        name: str,
        transcript: Transcript,
        allowance: Allowance,
        find: Callable[[str], Model],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``find`` gives the model of ``name`` when it is first needed: a replay needs none."""
        self.name, self.transcript, self.allowance = name, transcript, allowance
        self._find, self._sleep, self._model = find, sleep, None

    def ask(
        self,
        role: Role,
        data: Mapping[str, Any],
        schema: Mapping[str, Any],
        check: Callable[[Any], str | None],
    ) -> Any:
        """An object of ``schema`` from the model in ``role``, who sees ``data`` and nothing else.

        ``check`` says what is wrong with an answer, or None; after the last repair the answer is
        returned as it is. Raises :class:`~aion_sci.errors.ModelPausedError` when no answer can be
        had, and :class:`~aion_sci.errors.TranscriptError` when a replay finds none.
        """
        from pydantic_ai.messages import ModelRequest, UserPromptPart
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.tools import ToolDefinition

        tool = ToolDefinition(
            name="answer",
            description="Give the answer.",
            parameters_json_schema=dict(schema),
            kind="output",
        )
        form = ModelRequestParameters(
            output_mode="tool", output_tools=[tool], allow_text_output=False
        )
        prompt = canonical_json(data)
        if len(prompt) > _LARGEST_REQUEST:
            raise ModelPausedError(
                f"what the {role.name} would be sent has {len(prompt)} characters, more than "
                f"{_LARGEST_REQUEST}; ask a smaller question or use --planner bayes"
            )
        messages: list[ModelMessage] = [
            ModelRequest(parts=[UserPromptPart(prompt)], instructions=role.instructions)
        ]
        wrong, answer = "", None
        for attempt in range(_REPAIRS + 1):
            response = self._exchange(role, messages, form, schema)
            answer, wrong = _parsed(response)
            wrong = wrong or check(answer) or ""
            if not wrong or (answer is not None and attempt == _REPAIRS):
                return answer
            text = "An earlier answer could not be used. Answer again by the structure."
            repair = canonical_json({"wrong": wrong, "answer": _text_of(response)[:4000]})
            parts = [UserPromptPart(prompt), UserPromptPart(f"{text} {repair}")]
            messages = [ModelRequest(parts=parts, instructions=role.instructions)]
        self.discard(role, wrong)
        raise ModelPausedError(
            f"{self.name} gave no usable answer as {role.name} in {_REPAIRS + 1} attempts: {wrong} "
            "Ask again to try once more, or use --planner bayes"
        )

    def discard(self, role: Role, reason: str) -> None:
        """Have the next sitting ask a role anew instead of hearing the same again."""
        self.transcript.discard(role.name, reason)

    def _exchange(
        self,
        role: Role,
        messages: list[ModelMessage],
        form: ModelRequestParameters,
        schema: Mapping[str, Any],
    ) -> ModelResponse:
        """One request, from the transcript where it was made before."""
        from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelResponse

        plain = ModelMessagesTypeAdapter.dump_python(messages, mode="json")
        request = {
            "model": self.name,
            "role": role.name,
            "messages": _lasting(plain),
            "schema": dict(schema),
        }
        found = self.transcript.find(request)
        if found is None:
            needed = len(canonical_json(request)) // _CHARACTERS_A_TOKEN
            self._within_allowance(needed)
            left = self.allowance.tokens - self.transcript.tokens - needed
            response = self._request(messages, form, min(_MOST_OUTPUT, left))
            kept = _kept(response)
            (written,) = ModelMessagesTypeAdapter.dump_python([kept], mode="json")
            found = self.transcript.record(
                request, written, response.usage.total_tokens, _price(response)
            )
        (message,) = ModelMessagesTypeAdapter.validate_python([dict(found.response)])
        assert isinstance(message, ModelResponse)
        return message

    def _within_allowance(self, needed: int) -> None:
        """Refuse a request that could spend more than is allowed; its tokens are estimated."""
        spent, paid = self.transcript.tokens, self.transcript.usd
        if (
            spent + needed + _FEWEST_OUTPUT > self.allowance.tokens
            or paid >= self.allowance.usd > 0
        ):
            raise ModelPausedError(
                f"the question allows {self.allowance.tokens} tokens and "
                f"{self.allowance.usd:g} US dollars; {spent} tokens and {paid:.4g} dollars are "
                "spent. Raise them under 'budget', or use --planner bayes"
            )

    def _request(
        self, messages: list[ModelMessage], form: ModelRequestParameters, most: int
    ) -> ModelResponse:
        from pydantic_ai.direct import model_request_sync
        from pydantic_ai.exceptions import AgentRunError
        from pydantic_ai.settings import ModelSettings

        if self._model is None:
            self._model = self._find(self.name)
        limits = ModelSettings(timeout=_SECONDS, max_tokens=most)
        why = ""
        for attempt in range(_TRIES):
            if attempt:
                self._sleep(_PAUSE * 2 ** (attempt - 1))
            try:
                return model_request_sync(
                    self._model, messages, model_settings=limits, model_request_parameters=form
                )
            except (AgentRunError, TimeoutError, OSError) as error:
                why = _without_secrets(f"{type(error).__name__}: {str(error)[:300]}")
        raise ModelPausedError(
            f"{self.name} did not answer in {_TRIES} tries ({why}); nothing is lost: ask the same "
            "question again to go on, or use --planner bayes"
        )


def _without_secrets(text: str) -> str:
    """A provider's error may quote the key that it refused."""
    for name, value in os.environ.items():
        if len(value) >= 8 and name.endswith(("KEY", "TOKEN", "SECRET", "PASSWORD")):
            text = text.replace(value, "***")
    return text


def _text_of(response: ModelResponse) -> str:
    from pydantic_ai.messages import TextPart, ToolCallPart

    for part in response.parts:
        if isinstance(part, ToolCallPart):
            return part.args if isinstance(part.args, str) else json.dumps(part.args or {})
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def _parsed(response: ModelResponse) -> tuple[Any, str]:
    """The object that an answer holds, or what is wrong with it."""
    text = _text_of(response)
    if not text.strip():
        return None, "it is empty."
    if len(text) >= _LARGEST_ANSWER:
        return None, f"it has {_LARGEST_ANSWER} characters or more."
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None, "it is not JSON."
    return (answer, "") if isinstance(answer, dict) else (None, "it is not a JSON object.")


def _kept(response: ModelResponse) -> ModelResponse:
    """The answer as the transcript keeps it: cut where it is far too long to be one."""
    from dataclasses import replace

    from pydantic_ai.messages import ToolCallPart

    text = _text_of(response)[:_LARGEST_ANSWER]
    call = ToolCallPart("answer", text, tool_call_id="answer")
    return replace(response, parts=[call], provider_details=None, metadata=None)


def _price(response: ModelResponse) -> float | None:
    try:
        return float(response.cost().total_price)
    except (AssertionError, LookupError, ValueError):
        return None


def _lasting(plain: Any) -> Any:
    """Messages without what providers and libraries make up anew each time."""
    if isinstance(plain, Mapping):
        return {k: _lasting(v) for k, v in plain.items() if k not in _MADE_UP and v is not None}
    return [_lasting(item) for item in plain] if isinstance(plain, list) else plain
