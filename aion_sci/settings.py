"""Settings, and where each came from.

A setting's value is the last of: its default, the user's file (``~/.config/aion/config.toml``),
the project's file (``./aion.toml``), the environment (``AION_<NAME>``), a flag on the command line
or an argument in Python. ``aion config`` shows the value and its origin.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from aion_sci.errors import SettingError, UnknownNameError

__all__ = ["Setting", "Settings", "load_settings"]


@dataclass(frozen=True)
class Setting:
    """One resolved setting."""

    name: str
    value: Any
    origin: str
    description: str


@dataclass(frozen=True)
class Settings:
    """The workbench's settings, resolved."""

    store: Path
    workers: int
    executor: str
    planner: str
    model: str
    origins: Mapping[str, Setting]


def load_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """Resolve every setting; ``flags`` that are None count as not given.

    Raises :class:`~aion_sci.errors.SettingError` for a value that cannot be used, naming the file,
    variable or flag it came from.
    """
    flags = {name: value for name, value in (flags or {}).items() if value is not None}
    _refuse_unknown(flags, "argument")
    files = [(path, _read(path)) for path in _files() if path.is_file()]
    resolved = {name: _resolve(name, files, flags) for name in _DEFINITIONS}
    names = [f.name for f in fields(Settings) if f.name != "origins"]
    return Settings(**{name: resolved[name].value for name in names}, origins=resolved)


def _path(raw: Any) -> Path:
    if not isinstance(raw, str | Path) or not str(raw):
        raise ValueError("a folder is needed")
    return Path(raw).expanduser()


def _count(raw: Any) -> int:
    if not str(raw).isdecimal() or int(raw) < 1:
        raise ValueError("a whole number of at least 1 is needed")
    return int(raw)


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        if raw not in choices:
            raise ValueError(f"choose from: {', '.join(choices)}")
        return raw

    return read


@dataclass(frozen=True)
class _Definition:
    default: Any
    read: Callable[[Any], Any]
    description: str


_DEFINITIONS = {
    "store": _Definition("aion-store", _path, "folder of the knowledge store"),
    "workers": _Definition(1, _count, "processes that run simulations"),
    "executor": _Definition(
        "auto",
        _one_of("auto", "local", "dask"),
        "where runs happen; auto is dask when workers > 1, else local",
    ),
    "planner": _Definition(
        "bayes",
        _one_of("bayes", "human", "hybrid", "llm", "replay"),
        "who proposes hypotheses and designs",
    ),
    "model": _Definition("", str, "language model of llm and hybrid, as PROVIDER:NAME"),
}


def _files() -> list[Path]:
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [home / "aion" / "config.toml", Path("aion.toml")]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: not valid TOML: {error}") from error
    _refuse_unknown(content, f"setting in {path}")
    return content


def _refuse_unknown(given: Mapping[str, Any], kind: str) -> None:
    for name in given:
        if name not in _DEFINITIONS:
            raise UnknownNameError(kind, name, _DEFINITIONS)


def _resolve(
    name: str, files: list[tuple[Path, dict[str, Any]]], flags: Mapping[str, Any]
) -> Setting:
    definition = _DEFINITIONS[name]
    raw, origin = definition.default, "default"
    for path, content in files:
        if name in content:
            raw, origin = content[name], str(path)
    variable = f"AION_{name.upper()}"
    if os.environ.get(variable):
        raw, origin = os.environ[variable], variable
    if name in flags:
        raw, origin = flags[name], "flag"
    try:
        return Setting(name, definition.read(raw), origin, definition.description)
    except (ValueError, TypeError) as error:
        raise SettingError(f"{name} is {raw!r} (from {origin}); {error}") from error
