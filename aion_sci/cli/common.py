"""What several verbs share: settings from options, printing, and the progress line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aion_sci.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from aion_sci.runs.runner import Progress
    from aion_sci.workbench import Workbench

__all__ = ["console", "open_bench", "print_json", "settings_of", "significant"]

_FLAGS = ("store", "workers", "executor", "planner")


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings, with this command line's flags on top."""
    return load_settings({name: getattr(options, name, None) for name in _FLAGS})


def print_json(data: Any, *, line: bool = False) -> None:
    """Print JSON; ``line`` keeps it on one line, for a stream of objects."""
    print(json.dumps(data, allow_nan=False, indent=None if line else 2), flush=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console that leaves numbers and brackets alone."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def significant(value: float, error: float = 0.0) -> str:
    """A value with the digits that its error bar leaves, such as ``2.2448 ± 0.0021``."""
    if value != value:
        return "—"
    if not error or error != error:
        return f"{value:.6g}"
    from decimal import Decimal

    exponent = Decimal(f"{error:.1e}").adjusted() - 1
    if -6 <= exponent <= 0:
        return f"{value:.{-exponent}f} ± {error:.{-exponent}f}"
    return f"{value:.6g} ± {error:.2g}"


@contextmanager
def open_bench(options: argparse.Namespace, settings: Settings) -> Iterator[Workbench]:
    """A workbench with the progress line of this verb, stopped by Ctrl-C between chunks."""
    from aion_sci.execution import stop_on_signal
    from aion_sci.workbench import open_workbench

    def announce() -> None:
        print("\naion: stopping after the chunk in flight (Ctrl-C again: now)", file=sys.stderr)

    with (
        _progress_line(quiet=options.quiet or options.json) as on_progress,
        stop_on_signal(announce) as should_stop,
        open_workbench(settings, on_progress=on_progress, should_stop=should_stop) as bench,
    ):
        yield bench


@contextmanager
def _progress_line(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Runs done, rate, time left and compile time, on one line of standard error."""
    if quiet:
        yield lambda progress: None
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[text]}"),
    )
    with Bar(*columns, console=console(stderr=True), transient=False) as bar:
        task: Any = None

        def show(progress: Progress) -> None:
            nonlocal task
            if task is None or (progress.work == 0.0 and progress.elapsed == 0.0):
                task = bar.add_task("runs", total=1.0, text="")
            complete = 1.0 if progress.done == progress.total else progress.work
            bar.update(task, completed=complete, text=_progress_text(progress))

        yield show


def _progress_text(progress: Progress) -> str:
    parts = [f"{progress.done}/{progress.total} done"]
    if progress.cached:
        parts.append(f"{progress.cached} from the store")
    if progress.rate is not None:
        parts.append(f"{progress.rate:.2g} runs/s")
    if progress.seconds_left is not None and progress.done < progress.total:
        parts.append(f"{progress.seconds_left:.0f} s left")
    if progress.compile_seconds:
        parts.append(f"compiled in {progress.compile_seconds:.1f} s")
    return ", ".join(parts)
