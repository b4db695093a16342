"""What was said to a model and what it answered: recorded once, replayed byte for byte.

One JSON object a line: the hash of a request, the request, the answer, its usage and its price. The
hash covers the model, the role, the instructions, the messages and the schema, so a changed prompt
finds no answer. Ids and times that providers make up anew each time are left out of it. Keys and
other secrets travel in headers, which are never part of a message.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aion_kernels.files import append_line
from aion_sci.errors import TranscriptError
from aion_sci.runs.spec import canonical_json, content_hash

__all__ = ["Exchange", "Transcript"]

_FIELDS = {"key", "role", "request", "response", "tokens", "usd"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    key: str
    role: str
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    """The answer as the provider's library writes it."""
    tokens: int
    usd: float | None
    """Price in US dollars; None where no price is known for the model."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {name: getattr(self, name) for name in sorted(_FIELDS)}


class Transcript:
    """The exchanges of a campaign, in order; each is on the disk before it is used."""

    def __init__(self, path: Path, *, only_replay: bool = False) -> None:
        """Open a transcript; with ``only_replay`` nothing is added, and a miss is an error."""
        self.path, self.only_replay = path, only_replay
        self.exchanges: list[Exchange] = []
        self._left: dict[str, list[Exchange]] = defaultdict(list)
        if only_replay and not path.is_file():
            raise TranscriptError(f"there is no transcript {path}; name one that was recorded")
        for number, line in enumerate(_lines(path), start=1):
            self._take(_read(line, path, number))

    @property
    def tokens(self) -> int:
        """Tokens of all exchanges, those of earlier sittings included."""
        return sum(exchange.tokens for exchange in self.exchanges)

    @property
    def usd(self) -> float:
        """Price of all exchanges whose price is known."""
        return sum(exchange.usd or 0.0 for exchange in self.exchanges)

    def find(self, request: Mapping[str, Any]) -> Exchange | None:
        """The recorded answer to this request, each of which is given once, in order."""
        key = content_hash(request)
        if self._left[key]:
            return self._left[key].pop(0)
        if self.only_replay:
            raise TranscriptError(
                f"{self.path} has no answer to what the {request['role']} is asked now: the "
                "question, the experiment, the prompt or the schema has changed since it was "
                "recorded; ask a model instead"
            )
        return None

    def discard(self, role: str, reason: str) -> None:
        """Note that the answers of a role so far were of no use: they are not given again."""
        if not self.only_replay:
            exchange = Exchange("", role, {}, {"discarded": reason}, 0, None)
            append_line(self.path, canonical_json(exchange.to_json()))
            self._take(exchange)

    def record(
        self,
        request: Mapping[str, Any],
        response: Mapping[str, Any],
        tokens: int,
        usd: float | None,
    ) -> Exchange:
        """Add an exchange."""
        key = content_hash(request)
        exchange = Exchange(key, request["role"], dict(request), dict(response), tokens, usd)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        append_line(self.path, canonical_json(exchange.to_json()))
        self.exchanges.append(exchange)
        return exchange

    def _take(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if exchange.request:
            self._left[exchange.key].append(exchange)
            return
        for left in self._left.values():
            left[:] = [other for other in left if other.role != exchange.role]


def _lines(path: Path) -> list[bytes]:
    """Whole lines; one torn by a crash was never acted on, and is cut off."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        path.write_bytes(whole)
    return whole.splitlines()


def _read(line: bytes, path: Path, number: int) -> Exchange:
    try:
        data = json.loads(line)
        if not isinstance(data, dict) or set(data) != _FIELDS:
            raise ValueError("it is not an exchange")
        exchange = Exchange(**data)
        if exchange.request and content_hash(exchange.request) != exchange.key:
            raise ValueError("its request does not match its key")
    except (ValueError, TypeError) as error:
        raise TranscriptError(f"{path}:{number}: {error}; restore it from a copy") from error
    return exchange
