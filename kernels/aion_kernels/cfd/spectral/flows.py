"""Three classic periodic flows: Taylor–Green vortices in two and three dimensions, Kolmogorov
flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PyTree

from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.cfd.spectral.series import error_between, peak
from aion_kernels.cfd.spectral.velocity import VelocityFlow
from aion_kernels.cfd.spectral.vorticity import VorticityFlow
from aion_kernels.core.outcome import Outcome, finite_outcome, worst
from aion_kernels.core.solution import Solution

__all__ = ["kolmogorov_flow", "taylor_green_2d", "taylor_green_3d"]

_STABLE = 2.8
"""Courant number below which the fourth-order steps are stable."""
_SPIN_UP, _AVERAGED = 40, 120
"""Times of the Kolmogorov flow before and while it is averaged, in units of √(L/2πf)."""
_HISTORIES = 8
"""Independent starts of it: enough for their spread to be known to a quarter."""
_SAVES = 2
"""Samples in a unit of time: a few in the shortest correlation time seen."""
_RESOLVED = 3e-3
"""Largest share of the enstrophy in the outer waves of a flow that counts as resolved."""

Scalar = Float[Array, ""]


def taylor_green_2d(reynolds: ArrayLike, *, points: int = 32) -> Solution:
    """Four vortices in a periodic square that decay without changing their shape.

        u = cos x sin y exp(−2νt),   v = −sin x cos y exp(−2νt),   ν = 1/Re,   0 ≤ x, y < 2π

    is an exact solution of the Navier–Stokes equations: advection is a gradient, which pressure
    balances.

    Method     Fourier series with 2/3 dealiasing, exponential time differencing of fourth order.
    Value      ``decay_rate`` of the velocity, by its energy after one unit of time, exactly 2/Re;
               ``rounding``, the part of it that round-off can change.
    Expect     the exact rate to round-off, whatever the resolution.
    Fails      in single precision for large Re, where a thousandth of a decay is what is measured.
    Good start Re = 100, 32 points.
    Reference  Taylor & Green 1937, doi 10.1098/rspa.1937.0036.
    """
    reynolds = jnp.asarray(reynolds, _dtype(reynolds))
    dtype = reynolds.dtype
    grid = FourierGrid.cube(2, points)
    steps = 2 * points
    flow = VorticityFlow.create(grid, 1 / reynolds, jnp.asarray(1 / steps, dtype))
    x, y = grid.mesh()
    start = grid.to_spectral(jnp.asarray(-2 * np.cos(x) * np.cos(y), dtype))
    end, _ = _march(flow.step, start, steps, lambda state: ())
    decay_rate = -0.5 * jnp.log(flow.energy(end) / flow.energy(start))
    rounding = jnp.asarray(steps * float(jnp.finfo(dtype).eps), dtype)
    value = {"decay_rate": decay_rate, "rounding": rounding}
    return Solution(value, finite_outcome((end, decay_rate)), {})


def taylor_green_3d(
    reynolds: ArrayLike, final_time: ArrayLike = 5.0, *, points: int = 48
) -> Solution:
    """A large vortex in a periodic cube that breaks down into ever smaller ones.

        u = sin x cos y cos z,   v = −cos x sin y cos z,   w = 0   at t = 0,   0 ≤ x, y, z < 2π

    Method     Fourier series with 2/3 dealiasing, exponential time differencing of fourth order;
               the number of steps is 4 × points, and as many for a shorter time.
    Value      ``dissipation_peak``, the largest ν⟨|∇u|²⟩ up to ``final_time``, and
               ``time_of_peak``, both from a quartic through five steps; ``energy_final`` at
               ``final_time``; and ``fields``: ``time``, ``energy``, ``dissipation`` at each step.
    Expect     energy 1/8 and dissipation 3/(4 Re) at the start. The peak comes at t ≈ 4.9 for
               Re = 100 and t ≈ 9 from Re = 800 on; below Re ≈ 10 dissipation only falls.
    Fails      where k_max η < 1, about points < 0.9 Re^(3/4) + 16 (the ladder of grids says so),
               and beyond ``final_time`` 10, for which the steps are too long.
    Good start Re = 100, 48 points.
    Reference  Brachet et al. 1983, doi 10.1017/S0022112083001159.
    """
    dtype = _dtype(reynolds)
    reynolds = jnp.asarray(reynolds, dtype)
    final_time = jnp.asarray(final_time, dtype)
    grid = FourierGrid.cube(3, points)
    steps = 4 * points
    flow = VelocityFlow.create(grid, 1 / reynolds, final_time / steps)
    x, y, z = grid.mesh()
    velocity = [np.sin(x) * np.cos(y) * np.cos(z), -np.cos(x) * np.sin(y) * np.cos(z), 0 * x]
    start = grid.to_spectral(jnp.asarray(np.stack(velocity), dtype))
    end, (energy, dissipation) = _march(
        flow.step, start, steps, lambda state: (flow.energy(state), flow.dissipation(state))
    )
    largest, place = peak(dissipation)
    fields = {
        "time": jnp.arange(steps + 1, dtype=dtype) * flow.time_step,
        "energy": energy,
        "dissipation": dissipation,
    }
    value = {
        "dissipation_peak": largest,
        "time_of_peak": place * flow.time_step,
        "energy_final": energy[-1],
        "fields": fields,
    }
    stats = {"finest_eddy": flow.finest_eddy(end), "courant": flow.courant(end)}
    return Solution(value, _outcome(end, stats["courant"]), stats)


def kolmogorov_flow(reynolds: ArrayLike, seed: ArrayLike = 0, *, points: int = 48) -> Solution:
    """A fluid in a periodic square, pushed to and fro by a sinusoidal force.

        ∂u/∂t + u·∇u = −∇p + ∇²u / Re + sin(4y) x̂,   ∇·u = 0,   0 ≤ x, y < 2π

    Lengths are in L/2π and times in √(L/2πf), for the side L and the amplitude f of the force.

    Method     vorticity by Fourier series with 2/3 dealiasing, exponential time differencing of
               fourth order with ``points`` steps in a unit of time; eight histories start from
               random large vortices; 40 units of time are left out, the next 120 averaged.
    Value      ``energy`` ⟨|u|²⟩/2 and ``mean_dissipation`` ⟨ω²⟩/Re, averaged over the square,
               time and histories; ``sampling``, a standard error of each, from the spread of the
               histories; ``fields``: ``time``, ``energy_series``, ``dissipation_series``.
    Expect     u = Re/16 sin(4y), energy Re²/1024 and dissipation Re/32 while that is stable; it is
               not beyond Re ≈ 10, and chaotic bursts set in at Re ≈ 20 to 30. Derivatives of time
               averages through chaos grow without bound: trust them where the flow is steady only.
    Fails      where the outer fifth of the waves holds more than 0.3 % of the enstrophy, or
               a step carries the fluid too far: ``unresolved``.
    Good start Re = 40, 48 points.
    Reference  Chandler & Kerswell 2013, doi 10.1017/jfm.2013.122.
    """
    dtype = _dtype(reynolds)
    reynolds = jnp.asarray(reynolds, dtype)
    grid = FourierGrid.cube(2, points)
    _, y = grid.mesh()
    flow = VorticityFlow.create(
        grid,
        1 / reynolds,
        jnp.asarray(1 / points, dtype),
        forcing=jnp.asarray(-4 * np.cos(4 * y), dtype),
    )
    stretch = -(-points // _SAVES)  # steps between two samples

    def advance(state: PyTree) -> PyTree:
        return _march(flow.step, state, stretch, lambda _: ())[0]

    def measure(state: PyTree) -> tuple[Array, ...]:
        return (
            flow.energy(state),
            flow.dissipation(state),
            flow.outer_share(state),
            flow.courant(state),
        )

    together, measures = jax.vmap(advance), jax.vmap(measure)
    states = jax.vmap(flow.initial)(jax.random.split(jax.random.key(jnp.asarray(seed)), _HISTORIES))
    states, _ = _march(together, states, _SPIN_UP * _SAVES, lambda _: ())
    states, (energy, dissipation, outer, courant) = _march(
        together, states, _AVERAGED * _SAVES, measures
    )
    value = {
        "mean_dissipation": jnp.mean(dissipation),
        "energy": jnp.mean(energy),
        "sampling": {
            "mean_dissipation": error_between(dissipation),
            "energy": error_between(energy),
        },
        "fields": {
            "time": jnp.arange(len(energy), dtype=dtype) * (stretch * flow.time_step),
            "energy_series": energy,
            "dissipation_series": dissipation,
        },
    }
    stats = {"outer_share": jnp.max(outer), "courant": jnp.max(courant)}
    coarse = jnp.where(stats["outer_share"] > _RESOLVED, int(Outcome.unresolved), 0)
    outcome = worst(_outcome((states, energy), stats["courant"]), coarse.astype(jnp.int32))
    return Solution(value, outcome, stats)


def _march(
    step: Callable[[PyTree], PyTree],
    state: PyTree,
    steps: int,
    measure: Callable[[PyTree], tuple[Array, ...]],
) -> tuple[PyTree, tuple[Array, ...]]:
    """The state after ``steps``, and what is measured before the first and after each.

    Going backward, a step is computed again from the state before it, so memory holds one state
    a step and nothing of its inside.
    """
    # Wrapped, since a bound method of a pytree has no hash inside a program.
    again = jax.checkpoint(lambda state: step(state))

    def advance(state: PyTree, _: None) -> tuple[PyTree, tuple[Array, ...]]:
        following = again(state)
        return following, measure(following)

    first = measure(state)
    state, series = jax.lax.scan(advance, state, length=steps)
    return state, tuple(
        jnp.concatenate([one[None], more]) for one, more in zip(first, series, strict=True)
    )


def _outcome(state: PyTree, courant: Scalar) -> Int[Array, ""]:
    """Not finite, or ``unresolved`` where a step is too long to be stable."""
    too_long = jnp.where(courant > _STABLE, int(Outcome.unresolved), int(Outcome.ok))
    return worst(finite_outcome(state), too_long.astype(jnp.int32))


def _dtype(number: Any) -> Any:
    """The precision of an array; of a Python number the widest that JAX has switched on."""
    return getattr(number, "dtype", None) or jnp.result_type(float)
