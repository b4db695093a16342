"""Which executor a setting stands for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aion_sci.execution.dask import DaskExecutor
from aion_sci.execution.local import LocalExecutor
from aion_sci.runs.runner import Executor
from aion_sci.settings import Settings

__all__ = ["open_executor"]


@contextmanager
def open_executor(settings: Settings) -> Iterator[Executor]:
    """The executor of these settings; its processes start on first use and end with the block."""
    chosen = settings.executor
    if chosen == "auto":
        chosen = "dask" if settings.workers > 1 else "local"
    if chosen == "local":
        yield LocalExecutor()
        return
    with DaskExecutor(settings.workers) as executor:
        yield executor
