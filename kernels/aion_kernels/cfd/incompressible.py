"""Time-dependent incompressible flow: convection explicit, diffusion implicit, pressure projected.

Each step has three Runge–Kutta stages (Spalart, Moser & Rogers 1991,
doi 10.1016/0021-9991(91)90238-G) with Crank–Nicolson diffusion and an incremental pressure
correction (Le & Moin 1991, doi 10.1016/0021-9991(91)90215-7). Stage k with weights γ, ζ and
α = (γ + ζ)/2, advection N and diffusion D = ν∇²:

    (1 − α Δt D) δ = Δt (γ N_k + ζ N_{k−1} + 2α (D u_k − ∇p_k)),   u* = u_k + δ
    2α Δt ∇²φ = ∇·u*,   u_{k+1} = u* − 2α Δt ∇φ,   p_{k+1} = p_k + φ − α Δt ν ∇²φ

and likewise for temperature, without pressure. Second order in time and space; the divergence is at
round-off after every stage; a steady state does not depend on the step.

State      :class:`~aion_kernels.cfd.equations.FlowState`: velocity on interior faces, pressure and
           temperature in cells.
Expect     stable steps for Courant numbers Σ|u|Δt/Δx below about 1.5; diffusion sets no limit.
Fails      with ``non_finite`` when the step is too long; ``courant_step`` tells a safe one.
Good start Courant number 0.8.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from aion_kernels.cfd.equations import Boussinesq, FlowState
from aion_kernels.cfd.operators import at_cells, gradient
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["IncompressibleFlow"]

_EXPLICIT = (8 / 15, 5 / 12, 3 / 4)
_PREVIOUS = (0.0, -17 / 60, -5 / 12)


class IncompressibleFlow(Stepper):
    """Flow in a box, advanced in time from ``start`` (rest unless given)."""

    equations: Boussinesq
    time_step: Float[Array, ""]
    start: FlowState | None = None

    def initial(self, key: PRNGKeyArray | None = None) -> FlowState:
        """The start, its divergence taken away and its pressure in balance."""
        flow = self.equations
        state = flow.rest() if self.start is None else self.start
        velocity, _ = flow.project(state.velocity, flow.divergence(state.velocity))
        state = state._replace(velocity=velocity, pressure=jnp.zeros_like(state.pressure))
        # Walls keep their velocity, so only the interior faces accelerate.
        _, pressure = flow.project(velocity, flow.divergence_at_rest(flow.rate(state).velocity))
        return state._replace(pressure=pressure)

    @eqx.filter_jit  # so that a step by hand is fast too
    def step(self, state: FlowState) -> FlowState:
        previous = None
        for explicit, lagged in zip(_EXPLICIT, _PREVIOUS, strict=True):
            state, previous = self._stage(state, previous, explicit, lagged)
        return state

    def _stage(
        self, state: FlowState, previous: FlowState | None, explicit: float, lagged: float
    ) -> tuple[FlowState, FlowState]:
        flow, whole = self.equations, explicit + lagged
        span = whole * self.time_step
        shift = jnp.ones_like(self.time_step)
        advection, diffusion = flow.advection(state), flow.diffusion(state)
        slope = gradient(flow.grid, state.pressure)

        def push(new, old, rest):
            past = 0.0 if old is None else lagged * old
            return self.time_step * (explicit * new + past + whole * rest)

        before = (None,) * len(slope) if previous is None else previous.velocity
        momentum = tuple(
            push(new, old, d - g)
            for new, old, d, g in zip(
                advection.velocity, before, diffusion.velocity, slope, strict=True
            )
        )
        change = flow.diffuse_velocity(momentum, shift, 0.5 * span * flow.viscosity)
        velocity = tuple(u + c for u, c in zip(state.velocity, change, strict=True))
        excess = flow.divergence(velocity)
        velocity, potential = flow.project(velocity, excess)
        pressure = state.pressure + potential / span - 0.5 * flow.viscosity * excess
        temperature = state.temperature
        if flow.heat is not None and temperature is not None:
            old = None if previous is None else previous.temperature
            heat = push(advection.temperature, old, diffusion.temperature)
            temperature = temperature + flow.heat.diffuse(
                flow.grid, heat, shift, 0.5 * span * flow.heat.diffusivity
            )
        return FlowState(velocity, pressure, temperature), advection

    def courant_step(self, state: FlowState, courant: float = 0.8) -> Float[Array, ""]:
        """The time step at which Σ|u|Δt/Δx reaches ``courant`` somewhere; infinite at rest."""
        return courant / self.courant_rate(state)

    def courant_rate(self, state: FlowState) -> Float[Array, ""]:
        """The largest Σ|u|/Δx of all cells."""
        rate = jnp.zeros_like(state.pressure)
        grid, walls = self.equations.grid, self.equations.walls
        for axis, speed in enumerate(at_cells(grid, state.velocity, walls)):
            widths = grid.axes[axis].widths
            shape = [-1 if number == axis else 1 for number in range(rate.ndim)]
            rate = rate + jnp.abs(speed) / jnp.asarray(widths.reshape(shape), rate.dtype)
        return jnp.max(rate)

    def with_time_step(self, time_step: Float[Array, ""]) -> IncompressibleFlow:
        """The same flow with another step; also inside a compiled loop."""
        return eqx.tree_at(lambda flow: flow.time_step, self, time_step)

    @property
    def observables(self) -> tuple[Observable, ...]:
        """Kinetic energy: the integral of u²/2 over the box."""
        return (
            Observable("kinetic_energy", "m^5/s^2", lambda flow, state: flow.kinetic_energy(state)),
        )

    def kinetic_energy(self, state: FlowState) -> Float[Array, ""]:
        """The integral of u²/2 over the box."""
        grid = self.equations.grid
        energy = jnp.zeros((), state.pressure.dtype)
        for axis, speed in enumerate(state.velocity):
            energy = energy + 0.5 * jnp.sum(speed**2 * jnp.asarray(grid.volumes(axis), speed.dtype))
        return energy
