"""A signal as a request that is answered at the next safe moment."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

from aion_kernels.core.hooks import Hook, Moment
from aion_kernels.core.outcome import Outcome

__all__ = ["StopOnSignal"]


class StopOnSignal(Hook):
    """While entered, notes a signal in ``requested`` instead of letting it end the process.

    As a hook it stops an evolution between chunks with ``Outcome.interrupted``; for an ensemble
    pass ``should_stop=lambda: stop.requested``. The first signal restores the former handlers, so a
    second one acts as it would have. Python delivers signals to the main thread only: entering
    elsewhere is a ``ValueError``.
    """

    def __init__(self, signals: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)) -> None:
        self.requested = False
        self._signals = signals
        self._former: dict[int, Any] = {}

    def __enter__(self) -> StopOnSignal:
        self.requested = False
        for number in self._signals:
            self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def between_chunks(self, moment: Moment) -> Outcome | None:
        return Outcome.interrupted if self.requested else None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        while self._former:
            signal.signal(*self._former.popitem())
