"""Compressible flow in a box, 1D to 3D, advanced in time.

    ∂ρ/∂t + ∇·(ρ u) = 0
    ∂(ρu)/∂t + ∇·(ρ u u + p 1 − τ) = 0
    ∂E/∂t + ∇·((E + p) u − τ·u + q) = 0,   p = (γ − 1)(E − ½ ρ |u|²)

Method     finite differences on a uniform grid: WENO5-Z in characteristic variables, HLLC, a flux
           that keeps density and pressure positive (:mod:`.convection`); friction and conduction at
           fourth order (:mod:`.viscous`); the three-stage Runge–Kutta method that keeps what one
           Euler step keeps (Shu & Osher 1988, doi 10.1016/0021-9991(88)90177-5).
State      tuple of conserved fields at the cell centres: density, momentum along each axis, energy.
Expect     order five in space where the flow is smooth, three in time, one at shocks; sums of mass,
           momentum and energy exact to round-off between periodic ends.
Fails      with ``non_finite`` when the step is too long, with ``unresolved`` when density or
           pressure falls below zero; strong shocks along an axis of a fine 2D grid may buckle, as
           with every flux that keeps contacts sharp.
Good start a step from :meth:`CompressibleFlow.courant_step`; Courant number 0.4.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from aion_kernels.cfd.compressible.boundaries import GHOSTS, Boundaries
from aion_kernels.cfd.compressible.convection import positive_flux, smooth_flux
from aion_kernels.cfd.compressible.gas import IdealGas, State, total
from aion_kernels.cfd.compressible.viscous import viscous_flux
from aion_kernels.core.outcome import Outcome, finite_outcome, worst
from aion_kernels.core.solution import Solution
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["CompressibleFlow", "advance"]


class CompressibleFlow(Stepper):
    """An ideal gas on a uniform grid, started from primitive states."""

    gas: IdealGas
    boundaries: Boundaries
    start: State
    """Density, velocity and pressure at the cell centres."""
    lengths: tuple[float, ...] = eqx.field(static=True)
    """Length of the box along each axis."""
    time_step: Float[Array, ""]
    viscosity: Float[Array, ""] | None = None
    """Dynamic viscosity μ; None leaves friction and conduction out (Euler equations)."""
    prandtl: Float[Array, ""] | None = None

    def __check_init__(self) -> None:
        axes = len(self.lengths)
        if axes not in (1, 2, 3):
            raise ValueError(f"the box has {axes} axes; flows live in 1 to 3 dimensions")
        if not all(length > 0 for length in self.lengths):
            raise ValueError(f"the box has lengths {self.lengths}; they must be positive")
        if len(self.boundaries.kinds) != axes:
            raise ValueError(f"{len(self.boundaries.kinds)} axes have ends, the box has {axes}")
        if (self.viscosity is None) != (self.prandtl is None):
            raise ValueError("viscosity and prandtl go together: give both or neither")
        if len(self.start) != axes + 2:
            raise ValueError(f"a state has {len(self.start)} fields; {axes} axes need {axes + 2}")
        shape = getattr(self.start[0], "shape", None)  # transformations put other leaves here
        if shape is not None and len(shape) == axes and min(shape) < GHOSTS:
            raise ValueError(f"the grid is {shape}; an axis needs {GHOSTS} cells or more")

    @property
    def spacings(self) -> tuple[float, ...]:
        """Cell width along each axis."""
        cells = self.start[0].shape
        return tuple(length / n for length, n in zip(self.lengths, cells, strict=True))

    def initial(self, key: PRNGKeyArray | None = None) -> State:
        """The start in conserved variables."""
        return self.gas.conserved(self.start)

    def step(self, state: State) -> State:
        def stage(reached: State, fresh: Float[Array, ""]) -> tuple[State, None]:
            rate = self.rate(reached)
            return tuple(
                (1 - fresh) * s + fresh * (r + self.time_step * change)
                for s, r, change in zip(state, reached, rate, strict=True)
            ), None

        # A loop, so that the stage is compiled once.
        fresh = jnp.asarray([1, 1 / 4, 2 / 3], state[0].dtype)
        return jax.lax.scan(stage, state, fresh)[0]

    def rate(self, state: State) -> State:
        """∂(ρ, ρu, E)/∂t; the fluxes stay positive for steps of ``time_step``."""
        primitive = self.gas.primitive(state)
        rates = [
            [self._difference(field, axis) for field in self._flux(primitive, axis)]
            for axis in range(len(self.lengths))
        ]
        return tuple(-total(list(terms)) for terms in zip(*rates, strict=True))

    def outcome(self, state: State) -> Int[Array, ""]:
        """``non_finite``, or ``unresolved`` where density or pressure is not above zero."""
        positive = jnp.all(self.gas.positive(state))
        empty = jnp.where(positive, int(Outcome.ok), int(Outcome.unresolved))
        return worst(finite_outcome(state), empty.astype(jnp.int32))

    def courant_step(self, state: State, courant: float = 0.4) -> Float[Array, ""]:
        """The step in which the fastest wave, friction included, crosses ``courant`` cells."""
        primitive = self.gas.primitive(state)
        sound = self.gas.sound_speed(primitive)
        rate = jnp.zeros_like(sound)
        for speed, spacing in zip(primitive[1:-1], self.spacings, strict=True):
            rate = rate + (jnp.abs(speed) + sound) / spacing
        if self.viscosity is not None and self.prandtl is not None:
            spread = jnp.maximum(4 / 3, self.gas.gamma / self.prandtl) * self.viscosity
            rate = rate + 2 * spread / primitive[0] * sum(h**-2 for h in self.spacings)
        return courant / jnp.max(rate)

    def with_time_step(self, time_step: Float[Array, ""]) -> CompressibleFlow:
        """The same flow with another step; also inside a compiled loop."""
        return eqx.tree_at(lambda flow: flow.time_step, self, time_step)

    @property
    def observables(self) -> tuple[Observable, ...]:
        """Integrals over the box: mass, energy, kinetic energy."""
        return (
            Observable("mass", "1", lambda flow, state: flow.integral(state[0])),
            Observable("energy", "1", lambda flow, state: flow.integral(state[-1])),
            Observable("kinetic_energy", "1", lambda flow, state: flow.kinetic_energy(state)),
        )

    def integral(self, density: Float[Array, "..."]) -> Float[Array, ""]:
        """The integral over the box of something per volume."""
        volume = 1.0
        for spacing in self.spacings:
            volume *= spacing
        return volume * jnp.sum(density)

    def kinetic_energy(self, state: State) -> Float[Array, ""]:
        """∫ ½ ρ |u|²."""
        return self.integral(0.5 * total([m**2 for m in state[1:-1]]) / state[0])

    def _difference(self, flux: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
        faces = flux.shape[axis]
        upper = jax.lax.slice_in_dim(flux, 1, faces, axis=axis)
        lower = jax.lax.slice_in_dim(flux, 0, faces - 1, axis=axis)
        return (upper - lower) / self.spacings[axis]

    def _flux(self, primitive: State, axis: int) -> State:
        extended = self.boundaries.extend(primitive, axis)
        with jax.named_scope("convection"):
            flux = smooth_flux(self.gas, extended, axis)
            ratio = 2 * len(self.spacings) * self.time_step / self.spacings[axis]
            flux = positive_flux(self.gas, flux, extended, axis, ratio)
        if self.viscosity is not None and self.prandtl is not None:
            with jax.named_scope("friction"):
                everywhere = self.boundaries.extend_all(primitive)
                friction = viscous_flux(
                    self.gas, self.viscosity, self.prandtl, everywhere, self.spacings, axis
                )
            flux = tuple(map(jnp.add, flux, friction))
        return flux


def advance(
    flow: CompressibleFlow,
    state: State,
    duration: Float[Array, ""] | float,
    *,
    courant: float = 0.4,
    step_limit: int = 100_000,
) -> Solution:
    """The state after ``duration``, each step as long as ``courant`` allows.

    Stops at the first state that is not in order, with its outcome, or at ``step_limit`` with
    ``not_converged``. ``stats`` has ``steps`` and ``time``. The loop is as long as it has to be, so
    derivatives go forward through it (``jax.jvp``), not backward.
    """
    duration = jnp.asarray(duration, state[0].dtype)

    def unfinished(carry: Any) -> Array:
        _, time, steps, code = carry
        return (time < duration) & (steps < step_limit) & (code == int(Outcome.ok))

    def advanced(carry: Any) -> Any:
        state, time, steps, _ = carry
        longest = flow.courant_step(state, courant)
        last = time + longest >= duration
        step = jnp.where(last, duration - time, longest)
        state = flow.with_time_step(step).step(state)
        time = jnp.where(last, duration, time + step)
        return state, time, steps + 1, flow.outcome(state)

    zero = jnp.zeros_like(duration)
    carry = (state, zero, jnp.int32(0), flow.outcome(state))
    state, time, steps, code = jax.lax.while_loop(unfinished, advanced, carry)
    late = jnp.where(time < duration, int(Outcome.not_converged), int(Outcome.ok))
    stopped = jnp.where(code == int(Outcome.ok), late, code).astype(jnp.int32)
    return Solution(state, stopped, {"steps": steps, "time": time})
