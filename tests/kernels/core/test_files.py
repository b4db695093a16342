"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aion_kernels.core.files import write_atomically


def test_folder_is_made_and_content_replaced(tmp_path: Path):
    path = tmp_path / "new" / "file"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_the_old_content_and_no_litter(tmp_path: Path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(_descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="the disk is full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
