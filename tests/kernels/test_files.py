"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aion_kernels import files


def test_a_failed_write_keeps_the_old_content(tmp_path: Path):
    path = tmp_path / "claim.json"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="quota"), files.writing(path) as temporary:
        fail_after_writing(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_are_appended(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    files.append_line(path, "first")
    files.append_line(path, "zweite: ä")
    assert path.read_text(encoding="utf-8") == "first\nzweite: ä\n"
    with pytest.raises(ValueError, match="line break"):
        files.append_line(path, "two\nlines")


@pytest.mark.parametrize(("number", "tolerated"), [(22, True), (5, False)])
def test_a_file_system_that_cannot_sync_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, tolerated: bool
):
    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    if tolerated:
        files.sync_folder(tmp_path)
    else:
        with pytest.raises(OSError, match="Input/output"):
            files.sync_folder(tmp_path)


def fail_after_writing(path: Path) -> None:
    path.write_text("half of the new")
    raise OSError("quota exceeded")
