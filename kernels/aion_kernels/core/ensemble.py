"""A function over a batch of parameters, replicas or designs as one compiled program.

``fn`` is written for one member. Here it is vectorised, compiled once at a fixed chunk shape, and
run over the chunks of the batch: small chunks stay in cache, and on a CPU each core takes its own
(XLA spreads over cores only single large operations, which a solver seldom has). The last chunk is
filled up by repeating its last member, so that one program serves all.

A member that fails does not stop the others: each carries an outcome, the worst of its own and of a
check that its value is finite. The results of a chunk are handed out as it ends, so that progress
can be shown and finished work kept when a signal arrives.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Int, PyTree

from aion_kernels.core.chunking import chunk_size
from aion_kernels.core.outcome import Outcome, finite_outcome, worst
from aion_kernels.core.programs import Programs, compile_settings
from aion_kernels.core.solution import Solution

if TYPE_CHECKING:  # pyright cannot follow jax's own alias
    from jaxlib._jax import Device
else:
    from jax import Device

__all__ = ["ensemble"]

_OWN_STATS = ("chunk", "compile_seconds", "member_seconds", "members", "run_seconds")


def ensemble(
    fn: Callable[[Any], Any],
    batch: PyTree,
    *,
    chunk: int | Literal["auto"] = "auto",
    devices: Sequence[Device] | None = None,
    workers: int | None = None,
    on_chunk: Callable[[Int[np.ndarray, " chunk"], Solution], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Solution:
    """Map ``fn`` over axis 0 of every leaf of ``batch`` as one compiled program.

    Parameters
    ----------
    fn
        Pure and traceable; takes one member and returns a pytree of arrays or a
        :class:`Solution`. Calls with the same function object, shapes and devices share a program
        while it is among the 32 used last.
    batch
        Pytree of arrays with a common leading size.
    chunk
        Members computed at once; ``"auto"`` follows :mod:`aion_kernels.core.chunking`.
    devices
        Where to run; several share each chunk evenly, each with loops of its own. ``None`` is the
        default device.
    workers
        Chunks in flight. ``None`` is one per usable core on a CPU and one on anything else.
    on_chunk
        Called in order, in this thread, with the members' indices and their part of the result.
    should_stop
        Asked before each chunk; once true no further chunk starts, those in flight finish, and
        members not run get ``Outcome.interrupted`` and NaN (zero where the type has none).

    Returns
    -------
    Solution
        ``value`` stacked as NumPy arrays; ``outcome`` int32 of shape ``(members,)``; ``stats`` has
        ``compile_seconds`` (0 when remembered), ``run_seconds``, ``chunk`` and ``members``,
        ``member_seconds`` (each member's share of its chunk's time), and the stats of ``fn``
        stacked.

    Raises
    ------
    ValueError
        For an empty batch, leaves of unlike leading sizes, or a bad ``chunk`` or ``workers``.
    """
    leaves, structure = jax.tree.flatten(batch)
    members = _leading_size(batch)
    leaves = [_on_host(leaf) for leaf in leaves]
    placed = tuple(devices) if devices is not None else (_default_device(),)
    in_flight = _workers(workers, placed)
    shapes = tuple(jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype) for leaf in leaves)
    if chunk == "auto":
        example = jax.tree.unflatten(structure, shapes)
        chunk = len(placed) * chunk_size(fn, example, placed[0])
        chunk = min(chunk, -(-members // in_flight))
        chunk = -(-members // -(-members // chunk))  # as many chunks, evenly filled
    if chunk < 1:
        raise ValueError(f"chunk is {chunk}; at least one member has to run at a time")
    size = -(-min(chunk, members) // len(placed)) * len(placed)

    start = time.perf_counter()
    program, compiled_now = _programs.get(_Key.of(fn, structure, shapes, size, placed))
    compile_seconds = time.perf_counter() - start if compiled_now else 0.0

    double = jax.config.jax_enable_x64

    def run(indices: np.ndarray) -> Solution:
        padded = np.concatenate([indices, np.full(size - len(indices), indices[-1])])
        begin = time.perf_counter()
        with jax.enable_x64(double):  # a setting made in a `with` block holds for one thread only
            argument = jax.device_put([leaf[padded] for leaf in leaves], program.sharding)
            result = program.call(jax.tree.unflatten(structure, argument))
        part = jax.tree.map(lambda x: np.asarray(x)[: len(indices)], result)
        share = (time.perf_counter() - begin) / len(indices)
        return part._replace(stats={**part.stats, "member_seconds": np.full(len(indices), share)})

    start = time.perf_counter()
    result = _not_run(program.shapes, members)
    for indices, part in _in_order(run, _chunks(members, size, should_stop), in_flight):
        _store(result, indices, part)
        if on_chunk is not None:
            on_chunk(indices, part)
    own = {
        "chunk": size,
        "compile_seconds": compile_seconds,
        "members": members,
        "run_seconds": time.perf_counter() - start,
    }
    return result._replace(stats={**result.stats, **own})


def _leading_size(batch: PyTree) -> int:
    named = jax.tree_util.tree_leaves_with_path(batch)
    if not named:
        raise ValueError("the batch has no arrays, so it has no members")
    sizes = {}
    for path, leaf in named:
        name = jax.tree_util.keystr(path) or "the batch"
        if np.ndim(leaf) == 0:
            raise ValueError(f"{name} is a scalar; every leaf needs a leading axis over members")
        sizes[name] = np.shape(leaf)[0]
    first_name, members = next(iter(sizes.items()))
    for name, size in sizes.items():
        if size != members:
            raise ValueError(f"{name} has {size} members but {first_name} has {members}")
    if members == 0:
        raise ValueError("the batch is empty; it needs at least one member")
    return members


def _on_host(leaf: Any) -> Any:
    """The leaf as a NumPy array of the type that JAX will compute with."""
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.extended):
        return leaf  # random keys have no NumPy type
    array = np.asarray(leaf)
    computed = jax.dtypes.canonicalize_dtype(array.dtype)
    if computed != array.dtype and np.issubdtype(array.dtype, np.inexact):
        raise ValueError(
            f"the batch is {array.dtype} but 64-bit numbers are off: set jax_enable_x64, or pass "
            f"{computed}"
        )
    return array.astype(computed, copy=False)


def _default_device() -> Device:
    chosen = jax.config.jax_default_device
    return chosen if isinstance(chosen, Device) else jax.local_devices(backend=chosen)[0]


def _workers(workers: int | None, devices: tuple[Device, ...]) -> int:
    if not devices:
        raise ValueError("devices is empty; None means the default device")
    if workers is None:
        alone_on_cpu = len(devices) == 1 and devices[0].platform == "cpu"
        return len(os.sched_getaffinity(0)) if alone_on_cpu else 1
    if workers < 1:
        raise ValueError(f"workers is {workers}; at least one chunk has to be in flight")
    return workers


def _chunks(
    members: int, size: int, should_stop: Callable[[], bool] | None
) -> Iterator[Int[np.ndarray, " chunk"]]:
    for first in range(0, members, size):
        if should_stop is not None and should_stop():
            return
        yield np.arange(first, min(first + size, members))


def _in_order(
    run: Callable[[np.ndarray], Solution], chunks: Iterator[np.ndarray], in_flight: int
) -> Iterator[tuple[np.ndarray, Solution]]:
    """Run chunks at most ``in_flight`` at a time and yield their results in order."""
    running: deque[tuple[np.ndarray, Future[Solution]]] = deque()

    def start_next() -> None:
        indices = next(chunks, None)
        if indices is not None:
            running.append((indices, pool.submit(run, indices)))

    with ThreadPoolExecutor(in_flight, thread_name_prefix="ensemble") as pool:
        for _ in range(in_flight):
            start_next()
        while running:
            indices, future = running.popleft()
            part = future.result()
            start_next()  # before handing out: what the caller does with a part costs no core
            yield indices, part


def _not_run(shapes: Solution, members: int) -> Solution:
    """A result in which no member has run yet."""

    def blank(leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        missing = np.nan if np.issubdtype(leaf.dtype, np.inexact) else 0
        return np.full((members, *leaf.shape[1:]), missing, leaf.dtype)

    outcome = np.full(members, Outcome.interrupted, np.int32)
    stats = {**jax.tree.map(blank, shapes.stats), "member_seconds": np.zeros(members)}
    return Solution(jax.tree.map(blank, shapes.value), outcome, stats)


def _store(result: Solution, indices: np.ndarray, part: Solution) -> None:
    for whole, piece in zip(jax.tree.leaves(result), jax.tree.leaves(part), strict=True):
        whole[indices] = piece


class _Key(NamedTuple):
    """All that a compiled program depends on."""

    fn: Callable[[Any], Any]
    structure: Any
    shapes: tuple[jax.ShapeDtypeStruct, ...]
    size: int
    devices: tuple[Device, ...]
    settings: tuple[Any, ...]

    @classmethod
    def of(cls, fn: Callable, structure: Any, shapes: tuple, size: int, devices: tuple) -> _Key:
        return cls(fn, structure, shapes, size, devices, compile_settings())


class _Program(NamedTuple):
    call: Callable[[PyTree], Solution]
    shapes: Solution
    """Shapes and types of one chunk's result."""
    sharding: NamedSharding


def _compile(key: _Key) -> _Program:
    mesh = Mesh(np.array(key.devices), ("members",))
    members = PartitionSpec("members")
    sharding = NamedSharding(mesh, members)
    # A device's share is a program of its own: its loops end when its members have ended, and
    # custom calls need no rule for how to be split.
    program = jax.shard_map(
        jax.vmap(_guard(key.fn)), mesh=mesh, in_specs=members, out_specs=members, check_vma=False
    )
    argument = jax.tree.unflatten(
        key.structure,
        [
            jax.ShapeDtypeStruct((key.size, *leaf.shape), leaf.dtype, sharding=sharding)
            for leaf in key.shapes
        ],
    )
    lowered = jax.jit(program).lower(argument)
    return _Program(lowered.compile(), lowered.out_info, sharding)


def _guard(fn: Callable[[Any], Any]) -> Callable[[Any], Solution]:
    """``fn`` with its outcome merged with a check that its value is finite."""

    def guarded(member: Any) -> Solution:
        result = fn(member)
        if not isinstance(result, Solution):
            result = Solution(result, jnp.int32(Outcome.ok), {})
        taken = sorted(set(result.stats) & set(_OWN_STATS))
        if taken:
            raise ValueError(f"fn returns stats named {taken}, which ensemble fills itself")
        reported = jnp.max(jnp.asarray(result.outcome, jnp.int32))
        return result._replace(outcome=worst(reported, finite_outcome(result.value)))

    return guarded


_programs = Programs(_compile)
