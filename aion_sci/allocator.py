"""Settings of glibc's allocator for the processes that simulate.

XLA on a CPU takes the arrays of each call from malloc and gives them back afterwards. By default
glibc returns a large block to the system at once, so the next call pays for it again, page by page
and zeroed: on a triad of 64 million float32, 62,500 faults a call. The tunables below keep large
blocks in the process and let them lie on huge pages. `benchmarks/allocator.py` measures each;
the figures are in docs/performance.md.

glibc reads them once, before ``main``. So a process that is about to simulate replaces itself by
the same command with the environment set (:func:`ensure`), and its workers inherit it. The price is
memory: a process keeps what it once used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["TUNABLES", "ensure", "environment", "is_active"]

TUNABLES = {
    # Ask for huge pages (madvise) wherever the heap grows: one fault for 2 MiB instead of 4 KiB.
    "glibc.malloc.hugetlb": "1",
    # Serve blocks up to 4 GiB from the heap, not by a mapping of their own that free() removes.
    "glibc.malloc.mmap_threshold": str(4 << 30),
    # Keep up to 4 GiB at the top of the heap instead of shrinking it at each free().
    "glibc.malloc.trim_threshold": str(4 << 30),
    # One heap for all threads: those of other threads are pieces of 64 MiB, too small for a large
    # array, which would be mapped and unmapped after all.
    "glibc.malloc.arena_max": "1",
}
"""Each tunable of glibc that we set, and its value."""

# The older names of the same settings; whoever set one of them has made the choice.
_OLDER_NAMES = {
    "glibc.malloc.mmap_threshold": "MALLOC_MMAP_THRESHOLD_",
    "glibc.malloc.trim_threshold": "MALLOC_TRIM_THRESHOLD_",
    "glibc.malloc.arena_max": "MALLOC_ARENA_MAX",
}
_MARKER = "AION_ALLOCATOR_SET"


def environment() -> dict[str, str]:
    """The variables to add to a new process's environment so that it allocates as described.

    What the user set is kept, key by key. Empty where nothing is to add: the C library is not
    glibc, ``AION_ALLOCATOR`` is 0, or every tunable is set already.
    """
    if os.environ.get("AION_ALLOCATOR") == "0" or not _is_glibc():
        return {}
    own = os.environ.get("GLIBC_TUNABLES", "")
    missing = [
        f"{key}={value}"
        for key, value in TUNABLES.items()
        if key not in _keys(own) and _OLDER_NAMES.get(key, "") not in os.environ
    ]
    if not missing:
        return {}
    return {"GLIBC_TUNABLES": ":".join([own, *missing] if own else missing)}


def ensure() -> None:
    """Start this process again with :func:`environment`, once; return when there is no need.

    Call it before anything is computed or opened: the process starts from the beginning, with the
    same interpreter and arguments, and the same process id.
    """
    added = environment()
    if not added or _MARKER in os.environ:
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    command = [sys.executable, *sys.orig_argv[1:]]
    os.execve(sys.executable, command, {**os.environ, **added, _MARKER: "1"})


def is_active() -> bool:
    """Whether this process was started with every tunable set, by us or by the user."""
    try:
        initial = Path("/proc/self/environ").read_bytes().decode(errors="replace")
    except OSError:
        return False
    # glibc cuts its variable into pieces in place, so each tunable may stand alone here.
    pieces = initial.replace("GLIBC_TUNABLES=", "").replace("\0", ":")
    return _is_glibc() and set(TUNABLES) <= _keys(pieces)


def _keys(tunables: str) -> set[str]:
    return {part.partition("=")[0] for part in tunables.split(":")}


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # not POSIX, or another C library
        return False
