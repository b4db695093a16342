"""One coordinator at a time, and none after its process is gone."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aion_sci.errors import StoreLockedError, StoreUnwritableError
from aion_sci.knowledge import KnowledgeStore
from aion_sci.knowledge.lock import CoordinatorLock

_HOLD = """
import sys, time
from aion_sci.knowledge import KnowledgeStore
with KnowledgeStore.open(sys.argv[1], write=True):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_coordinator_is_told_who_the_first_is(path: Path):
    first = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        try:
            with pytest.raises(StoreLockedError) as raised:
                KnowledgeStore.open(path, write=True)
            assert f"process {first.pid} on {os.uname().nodename}" in str(raised.value)
            assert "--store" in str(raised.value)
            with KnowledgeStore.open(path, write=False) as reader:  # reading needs no lock
                assert reader.search("heat") == []
        finally:
            first.send_signal(signal.SIGKILL)
    with KnowledgeStore.open(path, write=True):
        pass  # the lock went with the process, although it had no time to clean up


def test_one_process_cannot_open_it_twice(store: KnowledgeStore):
    with pytest.raises(StoreLockedError, match=f"process {os.getpid()}"):
        KnowledgeStore.open(store.path, write=True)


def test_closing_gives_it_back(path: Path):
    for _ in range(2):
        KnowledgeStore.open(path, write=True).close()


def test_a_lock_without_a_note_is_still_a_lock(tmp_path: Path):
    held = CoordinatorLock(tmp_path)
    (tmp_path / ".coordinator.lock").write_text("")
    with pytest.raises(StoreLockedError, match="another process"):
        CoordinatorLock(tmp_path)
    held.release()
    held.release()
    CoordinatorLock(tmp_path).release()


def test_a_disk_without_flock_takes_the_other_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    CoordinatorLock(tmp_path).release()


def test_a_disk_without_any_lock_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(StoreUnwritableError, match="No locks available"):
        KnowledgeStore.open(path, write=True)
