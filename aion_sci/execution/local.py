"""Runs in this process, one order after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aion_sci.runs.compute import Step, WorkOrder, perform

__all__ = ["LocalExecutor"]


class LocalExecutor:
    """The executor of one worker: no processes, no network; XLA still uses every core."""

    workers = 1

    def run(
        self,
        orders: Sequence[WorkOrder],
        report: Callable[[Step], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Perform the orders in turn; between chunks ``should_stop`` is asked."""
        for order in orders:
            if should_stop():
                return
            perform(order, report=report, should_stop=should_stop)
