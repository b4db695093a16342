"""A YAML document that remembers the line of every value, so that an error can point at it.

The reading differs from plain YAML 1.1 where a scientist would be surprised: ``1e3`` is a number
and not a text, ``1:30`` is a text and not ninety, ``yes`` is a text and not true. Keys given twice,
anchors and tags are refused: a question is data that a person checks by eye.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aion_sci.errors import QuestionError, RequestError, UnknownNameError

__all__ = ["Node", "from_data", "parse_document", "read_document"]

_LARGEST_FILE = 1_000_000  # bytes; a question is a page
_FILE = "a question is a YAML file, such as questions/heated_cavity.yaml"
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_INTEGER = re.compile(r"^[+-]?\d{1,18}$")
_PLAIN = ("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "value")
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in _PLAIN}


@dataclass(frozen=True)
class Node:
    """One value of a document and where it stands.

    ``value`` is a number, a text, a boolean or None; a list of nodes; or a dict of nodes by name.
    """

    value: Any
    line: int | None = None
    file: str | None = None

    def error(self, message: str) -> QuestionError:
        """An error that points at this node."""
        return QuestionError(message, file=self.file, line=self.line)

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Give any request error raised inside the place of this node."""
        try:
            yield
        except QuestionError:
            raise
        except RequestError as error:
            raise self.error(str(error)) from error

    def mapping(self, what: str, known: Collection[str], required: Collection[str] = ()) -> Mapped:
        """This node as named values; an unknown name suggests the nearest of ``known``."""
        named = self.named(what)
        for name, node in named.items():
            if name not in known:
                raise node.error(str(UnknownNameError(f"key of {what}", name, known)))
        missing = [name for name in required if name not in named]
        if missing:
            raise self.error(f"{what} needs '{missing[0]}'")
        return named

    def named(self, what: str) -> Mapped:
        """This node as a mapping from any names."""
        if not isinstance(self.value, dict):
            raise self.error(f"{what} is {self.shown}; write it as 'name: value' lines")
        return self.value

    def items(self, what: str) -> list[Node]:
        """This node as a list of nodes."""
        if not isinstance(self.value, list):
            raise self.error(f"{what} is {self.shown}; write a list, '[a, b]' or lines with '-'")
        return self.value

    def pair(self, what: str, read: Callable[[Any], float]) -> tuple[float, float]:
        """This node as ``[low, high]`` with low below high."""
        parts = self.items(what)
        if len(parts) != 2:
            raise self.error(f"{what} has {len(parts)} values; write [low, high]")
        with self.blame():
            low, high = (read(part.scalar(what)) for part in parts)
        if not low < high:
            raise self.error(f"{what} is [{low:g}, {high:g}]; low must be below high")
        return low, high

    def text(self, what: str) -> str:
        """This node as a text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.error(f"{what} is {self.shown}; a text is needed")
        return self.value.strip()

    def scalar(self, what: str) -> Any:
        """This node as a number or a text."""
        if self.value is None or isinstance(self.value, bool | list | dict):
            raise self.error(f"{what} is {self.shown}; a number or a text is needed")
        return self.value

    @property
    def shown(self) -> str:
        """The value as an error message quotes it."""
        if self.value is None or self.value == "":
            return "empty"
        if isinstance(self.value, dict):
            return "a set of named values"
        if isinstance(self.value, list):
            return "a list"
        text = str(self.value)
        return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


Mapped = dict[str, Node]


def read_document(path: str | Path) -> Node:
    """Read a file; what cannot be read is a :class:`QuestionError` that names it."""
    try:
        size = Path(path).stat().st_size
        if size > _LARGEST_FILE:
            raise QuestionError(f"{size} bytes is too large for a question", file=str(path))
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise QuestionError(f"there is no such file; {_FILE}", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise QuestionError(f"not a UTF-8 text: {error.reason}", file=str(path)) from error
    except OSError as error:
        raise QuestionError(f"cannot be read: {error.strerror}; {_FILE}", file=str(path)) from error
    return parse_document(text, str(path))


def parse_document(text: str, file: str | None = None) -> Node:
    """Parse one YAML document; malformed text raises :class:`QuestionError` with its line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        problem = error.problem or error.context or "not YAML"
        raise QuestionError(f"malformed YAML: {problem}", file=file, line=line) from error
    except yaml.YAMLError as error:
        raise QuestionError(f"malformed YAML: {error}", file=file) from error
    except RecursionError:
        raise QuestionError("malformed YAML: nested too deeply", file=file) from None
    if root is None:
        raise QuestionError("the document is empty", file=file, line=1)
    return _node(root, file, set())


def from_data(data: Any) -> Node:
    """Plain data, such as JSON read back, as nodes without lines."""
    if isinstance(data, dict):
        return Node({str(name): from_data(value) for name, value in data.items()})
    if isinstance(data, list | tuple):
        return Node([from_data(value) for value in data])
    return Node(data)


def _node(raw: yaml.Node, file: str | None, seen: set[int]) -> Node:
    line = raw.start_mark.line + 1
    if id(raw) in seen:
        raise QuestionError(
            "anchors and aliases are not read; repeat the value", file=file, line=line
        )
    seen.add(id(raw))
    if raw.tag not in _PLAIN_TAGS:
        raise QuestionError(f"the tag '{raw.tag}' is not read", file=file, line=line)
    if isinstance(raw, yaml.MappingNode):
        return Node(_entries(raw, file, seen), line, file)
    if isinstance(raw, yaml.SequenceNode):
        return Node([_node(item, file, seen) for item in raw.value], line, file)
    assert isinstance(raw, yaml.ScalarNode)
    return Node(_scalar(raw), line, file)


def _entries(raw: yaml.MappingNode, file: str | None, seen: set[int]) -> Mapped:
    entries: Mapped = {}
    for key, value in raw.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise QuestionError("a name must be a plain word", file=file, line=line)
        if key.value in entries:
            raise QuestionError(f"'{key.value}' is given twice", file=file, line=line)
        entries[key.value] = _node(value, file, seen)
    return entries


def _scalar(raw: yaml.ScalarNode) -> Any:
    text = raw.value
    if raw.style is not None:  # quoted: a text, whatever it looks like
        return text
    if _INTEGER.match(text):
        return int(text)
    if _NUMBER.match(text) and math.isfinite(float(text)):
        return float(text)
    return {"": None, "~": None, "null": None, "true": True, "false": False}.get(text, text)
