"""Where things that can be made again are kept between processes.

Compiled native kernels, compiled programs and measured constants of this machine are derived data:
they live in the user's cache, never in a store of results, and deleting them costs only time. What
depends on the processor (machine code, timings) goes below a folder named after it, because a home
directory is often shared by unlike nodes of a cluster.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from pathlib import Path

__all__ = ["processor_cache", "processor_id", "user_cache"]

_IDENTIFYING_FIELDS = ("model name", "flags", "Features", "CPU implementer", "CPU part")


def user_cache() -> Path:
    """The folder for derived data: ``$AION_CACHE``, ``$XDG_CACHE_HOME/aion`` or ``~/.cache/aion``.

    It is made on first use by whoever writes to it, not here.
    """
    own = os.environ.get("AION_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "aion"


@functools.cache
def processor_id() -> str:
    """A short name of this kind of processor: equal on machines that run the same machine code."""
    described = [platform.machine()]
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux: the platform's own, coarser name has to do
        described.append(platform.processor())
    else:
        first_core = text.split("\n\n", maxsplit=1)[0]
        described += [
            line for line in first_core.splitlines() if line.startswith(_IDENTIFYING_FIELDS)
        ]
    digest = hashlib.sha256("\n".join(described).encode()).hexdigest()[:12]
    return f"{platform.machine()}-{digest}"


def processor_cache() -> Path:
    """The part of the user's cache that holds only for this kind of processor."""
    return user_cache() / processor_id()
