"""How many members of a batch to compute at once.

One huge fused operation over a whole batch streams every temporary through main memory; a chunk
whose live arrays stay in a core's cache does not, and is 2 to 7 times faster on a CPU. An
accelerator wants the opposite: as much as its memory holds. The rule is one division,

    chunk = budget / bytes that one member keeps alive,

in which the second number is read off the traced program (no compile) and the first is *measured*:
on a CPU it is the working set, in the units of the same estimate, at which a small diffusion
stencil runs fastest; on an accelerator it is a share of the free device memory.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.extend import core as jax_core
from jaxtyping import PyTree

from aion_kernels.core.cache import processor_cache
from aion_kernels.files import write_bytes

if TYPE_CHECKING:  # pyright cannot follow jax's own alias
    from jaxlib._jax import Device
else:
    from jax import Device

__all__ = ["chunk_budget", "chunk_size", "live_bytes", "member_bytes"]

_DEVICE_SHARE = 0.5
"""Share of an accelerator's free memory: XLA's temporaries may double the estimate."""
_BUDGET_WITHOUT_STATISTICS = 1 << 30
"""Bytes, for an accelerator that does not report its memory."""

_PROBE_CELLS = 64
"""Side of the measured stencil's grid: a member of 32 kB in float64."""
_PROBE_BATCHES = (1, 4, 16, 64, 256)
"""Members at once: working sets from a first-level cache to main memory."""
_PROBE_UPDATES = 10_000_000
"""Cells updated in each timing: about ten milliseconds."""
_PROBE_REPEATS = 8
"""Timings of each working set; the fastest counts, since other processes only ever add time."""
_KNEE = 0.5
"""The largest working set that reaches this share of the best rate is taken: falling out of a
core's own cache costs more than half the rate, and larger chunks share the cost of dispatching
operations among more members."""


def chunk_size(fn: Callable[..., Any], member: PyTree, device: Device) -> int:
    """Members of ``fn`` to compute at once on one core, or one accelerator; at least one.

    ``member`` is an example argument: a pytree of arrays or of ``jax.ShapeDtypeStruct``.
    """
    return max(1, chunk_budget(device) // max(1, member_bytes(fn, member)))


def member_bytes(fn: Callable[..., Any], member: PyTree) -> int:
    """An estimate, from above, of the bytes that ``fn(member)`` keeps alive at its busiest."""
    return live_bytes(jax.make_jaxpr(fn)(member).jaxpr)


def live_bytes(jaxpr: jax_core.Jaxpr) -> int:
    """The largest sum of the sizes of values alive at once in a program and its inner programs.

    A value lives from the operation that makes it to the last one that uses it. Bodies of loops
    and branches count at the operation that runs them. Fusion may keep less alive.
    """
    last_use: dict[jax_core.Var, int] = {}
    for position, equation in enumerate(jaxpr.eqns):
        for variable in _variables(equation.invars):
            last_use[variable] = position
    for variable in _variables(jaxpr.outvars):
        last_use[variable] = len(jaxpr.eqns)

    alive = sum(map(_size, {*jaxpr.invars, *jaxpr.constvars}))
    busiest = alive
    for position, equation in enumerate(jaxpr.eqns):
        results = [variable for variable in equation.outvars if variable in last_use]
        alive += sum(map(_size, results))
        inside = max(map(_working_bytes, jax_core.jaxprs_in_params(equation.params)), default=0)
        busiest = max(busiest, alive + inside)
        finished = {v for v in _variables(equation.invars) if last_use[v] == position}
        alive -= sum(map(_size, finished))
    return busiest


def _working_bytes(jaxpr: jax_core.Jaxpr) -> int:
    """What an inner program adds to the arguments and results that the outer one counts."""
    shared = sum(map(_size, {*jaxpr.invars, *_variables(jaxpr.outvars)}))
    return max(0, live_bytes(jaxpr) - shared)


def _variables(atoms: list[Any]) -> list[jax_core.Var]:
    return [atom for atom in atoms if isinstance(atom, jax_core.Var)]


def _size(variable: jax_core.Var) -> int:
    shape = getattr(variable.aval, "shape", ())  # tokens have neither shape nor size
    dtype = getattr(variable.aval, "dtype", None)
    return 0 if dtype is None else math.prod(shape) * dtype.itemsize


def chunk_budget(device: Device) -> int:
    """Bytes that one chunk may keep alive on ``device``.

    On a CPU this is the measured constant of one core; it takes about a second the first time and
    is kept in the user's cache for this kind of processor.
    """
    if _is_cpu(device):
        return _cpu_budget()
    return _accelerator_budget(device.memory_stats())


def _is_cpu(device: Device) -> bool:
    return device.platform == "cpu"


def _accelerator_budget(memory: dict[str, int] | None) -> int:
    if memory is None or "bytes_limit" not in memory:
        return _BUDGET_WITHOUT_STATISTICS
    free = memory["bytes_limit"] - memory.get("bytes_in_use", 0)
    return max(1, int(_DEVICE_SHARE * free))


@functools.cache
def _cpu_budget() -> int:
    path = processor_cache() / f"chunk-budget-jax-{jax.__version__}.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # absent or damaged: measure again
    rates = _measure_rates()
    budget = _knee(rates)
    record = {"bytes": budget, "cells_per_second": {str(size): rate for size, rate in rates}}
    with contextlib.suppress(OSError):  # an unwritable cache costs a second in the next process
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, json.dumps(record, indent=1).encode())
    return budget


def _knee(rates: list[tuple[int, float]]) -> int:
    """The largest working set whose rate is near the best; ``rates`` holds (bytes, rate) pairs."""
    best = max(rate for _, rate in rates)
    return max(size for size, rate in rates if rate >= _KNEE * best)


def _measure_rates() -> list[tuple[int, float]]:
    """Cells of the stencil updated in a second against the bytes that its batch keeps alive."""
    field = jax.ShapeDtypeStruct((_PROBE_CELLS, _PROBE_CELLS), jnp.float32)
    each = member_bytes(_diffuse, (field, 1))
    timers = [_timer(batch) for batch in _PROBE_BATCHES]
    # Rounds over all sizes, so that a slow spell of the machine does not fall on one of them.
    rates = [[timer() for timer in timers] for _ in range(_PROBE_REPEATS)]
    return [
        (batch * each, max(of_batch))
        for batch, of_batch in zip(_PROBE_BATCHES, zip(*rates, strict=True), strict=True)
    ]


def _timer(batch: int) -> Callable[[], float]:
    """A function that runs the stencil on ``batch`` members and returns cells per second."""
    fields = jnp.ones((batch, _PROBE_CELLS, _PROBE_CELLS), jnp.float32)
    steps = max(1, _PROBE_UPDATES // fields.size)
    program = jax.jit(jax.vmap(_diffuse, in_axes=((0, None),)))
    program((fields, 1)).block_until_ready()

    def rate() -> float:
        start = time.perf_counter()
        program((fields, steps)).block_until_ready()
        return steps * fields.size / (time.perf_counter() - start)

    return rate


def _diffuse(arguments: tuple[Any, Any]) -> jax.Array:
    """A stand-in for a solver: a loop whose body is two neighbouring differences and a product."""
    field, steps = arguments

    def step(_: Any, u: jax.Array) -> jax.Array:
        along_x = jnp.roll(u, 1, 0) - 2 * u + jnp.roll(u, -1, 0)
        along_y = jnp.roll(u, 1, 1) - 2 * u + jnp.roll(u, -1, 1)
        return u + 0.1 * (along_x + along_y) * (1 - u)

    return jax.lax.fori_loop(0, steps, step, field)
