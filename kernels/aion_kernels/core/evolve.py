"""A stepper carried through many steps: compiled chunks, and the host in between.

Inside a chunk all is one program: steps, the observables that are saved, and the check of the
state. The check runs at each save, and a state that fails it is not kept, so what a stopped
evolution returns can be looked at, written and resumed. Between chunks the host sees to everything
that a compiled program cannot do: checkpoints, signals, progress.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from aion_kernels.core.hooks import Hook, Moment
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.programs import Programs, compile_settings
from aion_kernels.core.stepper import Stepper

__all__ = ["Trajectory", "evolve"]

_SAVES_PER_CHUNK = 256
"""At most; the room for the observables of one chunk."""


class Trajectory(NamedTuple):
    """What an evolution saw, and where it ended."""

    steps: Int[np.ndarray, " saves"]
    """Index of the step after which each save was made; the first is the start."""
    observables: dict[str, np.ndarray]
    """Each observable in double precision, saves along axis 0."""
    state: PyTree
    """The last state that was in order, at ``steps[-1]``."""
    outcome: Outcome
    stats: dict[str, float]
    """``compile_seconds`` (0 when remembered) and ``run_seconds``, without the hooks."""


def evolve(
    stepper: Stepper,
    state: PyTree,
    steps: int,
    *,
    save_every: int,
    hooks: Sequence[Hook] = (),
    first_step: int = 0,
    chunk_seconds: float = 0.5,
) -> Trajectory:
    """Advance ``state`` by ``steps`` steps and save the observables after each ``save_every``.

    Ends early when ``stepper.outcome`` of a state to be saved is not ``ok`` (that state is dropped,
    the one saved before it is kept) or when a hook says so. The last stretch is shorter where
    ``save_every`` does not divide ``steps``. To go on from a checkpoint, pass its step as
    ``first_step``: the states that follow are bitwise those of an evolution that was never
    interrupted. The caller's ``state`` stays valid.

    A chunk is one or more saves: more while it stays below ``chunk_seconds``, so that light steps
    do not wait for the host nor hooks for heavy ones. Zero makes every save a chunk.

    Raises ``ValueError`` for negative ``steps`` or a ``save_every`` below one.
    """
    if steps < 0:
        raise ValueError(f"steps is {steps}; time runs forward")
    if save_every < 1:
        raise ValueError(f"save_every is {save_every}; saves are at least one step apart")
    # A copy, since each chunk is computed in place of the last; and no weak types, which a loop
    # does not return.
    state = jax.tree.map(lambda leaf: jnp.array(leaf, jnp.result_type(leaf), copy=True), state)
    dynamic, static = eqx.partition(stepper, _is_traced)

    start = time.perf_counter()
    program, compiled_now = _programs.get(_Key.of(dynamic, static, state))
    compile_seconds = time.perf_counter() - start if compiled_now else 0.0

    run_seconds, saves = 0.0, 1
    done, end, outcome = first_step, first_step + steps, Outcome.ok
    saved_steps: list[int] = []
    saved: list[dict[str, np.ndarray]] = []
    with ExitStack() as entered:
        for hook in hooks:
            entered.enter_context(hook)
        while True:
            stride = min(save_every, end - done)
            wanted = min(saves, (end - done) // stride) if stride else 0
            start = time.perf_counter()
            state, code, count, table = program(dynamic, state, _index(stride), _index(wanted))
            made = int(count)
            # Row 0 is the state at the start of the chunk, which the last chunk saved already.
            rows = slice(0 if not saved else 1, made + 1)
            part = {name: _double(values)[rows] for name, values in table.items()}
            seconds = time.perf_counter() - start
            run_seconds += seconds
            saves = _next_saves(saves, seconds, chunk_seconds)
            saved_steps += [done + save * stride for save in range(made + 1)][rows]
            saved.append(part)
            done += made * stride
            outcome = Outcome(int(code))
            moment = Moment(done, state, part)
            for hook in hooks:
                outcome = max(outcome, hook.between_chunks(moment) or Outcome.ok)
            if outcome is not Outcome.ok or done == end:
                break
        for hook in hooks:
            hook.at_end(moment)
    observables = {name: np.concatenate([part[name] for part in saved]) for name in saved[0]}
    stats = {"compile_seconds": compile_seconds, "run_seconds": run_seconds}
    return Trajectory(np.array(saved_steps, np.int64), observables, state, outcome, stats)


def _is_traced(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray)


def _next_saves(saves: int, seconds: float, aim: float) -> int:
    """Saves in the next chunk, from the time that the last one took."""
    if seconds < aim / 2:
        return min(2 * saves, _SAVES_PER_CHUNK)
    return max(1, saves // 2) if seconds > aim else saves


def _index(number: int) -> Int[Array, ""]:
    return jnp.asarray(number, jnp.int32)


def _double(values: Array) -> np.ndarray:
    array = np.asarray(values)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)


class _Key(NamedTuple):
    """All that the program of a chunk depends on."""

    static: tuple[Any, ...]
    structure: Any
    shapes: tuple[tuple[tuple[int, ...], Any], ...]
    settings: tuple[Any, ...]

    @classmethod
    def of(cls, dynamic: Stepper, static: Stepper, state: PyTree) -> _Key:
        leaves, structure = jax.tree.flatten((dynamic, state))
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        fixed = tuple(jax.tree.leaves(static)), jax.tree.structure(static)
        return cls(fixed, structure, shapes, compile_settings())


def _compile(key: _Key) -> Any:
    leaves, static_structure = key.static
    static = jax.tree.unflatten(static_structure, leaves)

    def run(
        dynamic: Stepper, state: PyTree, stride: Int[Array, ""], wanted: Int[Array, ""]
    ) -> tuple[PyTree, Int[Array, ""], Int[Array, ""], dict[str, Array]]:
        stepper = eqx.combine(dynamic, static)

        def measure(state: PyTree) -> dict[str, Array]:
            return {o.name: jnp.asarray(o.measure(stepper, state)) for o in stepper.observables}

        def unfinished(carry: tuple) -> Array:
            _, code, made, _ = carry
            return (made < wanted) & (code == Outcome.ok)

        def stretch(carry: tuple) -> tuple:
            state, _, made, table = carry
            following = jax.lax.fori_loop(0, stride, lambda _, s: stepper.step(s), state)
            code = stepper.outcome(following)
            good = code == Outcome.ok
            state = jax.tree.map(lambda new, old: jnp.where(good, new, old), following, state)
            made = made + good.astype(made.dtype)
            table = jax.tree.map(
                lambda column, value: column.at[made].set(value), table, measure(state)
            )
            return state, code, made, table

        first = measure(state)
        table = {
            name: jnp.zeros((_SAVES_PER_CHUNK + 1, *value.shape), value.dtype).at[0].set(value)
            for name, value in first.items()
        }
        start = (state, stepper.outcome(state), jnp.zeros_like(wanted), table)
        return jax.lax.while_loop(unfinished, stretch, start)

    dynamic, state = jax.tree.unflatten(
        key.structure, [jax.ShapeDtypeStruct(*shape) for shape in key.shapes]
    )
    count = jax.ShapeDtypeStruct((), jnp.int32)
    return jax.jit(run, donate_argnums=1).lower(dynamic, state, count, count).compile()


_programs = Programs(_compile)
