"""The log of a campaign: append-only, hash-chained, the same bytes for the same decisions.

One JSON object a line, ``{seq, event, data, previous, hash}``; the hash covers the rest of the line
and so, through ``previous``, everything before it. It holds no wall times: the same question on the
same numbers writes the same bytes. Each line is on the disk before anything follows from it; a last
line torn by a crash was never acted on, and is cut off when the campaign goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aion_kernels.files import append_line
from aion_sci.errors import CorruptLogError
from aion_sci.runs.spec import canonical_json, content_hash

__all__ = ["CampaignLog", "Event", "verify_log"]

_ORIGIN = "0" * 64
"""What the first line names as its previous hash."""

_KEYS = {"seq", "event", "data", "previous", "hash"}


@dataclass(frozen=True)
class Event:
    """One line of a log."""

    seq: int
    name: str
    data: Mapping[str, Any]
    previous: str

    @property
    def hash(self) -> str:
        """SHA-256 of everything else on the line."""
        return content_hash(self._content())

    def to_json(self) -> dict[str, Any]:
        """The line as plain data."""
        return {**self._content(), "hash": self.hash}

    def _content(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "event": self.name,
            "data": dict(self.data),
            "previous": self.previous,
        }


class CampaignLog:
    """A log open for appending; opening it verifies the chain and cuts a torn last line off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _cut_torn_line(path)
        self.events = verify_log(path) if path.exists() else []

    def next(self, name: str, data: Mapping[str, Any]) -> Event:
        """The event that would follow; nothing is written."""
        previous = self.events[-1].hash if self.events else _ORIGIN
        # Through JSON and back, so that what is acted on is what will be read again.
        return Event(len(self.events), name, json.loads(canonical_json(data)), previous)

    def append(self, event: Event) -> None:
        """Write an event; on return it is on the disk."""
        append_line(self.path, canonical_json(event.to_json()))
        self.events.append(event)


def verify_log(path: Path) -> list[Event]:
    """The events of a log whose chain holds; raises ``CorruptLogError`` at the first break.

    A last line without its line break is not yet part of the log.
    """
    events: list[Event] = []
    previous = _ORIGIN
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        event = _read(line, path, number)
        if event.seq != len(events) or event.previous != previous:
            raise _broken(path, number, "it does not follow the line before")
        events.append(event)
        previous = event.hash
    return events


def _read(line: bytes, path: Path, number: int) -> Event:
    try:
        data = json.loads(line)
        if not isinstance(data, dict) or set(data) != _KEYS:
            raise _broken(path, number, "it is not an event")
        event = Event(data["seq"], data["event"], data["data"], data["previous"])
        matches = canonical_json(event.to_json()).encode() == line
    except (ValueError, TypeError) as error:
        raise _broken(path, number, "it cannot be read") from error
    if not matches:
        raise _broken(path, number, "its hash does not match its content")
    return event


def _broken(path: Path, number: int, what: str) -> CorruptLogError:
    return CorruptLogError(
        f"{path}:{number}: the log was changed after it was written, {what}; restore it from a "
        "copy, or delete the campaign's folder and ask again (runs are kept)"
    )


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with open(path, "r+b") as file:
            file.truncate(whole)
            file.flush()
            os.fsync(file.fileno())
