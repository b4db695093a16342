"""What the worker processes of a Dask cluster do; imported by them and when a cluster starts.

A worker computes and writes run folders. What travels back is an event a step, with ids and
timings; a flag of the scheduler asks it to stop between two chunks.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace

from distributed import Event, Worker, WorkerPlugin, get_client, get_worker

from aion_sci.runs.compute import WorkOrder, perform
from aion_sci.runs.folder import find_run

__all__ = ["STEPS", "STOP", "BindToCores", "work"]

STEPS = "aion-steps"
"""Topic of the events that carry each :class:`~aion_sci.runs.compute.Step`."""
STOP = "aion-stop"
"""Name of the flag that ends the work between two chunks."""


@dataclass
class BindToCores(WorkerPlugin):
    """Bind each worker to its share of the cores, also one that replaces a dead worker.

    XLA sizes its thread pool by the cores that a process may use, so this comes before it starts.
    """

    shares: list[frozenset[int]]
    """The cores of each worker, by the number that the cluster names it with."""
    name: str = "aion-bind-to-cores"

    def setup(self, worker: Worker) -> None:
        """Called in the worker's main thread, whose later threads inherit the binding."""
        cores = self.shares[int(worker.name)]
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)


def work(order: WorkOrder) -> None:
    """Perform an order, but for the runs that a worker which died has committed already."""
    if not order.keep_fields:
        missing = tuple(spec for spec in order.specs if find_run(order.root, spec.id) is None)
        order = replace(order, specs=missing)
    stop = Event(STOP, client=get_client())
    if not order.specs or stop.is_set():
        return
    worker = get_worker()
    perform(
        order,
        report=lambda step: worker.log_event(STEPS, {"step": asdict(step)}),
        should_stop=lambda: bool(stop.is_set()),
    )
