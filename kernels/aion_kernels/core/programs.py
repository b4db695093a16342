"""Compiled programs, remembered by all that they depend on.

``jax.jit`` remembers too, but hides the time that compiling takes inside the first call. Compiling
ahead keeps compile time and run time apart, which is worth a small cache of our own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import jax

__all__ = ["Programs", "compile_settings"]


def compile_settings() -> tuple[Hashable, ...]:
    """The global settings that change what a traced function means; part of every key."""
    return (jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision)


class Programs:
    """The most recently used programs that ``build`` has made; safe to ask from several threads."""

    def __init__(self, build: Callable[[Any], Any], kept: int = 32) -> None:
        self._build = build
        self._kept = kept
        self._programs: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> tuple[Any, bool]:
        """The program for ``key``, and whether it had to be built for this call.

        A key that cannot be hashed (a bound method of an object that holds arrays, for example)
        is built each time.
        """
        try:
            hash(key)
        except TypeError:
            return self._build(key), True
        with self._lock:
            if key in self._programs:
                self._programs.move_to_end(key)
                return self._programs[key], False
        program = self._build(key)  # outside the lock: two threads may build the same one
        with self._lock:
            self._programs[key] = program
            while len(self._programs) > self._kept:
                self._programs.popitem(last=False)
        return program, True
