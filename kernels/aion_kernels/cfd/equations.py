"""The Boussinesq equations on a staggered grid, as the rate of change of a state.

    ∂u/∂t = −∇·(u u) − ∇p + ν ∇²u + b T + f
    ∇·u   = 0
    ∂T/∂t = −∇·(u T) + κ ∇²T + q

with kinematic viscosity ν, diffusivity κ, a buoyancy vector b (acceleration per unit of
temperature), a body force f and a heat source q. Without heat the last line is absent. Pressure is
per unit of density and defined up to a constant: its mean is zero.

Units are the user's own: any consistent set, or none.
"""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.boundaries import ScalarWalls, VelocityWalls
from aion_kernels.cfd.fast_diagonalisation import AxisKind, BoxLaplacian
from aion_kernels.cfd.grid import StaggeredGrid
from aion_kernels.cfd.operators import (
    Velocity,
    at_faces,
    divergence,
    gradient,
    momentum_advection,
    momentum_diffusion,
    scalar_advection,
    scalar_diffusion,
)

__all__ = ["Boussinesq", "FlowState", "Heat"]


class FlowState(NamedTuple):
    """What the flow is at one instant; also used for its rate of change."""

    velocity: Velocity
    pressure: Float[Array, "..."]
    temperature: Float[Array, "..."] | None = None


class Heat(eqx.Module):
    """A temperature that the flow carries and that pushes the flow."""

    diffusivity: Float[Array, ""]
    buoyancy: tuple[Float[Array, ""], ...]
    """Acceleration per unit of temperature, one number an axis."""
    walls: ScalarWalls
    source: Float[Array, "..."] | None = None
    """Heat source q in each cell, temperature per time."""

    def lift(self, grid: StaggeredGrid, temperature: Float[Array, "..."]) -> Velocity:
        """Buoyancy b T on the interior faces."""
        return tuple(
            push * at_faces(grid, temperature, axis) for axis, push in enumerate(self.buoyancy)
        )

    def diffuse(
        self, grid: StaggeredGrid, rhs: Float[Array, "..."], shift: Array, factor: Array
    ) -> Float[Array, "..."]:
        """Solve (shift − factor ∇²) T = rhs with homogeneous walls."""
        return BoxLaplacian(grid, self.walls.kinds).solve(rhs, shift, factor)


class Boussinesq(eqx.Module):
    """Incompressible flow in a box, with heat or without."""

    grid: StaggeredGrid = eqx.field(static=True)
    viscosity: Float[Array, ""]
    walls: VelocityWalls
    heat: Heat | None = None
    force: Velocity | None = None
    """Body force f on the interior faces, acceleration: an array or one number a component."""

    def __check_init__(self) -> None:
        if len(self.walls.values) != self.grid.dimension:
            raise ValueError(
                f"walls are given for {len(self.walls.values)} axes, the grid has "
                f"{self.grid.dimension}"
            )

    def rest(self, temperature: Float[Array, "..."] | None = None) -> FlowState:
        """Fluid at rest, at ``temperature`` (zero unless given)."""
        dtype = self.viscosity.dtype
        if self.heat is not None and temperature is None:
            temperature = jnp.zeros(self.grid.shape, dtype)
        dimension = range(self.grid.dimension)
        return FlowState(
            tuple(jnp.zeros(self.grid.velocity_shape(axis), dtype) for axis in dimension),
            jnp.zeros(self.grid.shape, dtype),
            temperature,
        )

    def advection(self, state: FlowState) -> FlowState:
        """−∇·(u u) + b T + f and −∇·(u T) + q: what a time step takes explicitly."""
        grid, velocity, temperature = self.grid, state.velocity, state.temperature
        momentum = tuple(-x for x in momentum_advection(grid, velocity, self.walls))
        if self.force is not None:
            momentum = _add(momentum, self.force)
        heating = None
        if self.heat is not None and temperature is not None:
            momentum = _add(momentum, self.heat.lift(grid, temperature))
            heating = -scalar_advection(grid, velocity, self.walls, temperature, self.heat.walls)
            if self.heat.source is not None:
                heating = heating + self.heat.source
        return FlowState(momentum, jnp.zeros_like(state.pressure), heating)

    def diffusion(self, state: FlowState) -> FlowState:
        """ν ∇²u and κ ∇²T: what a time step takes implicitly."""
        momentum = momentum_diffusion(self.grid, state.velocity, self.walls)
        momentum = tuple(self.viscosity * x for x in momentum)
        heating = None
        if self.heat is not None and state.temperature is not None:
            spread = scalar_diffusion(self.grid, state.temperature, self.heat.walls)
            heating = self.heat.diffusivity * spread
        return FlowState(momentum, jnp.zeros_like(state.pressure), heating)

    def rate(self, state: FlowState) -> FlowState:
        """The right-hand sides above, pressure included, and ∇·u in the place of pressure."""
        rate = jax.tree.map(jnp.add, self.advection(state), self.diffusion(state))
        slope = gradient(self.grid, state.pressure)
        momentum = tuple(r - g for r, g in zip(rate.velocity, slope, strict=True))
        return FlowState(momentum, self.divergence(state.velocity), rate.temperature)

    def divergence(self, velocity: Velocity) -> Float[Array, "..."]:
        """∇·u in each cell."""
        return divergence(self.grid, velocity, self.walls)

    def divergence_at_rest(self, change: Velocity) -> Float[Array, "..."]:
        """∇·u in each cell of a change of velocity, which is zero on every wall."""
        at_rest = VelocityWalls.no_slip(self.grid.dimension, self.viscosity.dtype)
        return divergence(self.grid, change, at_rest)

    def diffuse_velocity(
        self, rhs: Velocity, shift: Float[Array, ""], factor: Float[Array, ""]
    ) -> Velocity:
        """Solve (shift − factor ∇²) u = rhs with u zero on the walls."""
        return tuple(
            self._velocity_laplacian(component).solve(field, shift, factor)
            for component, field in enumerate(rhs)
        )

    def project(
        self, velocity: Velocity, divergence: Float[Array, "..."]
    ) -> tuple[Velocity, Float[Array, "..."]]:
        """``velocity − ∇φ`` and φ with ∇²φ = ``divergence``, which is taken away."""
        with jax.named_scope("projection"):
            closed: list[AxisKind] = [("flux", "flux")] * self.grid.dimension
            potential = BoxLaplacian(self.grid, tuple(closed)).solve(divergence, 0.0, -1.0)
            slope = gradient(self.grid, potential)
            return tuple(u - g for u, g in zip(velocity, slope, strict=True)), potential

    def _velocity_laplacian(self, component: int) -> BoxLaplacian:
        kinds: list[AxisKind] = [("value", "value")] * self.grid.dimension
        kinds[component] = "face"
        return BoxLaplacian(self.grid, tuple(kinds))


def _add(left: Velocity, right: Velocity) -> Velocity:
    return tuple(a + b for a, b in zip(left, right, strict=True))
