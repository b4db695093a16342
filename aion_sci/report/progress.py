"""How far a study has come, on one line: runs done, rate, time left, compile time apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aion_sci.runs.runner import Progress

__all__ = ["progress_line"]


@contextmanager
def progress_line(*, quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A live line on standard error; the yielded function takes each :class:`Progress`."""
    if quiet:
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[text]}"),
    )
    bar = Bar(*columns, console=Console(stderr=True, highlight=False))
    task: Any = None

    def show(progress: Progress) -> None:
        nonlocal task
        if task is None or (progress.work == 0.0 and progress.elapsed == 0.0):
            task = bar.add_task("runs", total=1.0, text="")
            bar.start()
        complete = 1.0 if progress.done == progress.total else progress.work
        bar.update(task, completed=complete, text=_progress_text(progress))

    try:
        yield show
    finally:
        if task is not None:  # a line that nothing was shown on would be left empty
            bar.stop()


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
