"""A workbench with a person in front of it: a progress line, and Ctrl-C as a polite stop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aion_sci.execution import stop_on_signal
from aion_sci.report.progress import progress_line
from aion_sci.settings import Settings
from aion_sci.workbench import Workbench, open_workbench

__all__ = ["open_session"]


@contextmanager
def open_session(settings: Settings, *, quiet: bool = False) -> Iterator[Workbench]:
    """Open a workbench that shows its progress and stops between chunks when a signal arrives."""
    with (
        progress_line(quiet=quiet) as on_progress,
        stop_on_signal(_announce) as should_stop,
        open_workbench(settings, on_progress=on_progress, should_stop=should_stop) as bench,
    ):
        yield bench


def _announce() -> None:
    print("\naion: stopping after the chunk in flight (Ctrl-C again: at once)", file=sys.stderr)
