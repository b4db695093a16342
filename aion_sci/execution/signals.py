"""Ctrl-C and SIGTERM as a question that work asks itself between two chunks.

The first signal asks for a stop: the chunk in flight ends and is committed. A second Ctrl-C
interrupts at once; run folders stay whole either way, since only COMMIT makes a result.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stop_on_signal"]


@contextmanager
def stop_on_signal(
    on_first: Callable[[], None] = lambda: None,
) -> Iterator[Callable[[], bool]]:
    """Within the block, SIGINT and SIGTERM make the yielded function return True.

    Outside the main thread, where Python delivers no signals, the function returns False.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def handle(number: int, frame: object) -> None:
        if asked.is_set():
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        asked.set()
        on_first()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
