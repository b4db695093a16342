"""Ignition delay: the time after which a reacting mixture heats up fastest.

    τ = argmax over t of dT/dt

in a closed reactor of constant volume or pressure. At every step the solver knows the heating rate
r = dT/dt and, through the Jacobian, its slope dr/dt = (J f)_T; where that changes from rising to
falling, the cubic through both ends gives the place of the maximum between them, to fourth order in
the step. The largest maximum counts, so that a cool flame before the hot one does not. A member is
done when it has made half of the temperature rise that equilibrium promises and heats up a hundred
times slower than at the maximum.

Members of a batch run in lanes: native code packs eight reactors into the registers of a core, each
with steps of its own, and refills a lane as soon as its reactor is done (`ignition.cpp`). The twin
here is the same computation in JAX.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from aion_kernels.core import native
from aion_kernels.core.outcome import Outcome, worst
from aion_kernels.core.solution import Solution
from aion_kernels.kinetics.equilibrium import equilibrate
from aion_kernels.kinetics.mechanism import Mechanism
from aion_kernels.kinetics.reactors import (
    Reactor,
    ReactorKind,
    absolute_tolerance,
    closed_reactor,
)
from aion_kernels.kinetics.rosenbrock import Node, solve_stiff

__all__ = ["Ignition", "ignition_delay", "ignition_delays"]

_SHARE = 0.5
"""Share of the rise to equilibrium that counts as ignited."""
_FADED = 0.01
"""Heating rate over its maximum at which the ignition is over."""
_SMALLEST_RISE = 20.0
"""K; a mixture that can rise by less does not ignite."""


class Ignition(NamedTuple):
    """What an ignition was like; NaN where there was none."""

    delay: Float[Array, ""]
    """s."""
    heating_rate: Float[Array, ""]
    """The largest, K/s."""


def ignition_delay(
    mechanism: Mechanism,
    kind: ReactorKind,
    temperature: Float[Array, ""],
    pressure: Float[Array, ""],
    fractions: Float[Array, " species"],
    *,
    longest: Float[Array, ""] | float = 10.0,
    relative: Float[Array, ""] | float = 1e-7,
    max_steps: int = 20_000,
) -> Solution:
    """Delay of a mixture at K, Pa and mole fractions; ``value`` is :class:`Ignition`.

    Batch it with ``vmap``, best over many members at once: they share lanes and cores.

    Parameters
    ----------
    kind
        What the reactor holds constant.
    longest
        Time after which it is given up, s: the outcome is then ``unresolved``, as it is for a
        mixture that equilibrium would warm by less than 20 K.
    relative
        Tolerance of the solver; the delay is good to about a hundred times that.
    max_steps
        Steps after which a member is ``not_converged``.
    """
    reactor, start = closed_reactor(mechanism, kind, temperature, pressure, fractions)
    hold = "UV" if kind == "volume" else "HP"
    burnt = equilibrate(mechanism, temperature, pressure, fractions, hold)
    rise = burnt.value.temperature - temperature
    number = jnp.asarray
    found, counts = _ignite(
        *mechanism.tables,
        start,
        absolute_tolerance(start, relative),
        jnp.stack(
            [
                number(reactor.fixed, start.dtype),
                number(longest, start.dtype),
                number(relative, start.dtype),
                temperature + _SHARE * jnp.maximum(rise, _SMALLEST_RISE),
            ]
        ),
        constant_volume=kind == "volume",
        max_steps=max_steps,
    )
    delay, rate, last, _ = found
    ignited = jnp.isfinite(delay) & (last > temperature + _SHARE * rise) & (rise > _SMALLEST_RISE)
    absent = jnp.where(ignited, int(Outcome.ok), int(Outcome.unresolved)).astype(jnp.int32)
    # A mixture without an equilibrium in range is told apart from one that does not ignite.
    outcome = worst(absent, counts[0], jnp.asarray(burnt.outcome))
    value = Ignition(jnp.where(ignited, delay, jnp.nan), jnp.where(ignited, rate, jnp.nan))
    return Solution(value, outcome, {"steps": counts[1], "rejected": counts[2]})


def ignition_delays(
    mechanism: Mechanism,
    kind: ReactorKind,
    temperature: Float[np.ndarray, " members"],
    pressure: Float[np.ndarray, " members"],
    fractions: Float[np.ndarray, "members species"],
    *,
    longest: float = 10.0,
    relative: float = 1e-7,
    max_steps: int = 20_000,
) -> Solution:
    """Delays of a whole batch, arrays of the host in and out; see :func:`ignition_delay`."""
    solution = _batched(kind, max_steps)(
        mechanism,
        *(jnp.asarray(x, jnp.float64) for x in (temperature, pressure, fractions)),
        jnp.asarray(longest, jnp.float64),
        jnp.asarray(relative, jnp.float64),
    )
    return jax.tree.map(np.asarray, solution)


@functools.cache
def _batched(kind: ReactorKind, max_steps: int) -> Callable[..., Solution]:
    """The compiled program over members; the mechanism and the tolerances belong to all."""

    def one(
        mechanism: Mechanism, temperature: Array, pressure: Array, x: Array, end: Array, tol: Array
    ) -> Solution:
        return ignition_delay(
            mechanism,
            kind,
            temperature,
            pressure,
            x,
            longest=end,
            relative=tol,
            max_steps=max_steps,
        )

    return jax.jit(jax.vmap(one, (None, 0, 0, 0, None, None)))


class _Watched(NamedTuple):
    """The last node, and the best maximum so far, by lane."""

    rate: Array
    growth: Array
    delay: Array
    best: Array
    faded: Array


def _twin(*arrays: Array, constant_volume: bool, max_steps: int) -> tuple[Array, Array]:
    """(delay, largest rate, last temperature, last time) and (outcome, steps, rejected)."""
    *tables, start, absolute, (fixed, longest, relative, warm) = arrays
    kind: ReactorKind = "volume" if constant_volume else "pressure"
    reactor = Reactor(Mechanism.of_tables(tables), fixed, None, kind)

    def watch(before: _Watched, node: Node) -> tuple[_Watched, Bool[Array, " lanes"]]:
        rate = node.slope[-1]
        growth = jnp.sum(node.jacobian[-1] * node.slope, axis=0)
        inside, peak = _maximum(before.rate, rate, before.growth, growth, node.step)
        better = node.fresh & (before.growth > 0) & (growth <= 0) & (peak > before.best)
        best = jnp.where(better, peak, before.best)
        delay = jnp.where(better, node.time + (inside - 1) * node.step, before.delay)
        faded = (node.state[-1] > warm) & (rate < _FADED * best)
        return _Watched(
            jnp.where(node.fresh, rate, before.rate),
            jnp.where(node.fresh, growth, before.growth),
            delay,
            best,
            before.faded | (faded & node.fresh),
        ), faded

    none = jnp.zeros(1, start.dtype)
    before = _Watched(none, none - 1, none + jnp.nan, none, none > 1)
    solution = solve_stiff(
        reactor.slopes,
        start[:, None],
        longest[None],
        relative=relative,
        absolute=absolute[:, None],
        watch=watch,
        watched=before,
        max_steps=max_steps,
    )
    state, time, seen = solution.value
    found = jnp.stack([seen.delay, seen.best, state[-1], time])[:, 0]
    counts = [solution.outcome, solution.stats["steps"], solution.stats["rejected"]]
    return found, jnp.stack(counts)[:, 0]


def _maximum(
    rate0: Array, rate1: Array, growth0: Array, growth1: Array, step: Array
) -> tuple[Array, Array]:
    """Where, as a share of the step, and how high the cubic through both ends has its maximum."""
    a, b, d = step * growth0, step * growth1, rate1 - rate0
    square, cube = 3 * d - 2 * a - b, a + b - 2 * d
    root = jnp.sqrt(jnp.maximum(square**2 - 3 * cube * a, 0.0))
    inside = jnp.clip(a / jnp.maximum(root - square, 1e-300), 0.0, 1.0)
    return inside, rate0 + inside * (a + inside * (square + inside * cube))


_ignite = native.kernel("ignition", source=Path(__file__).with_suffix(".cpp"), twin=_twin)
