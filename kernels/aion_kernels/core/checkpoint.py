"""States on disk, from which an evolution goes on bit by bit as if it had never stopped.

A checkpoint is one file: a line of JSON (step, a checksum, and the name, shape and type of each
leaf) and then the leaves' bytes, little-endian, in order. Nothing in it is executed on reading.
"""

from __future__ import annotations

import hashlib
import json
import math
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from aion_kernels.core.hooks import Hook, Moment
from aion_kernels.core.outcome import Outcome
from aion_kernels.files import write_bytes

__all__ = ["Checkpoint", "CorruptCheckpointError", "Resumed", "resume", "save"]

_FORMAT = 1


class CorruptCheckpointError(ValueError):
    """The file is no checkpoint, or its bytes are not those that were written."""


class Resumed(NamedTuple):
    """Where an evolution stopped."""

    step: int
    state: PyTree


class Checkpoint(Hook):
    """Writes the state to ``path`` at least ``every`` steps apart, and once more at the end."""

    def __init__(self, path: str | PathLike[str], every: int) -> None:
        if every < 1:
            raise ValueError(f"every is {every}; checkpoints are at least one step apart")
        self._path = Path(path)
        self._every = every
        self._written: int | None = None

    def between_chunks(self, moment: Moment) -> Outcome | None:
        if self._written is None or moment.step - self._written >= self._every:
            self._write(moment)
        return None

    def at_end(self, moment: Moment) -> None:
        if moment.step != self._written:
            self._write(moment)

    def _write(self, moment: Moment) -> None:
        save(self._path, moment.step, moment.state)
        self._written = moment.step


def save(path: str | PathLike[str], step: int, state: PyTree) -> None:
    """Write a state; the file is replaced as a whole or not at all."""
    named = jax.tree_util.tree_leaves_with_path(state)
    arrays = [_plain(leaf) for _, leaf in named]
    content = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    header = {
        "format": _FORMAT,
        "step": step,
        "sha256": hashlib.sha256(content).hexdigest(),
        "leaves": [
            [jax.tree_util.keystr(name), list(array.shape), array.dtype.name]
            for (name, _), array in zip(named, arrays, strict=True)
        ],
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json.dumps(header).encode() + b"\n" + content)


def resume(path: str | PathLike[str], *, like: PyTree) -> Resumed:
    """Read a state of the structure, shapes and types of ``like``.

    Raises :class:`CorruptCheckpointError` for a damaged file and ``ValueError``, naming the leaf,
    for a sound one that holds another kind of state.
    """
    header, content = _read(Path(path))
    named = jax.tree_util.tree_leaves_with_path(like)
    expected = [(jax.tree_util.keystr(name), _plain(leaf)) for name, leaf in named]
    if len(expected) != len(header["leaves"]):
        raise ValueError(
            f"{path} holds {len(header['leaves'])} arrays but the state has {len(expected)}"
        )
    leaves, start = [], 0
    for (name, array), (_, example), (found, shape, dtype) in zip(
        expected, named, header["leaves"], strict=True
    ):
        if (name, list(array.shape), array.dtype.name) != (found, shape, dtype):
            raise ValueError(
                f"{path} holds {dtype}{shape} at {found} where the state has "
                f"{array.dtype.name}{list(array.shape)} at {name}"
            )
        count = math.prod(shape)
        values = np.frombuffer(content, array.dtype, count, start).reshape(shape)
        leaves.append(_like(values, example))
        start += values.nbytes
    return Resumed(header["step"], jax.tree.unflatten(jax.tree.structure(like), leaves))


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    first, _, content = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(first)
        known, checksum = header["format"] == _FORMAT, header["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptCheckpointError(f"{path} is not a checkpoint") from error
    if not known:
        raise CorruptCheckpointError(f"{path} has checkpoint format {header['format']}, not 1")
    if hashlib.sha256(content).hexdigest() != checksum:
        raise CorruptCheckpointError(
            f"{path} is damaged: its checksum differs; start again or use an earlier checkpoint"
        )
    return header, content


def _plain(leaf: Any) -> np.ndarray:
    """A leaf as a NumPy array; a random key as its words."""
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _like(values: np.ndarray, example: Any) -> jax.Array:
    array = jnp.asarray(values)
    if _is_key(example):
        return jax.random.wrap_key_data(array, impl=jax.random.key_impl(example))
    return array


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
