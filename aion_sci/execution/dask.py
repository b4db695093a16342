"""Runs on a local Dask cluster: one process a worker, each bound to its share of the cores.

The cluster listens on the loopback address only and speaks TLS with a certificate made for this
cluster alone. Workers are spawned, never forked (fork and JAX deadlock), compute, and write run
folders; only ids and timings travel back. A worker that dies has its order given to another, which
skips the runs that are committed already.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from aion_sci.runs.compute import Step, WorkOrder, perform
from aion_sci.runs.folder import find_run

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

__all__ = ["DaskExecutor"]

_STEPS = "aion-steps"
_STOP = "aion-stop"
_POLL_SECONDS = 0.1
_RETRIES = 2  # of an order whose worker died; a third death is a fault of the order


class DaskExecutor:
    """A LocalCluster that starts with the first order and ends with the ``with`` block."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None
        self._steps: queue.SimpleQueue[Step] = queue.SimpleQueue()

    def __enter__(self) -> DaskExecutor:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._client is not None:
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        self._client = self._cluster = None

    def run(
        self,
        orders: Sequence[WorkOrder],
        report: Callable[[Step], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Perform the orders on the workers; a stop lets the chunks in flight end."""
        from distributed import Event

        client = self._start()
        stop = Event(_STOP, client=client)
        stop.clear()
        futures = [client.submit(_work, order, pure=False, retries=_RETRIES) for order in orders]
        while not all(future.done() for future in futures):
            if should_stop() and not stop.is_set():
                stop.set()
            self._drain(report)
            time.sleep(_POLL_SECONDS)
        for future in futures:
            future.result()
        self._drain(report)

    def _drain(self, report: Callable[[Step], None]) -> None:
        while True:
            try:
                report(self._steps.get_nowait())
            except queue.Empty:
                return

    def _start(self) -> Client:
        if self._client is not None:
            return self._client
        from aion_sci.allocator import environment
        from distributed import Client, LocalCluster
        from distributed.security import Security

        self._cluster = LocalCluster(
            n_workers=self.workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=Security.temporary(),
            dashboard_address=None,
            worker_dashboard_address=None,
            env=environment(),
            silence_logs=50,
        )
        self._client = Client(self._cluster)
        self._client.wait_for_workers(self.workers)
        for address, cores in zip(
            self._client.scheduler_info(n_workers=-1)["workers"],
            _core_shares(self.workers),
            strict=True,
        ):
            self._client.run(_bind_to_cores, cores, workers=[address])
        self._client.subscribe_topic(_STEPS, self._receive)
        return self._client

    def _receive(self, event: tuple[float, Any]) -> None:
        _, content = event
        self._steps.put(Step(**{**content, "committed": tuple(content["committed"])}))


def _work(order: WorkOrder) -> None:
    """What a worker does with one order."""
    from distributed import Event, get_client, get_worker

    if not order.keep_fields:
        missing = tuple(spec for spec in order.specs if find_run(order.root, spec.id) is None)
        order = replace(order, specs=missing)
    stop = Event(_STOP, client=get_client())
    if not order.specs or stop.is_set():
        return
    worker = get_worker()
    perform(
        order,
        report=lambda step: worker.log_event(_STEPS, asdict(step)),
        should_stop=stop.is_set,
    )


def _bind_to_cores(cores: frozenset[int]) -> None:
    """XLA sizes its thread pool by the cores a process may use: share them before it starts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def _core_shares(workers: int) -> list[frozenset[int]]:
    """The usable cores dealt out to the workers; with fewer cores than workers, some share."""
    if not hasattr(os, "sched_getaffinity"):
        return [frozenset() for _ in range(workers)]
    cores = sorted(os.sched_getaffinity(0))
    return [
        frozenset(cores[i::workers]) or frozenset({cores[i % len(cores)]}) for i in range(workers)
    ]
