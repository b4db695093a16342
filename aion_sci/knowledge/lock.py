"""One coordinator at a time: the lock on a store.

The lock is the kernel's, on an open file, so it vanishes with the process that holds it, however
that process ends. The text inside serves only to tell a second coordinator who the first one is.
The file itself is never removed: another process may be waiting to open it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from aion_sci.errors import StoreLockedError

__all__ = ["CoordinatorLock"]

_NAME = ".coordinator.lock"
_HELD = {errno.EWOULDBLOCK, errno.EACCES}


class CoordinatorLock:
    """The exclusive right to write to a store's index, held from creation until :meth:`release`."""

    def __init__(self, store: Path) -> None:
        """Take the lock; raises :class:`StoreLockedError` where another process holds it."""
        self._file = open(store / _NAME, "a+", encoding="utf-8")  # noqa: SIM115 (held open)
        try:
            _lock(self._file.fileno())
        except OSError as error:
            holder = self._holder()
            self._file.close()
            if error.errno not in _HELD:
                raise
            raise StoreLockedError(
                f"the store {store} is in use by {holder}; wait until it is done, stop it, "
                "or choose another store with --store or AION_STORE"
            ) from error
        self._file.truncate(0)
        me = {"pid": os.getpid(), "host": socket.gethostname()}
        started = datetime.now(UTC).isoformat(timespec="seconds")
        self._file.write(json.dumps({**me, "started": started}) + "\n")
        self._file.flush()

    def release(self) -> None:
        """Give the lock back."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()

    def _holder(self) -> str:
        self._file.seek(0)
        try:
            note = json.loads(self._file.read())
            return f"process {note['pid']} on {note['host']} since {note['started']}"
        except (KeyError, TypeError, ValueError):  # it has just started, or is about to end
            return "another process"


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a file system without flock
