"""The cache folder follows the environment, and its processor part is stable."""

from __future__ import annotations

from pathlib import Path

import pytest

from aion_kernels.core.cache import processor_cache, processor_id, user_cache


def test_own_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    monkeypatch.setenv("AION_CACHE", str(tmp_path / "own"))
    assert user_cache() == tmp_path / "own"


def test_xdg_comes_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("AION_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "aion"


def test_home_is_the_fallback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("AION_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_cache() == tmp_path / ".cache" / "aion"


def test_asking_makes_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("AION_CACHE", str(tmp_path / "absent"))
    assert not user_cache().exists()
    assert not processor_cache().exists()


def test_processor_is_named_alike_each_time():
    first = processor_id()
    processor_id.cache_clear()
    assert processor_id() == first
    assert processor_cache().name == first


def test_processor_without_cpuinfo_has_a_name(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_args: object, **_kwargs: object) -> str:
        raise FileNotFoundError

    processor_id.cache_clear()
    monkeypatch.setattr(Path, "read_text", refuse)
    try:
        assert processor_id()
    finally:
        processor_id.cache_clear()
