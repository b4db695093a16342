"""Files that are whole or absent, whenever the process or the machine dies.

A file is written under a temporary name in its own folder, synced, and renamed into place; the
folder is synced so that the rename survives a power cut. A log is appended to and synced, so that
at most its last line is torn.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "append_line",
    "sha256_of_file",
    "sync_folder",
    "write_bytes",
    "write_text",
    "writing",
]


@contextmanager
def writing(path: Path, *, sync_rename: bool = True) -> Iterator[Path]:
    """Give a temporary neighbour of ``path`` to write to; on leaving, it becomes ``path``.

    When the block raises, nothing is left behind. A caller that writes several files to one folder
    may pass ``sync_rename=False`` and call :func:`sync_folder` once at the end.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync_rename:
        sync_folder(path.parent)


def write_bytes(path: Path, content: bytes, *, sync_rename: bool = True) -> None:
    """Write ``content`` to ``path``; a reader sees the old file or the new one, never a part."""
    with writing(path, sync_rename=sync_rename) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` as UTF-8; see :func:`write_bytes`."""
    write_bytes(path, content.encode())


def append_line(path: Path, line: str) -> None:
    """Append one line to a log and sync it; on return the line is on the disk."""
    if "\n" in line:
        raise ValueError("a line of a log holds no line break")
    new = not path.exists()
    with open(path, "ab") as file:
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, hashlib.sha256).hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
