"""The workbench: settings, a store open for writing, and an executor, in one ``with`` block.

Everything that computes goes through here, so that each run is looked up, computed, committed and
indexed in one way, whether a person, a script or a campaign asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aion_sci.execution import open_executor
from aion_sci.knowledge import KnowledgeStore
from aion_sci.runs.folder import find_run
from aion_sci.runs.record import Record
from aion_sci.runs.runner import Executor, Progress, run_study
from aion_sci.runs.study import Study
from aion_sci.settings import Settings

__all__ = ["Workbench", "open_workbench"]


class Workbench:
    """Runs studies and keeps their records; made by :func:`open_workbench`."""

    def __init__(
        self,
        store: KnowledgeStore,
        executor: Executor,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self.store = store
        self.should_stop = should_stop
        """Whether a signal asked for a stop."""
        self.compile_seconds = 0.0
        """Spent so far on compiling, apart from running."""
        self._executor = executor
        self._on_progress = on_progress

    def run(self, study: Study, *, keep_fields: bool = False) -> list[Record]:
        """The records of a study, computed where the store lacks them, and indexed."""
        root = self.store.path
        compiled_before = self.compile_seconds

        def heard(progress: Progress) -> None:
            self.compile_seconds = compiled_before + progress.compile_seconds
            self._on_progress(progress)

        try:
            records = run_study(
                study,
                root,
                self._executor,
                keep_fields=keep_fields,
                on_progress=heard,
                should_stop=self.should_stop,
            )
        except BaseException:  # a signal or a failure: what is committed is kept and indexed
            found = (find_run(root, spec.id) for spec in study.specs)
            self.store.ingest_batch(record for record in found if record is not None)
            raise
        self.store.ingest_batch(records)
        return records


@contextmanager
def open_workbench(
    settings: Settings,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Workbench]:
    """Open the store of these settings for writing and make its executor."""
    with (
        KnowledgeStore.open(settings.store, write=True) as store,
        open_executor(settings) as executor,
    ):
        yield Workbench(store, executor, on_progress, should_stop)
