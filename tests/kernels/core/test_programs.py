"""Programs are built once for each key, and the least recently used goes first."""

from __future__ import annotations

import jax

from aion_kernels.core.programs import Programs, compile_settings


def test_least_recently_used_is_dropped():
    built = []
    programs = Programs(lambda key: built.append(key) or key.upper(), kept=2)
    assert programs.get("a") == ("A", True)
    assert programs.get("b") == ("B", True)
    assert programs.get("a") == ("A", False)
    assert programs.get("c") == ("C", True)
    assert programs.get("a") == ("A", False)
    assert programs.get("b") == ("B", True)
    assert built == ["a", "b", "c", "b"]


def test_key_that_cannot_be_hashed_is_built_each_time():
    programs = Programs(tuple)
    assert programs.get([1]) == ((1,), True)
    assert programs.get([1]) == ((1,), True)


def test_settings_follow_the_context():
    outside = compile_settings()
    with jax.enable_x64(False):
        assert compile_settings() != outside
    with jax.default_matmul_precision("highest"):
        assert compile_settings() != outside
    assert compile_settings() == outside
