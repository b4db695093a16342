"""Runs on a local Dask cluster: one process a worker, each bound to its share of the cores.

The cluster listens on the loopback address only and speaks TLS with a certificate made for this
cluster alone. Workers are spawned, never forked (fork and JAX deadlock), compute, and write run
folders; only ids and timings travel back. A worker that dies has its order given to another, which
skips the runs that are committed already.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from aion_sci.errors import RunFailedError
from aion_sci.runs.compute import Step, WorkOrder

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

__all__ = ["DaskExecutor"]

_POLL_SECONDS = 0.1  # between two looks at whether to stop, while no news comes


class DaskExecutor:
    """A LocalCluster that starts with the first order and ends with the ``with`` block."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None
        self._news: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        """Steps as they come in, and None for each order that has ended."""

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
        """Perform the orders on the workers; a stop lets the chunks in flight end.

        Raises :class:`~aion_sci.errors.RunFailedError` when the workers of one order keep dying.
        """
        from distributed import Event, KilledWorker

        from aion_sci.execution.dask_worker import STOP, work

        begin = time.perf_counter()
        client = self._start()
        waiting = min(self.workers, len(orders))  # all of them did
        report(Step(compile_seconds=waiting * (time.perf_counter() - begin)))
        stop = Event(STOP, client=client)
        stop.clear()
        futures = [client.submit(work, order, pure=False) for order in orders]
        for future in futures:
            future.add_done_callback(lambda _: self._news.put(None))
        unfinished = len(futures)
        while unfinished:
            if should_stop() and not stop.is_set():
                stop.set()
            try:
                step = self._news.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if step is None:
                unfinished -= 1
            else:
                report(step)
        try:
            client.gather(futures)
        except KilledWorker as error:
            raise RunFailedError(
                "workers died again and again over the same runs, most often for want of memory: "
                "use fewer workers or a lower resolution; finished runs are kept"
            ) from error

    def _start(self) -> Client:
        if self._client is not None:
            return self._client
        import dask.config as dask_config
        from distributed import Client, LocalCluster
        from distributed.security import Security

        from aion_sci.allocator import environment
        from aion_sci.execution.dask_worker import STEPS, BindToCores

        options: dict[str, Any] = {
            "n_workers": self.workers,
            "threads_per_worker": 1,
            "processes": True,
            "host": "127.0.0.1",
            "protocol": "tls://",
            "security": Security.temporary(),
            "dashboard_address": None,
            "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},  # not 8787: it may be taken
            "worker_dashboard_address": None,
            "silence_logs": 50,
        }
        inherited = dask_config.get("distributed.nanny.pre-spawn-environ")
        configuration = {
            # The allocator reads its settings before a process starts: later is too late.
            "distributed.nanny.pre-spawn-environ": {**inherited, **environment()},
            # Dask's pages for browsers speak no TLS: serve none of them.
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
        }
        _ignore_broken_pipes()
        with dask_config.set(configuration), _signals_held():
            self._cluster = LocalCluster(**options)
        self._client = Client(self._cluster)
        self._client.register_plugin(BindToCores(_core_shares(self.workers)))
        self._client.wait_for_workers(self.workers)
        self._client.subscribe_topic(STEPS, self._receive)
        return self._client

    def _receive(self, event: tuple[float, Any]) -> None:
        _, message = event
        content = message["step"]
        self._news.put(Step(**{**content, "committed": tuple(content["committed"])}))


@contextmanager
def _signals_held() -> Iterator[None]:
    """Threads and processes that begin inside never hear Ctrl-C or SIGTERM.

    A terminal sends Ctrl-C to every process of the command; the workers are to finish their chunk
    and stop when they are told. A signal that arrives meanwhile is delivered at the end.
    """
    resource_tracker.ensure_running()  # else the first process starts it, which ends the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_broken_pipes() -> None:
    """Ignore SIGPIPE, as Python does at its start, so that a closed connection is an exception.

    A library may have changed that since: PETSc ends the process there. Only the main thread can
    set it back.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _core_shares(workers: int) -> list[frozenset[int]]:
    """The usable cores dealt out to the workers; with fewer cores than workers, some share."""
    if not hasattr(os, "sched_getaffinity"):
        return [frozenset() for _ in range(workers)]
    cores = sorted(os.sched_getaffinity(0))
    return [
        frozenset(cores[i::workers]) or frozenset({cores[i % len(cores)]}) for i in range(workers)
    ]
