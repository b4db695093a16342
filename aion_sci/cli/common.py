"""What several verbs share: settings from options, a workbench, and printing."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aion_sci.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from aion_sci.knowledge import KnowledgeStore
    from aion_sci.workbench import Workbench

__all__ = [
    "console",
    "open_bench",
    "open_store",
    "print_json",
    "settings_of",
    "verdict_text",
]

_WIDE = 200  # columns; a table is cut to the width of its console
_FLAGS = ("store", "workers", "executor", "planner", "model")


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings, with this command line's flags on top."""
    return load_settings({name: getattr(options, name, None) for name in _FLAGS})


def print_json(data: Any, *, line: bool = False) -> None:
    """Print JSON; ``line`` keeps it on one line, for a stream of objects."""
    print(json.dumps(data, allow_nan=False, indent=None if line else 2), flush=True)


def console() -> Console:
    """A rich console that leaves numbers alone, and wide where nobody looks: in a log or a pipe."""
    from rich.console import Console

    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, soft_wrap=True, width=None if narrow else _WIDE)


_COLOURS = {"supported": "green", "refuted": "red", "inconclusive": "yellow"}


def verdict_text(verdict: str) -> str:
    """A verdict in its colour, as rich markup."""
    return f"[{_COLOURS[verdict]}]{verdict}[/{_COLOURS[verdict]}]"


@contextmanager
def open_store(options: argparse.Namespace, *, write: bool = False) -> Iterator[KnowledgeStore]:
    """The knowledge store of these options; what happened on opening goes to standard error."""
    from aion_sci.knowledge import KnowledgeStore

    with KnowledgeStore.open(settings_of(options).store, write=write) as store:
        for notice in store.notices:
            print(f"aion: {notice}", file=sys.stderr)
        yield store


@contextmanager
def open_bench(options: argparse.Namespace, settings: Settings) -> Iterator[Workbench]:
    """A workbench with the progress line of this verb, stopped by Ctrl-C between chunks."""
    from aion_sci.session import open_session

    with open_session(settings, quiet=options.quiet or options.json) as bench:
        yield bench
