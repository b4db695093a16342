"""Which model a name stands for: any provider of pydantic-ai, any compatible server, or none.

    openai:NAME  anthropic:NAME  google:NAME  ollama:NAME ...   as pydantic-ai names them
    server:NAME@http://host:8000/v1                      a server that speaks OpenAI's protocol

Keys are read by the provider's library from its own environment variable and appear nowhere here.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from aion_sci.errors import RequestError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["find_model", "require_extra"]

_SERVER = "server:"


def require_extra() -> None:
    """Refuse cleanly where the library for language models is not installed."""
    if importlib.util.find_spec("pydantic_ai") is None:
        raise RequestError(
            'a language model needs an extra: pip install "aion-sci[llm]"; the planner bayes '
            "needs none"
        )


def find_model(name: str) -> Model:
    """The model of a name such as ``anthropic:claude-sonnet-4-5``.

    Raises :class:`~aion_sci.errors.RequestError` for a name that nobody knows, a library that is
    missing, or a key that is not set; the message says which.
    """
    require_extra()
    if not name:
        raise RequestError(
            "no model is named; give one with --model, such as --model anthropic:NAME or "
            "--model server:NAME@http://localhost:8000/v1, or use --planner bayes"
        )
    if ":" not in name:
        raise RequestError(f"'{name}' names no provider; write PROVIDER:NAME")
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models import infer_model

    try:
        return _server(name) if name.startswith(_SERVER) else infer_model(name)
    except (UserError, ValueError, KeyError) as error:
        raise RequestError(f"the model '{name}' cannot be used: {error}") from error
    except ImportError as error:
        raise RequestError(f"the model '{name}' needs its provider's library: {error}") from error


def _server(name: str) -> Model:
    model, _, address = name.removeprefix(_SERVER).partition("@")
    if not model or not address.startswith(("http://", "https://")):
        raise RequestError(f"'{name}' is no server; write server:NAME@http://host:port/v1")
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel(model, provider=OpenAIProvider(base_url=address))
