"""Fake language models, and the refusal of every real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pydantic_ai.models
import pytest
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models.function import FunctionModel


@pytest.fixture(autouse=True)
def no_model_is_reached() -> Iterator[None]:
    """A request to a real provider fails before it leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pydantic_ai.models, "ALLOW_MODEL_REQUESTS", False)
        yield


class Fake:
    """A model that answers from a script; counts what it was asked, and may raise."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, name: str) -> FunctionModel:
        return FunctionModel(self.answer, model_name=name)

    def answer(self, messages, info) -> ModelResponse:
        self.asked.append((messages, info))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Callable):
            answer = answer(messages, info)
        if isinstance(answer, Exception):
            raise answer
        args = answer if isinstance(answer, str) else json.dumps(answer)
        return ModelResponse(parts=[ToolCallPart("answer", args)])


@pytest.fixture
def fake() -> type[Fake]:
    """The maker of fake models."""
    return Fake
