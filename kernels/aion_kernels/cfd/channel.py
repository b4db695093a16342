"""Flow between two parallel plates, driven by a pressure that falls along them."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.boundaries import VelocityWalls
from aion_kernels.cfd.equations import Boussinesq
from aion_kernels.cfd.grid import GridAxis, StaggeredGrid
from aion_kernels.cfd.steady import steady_state
from aion_kernels.core.solution import Solution

__all__ = ["channel_grid", "poiseuille"]

Scalar = Float[Array, ""]


def channel_grid(
    cells: tuple[int, ...], lengths: tuple[float, ...], *, stretching: float = 0.0
) -> StaggeredGrid:
    """A box with walls across its second axis and a period along every other one."""
    return StaggeredGrid(
        tuple(
            GridAxis(number, length, stretching if axis == 1 else 0.0, periodic=axis != 1)
            for axis, (number, length) in enumerate(zip(cells, lengths, strict=True))
        )
    )


def poiseuille(
    height: Scalar, pressure_gradient: Scalar, viscosity: Scalar, *, cells: int = 32
) -> Solution:
    """Steady laminar flow of a liquid between plates at rest.

    With G = −∂p/∂x the fall of pressure along the channel and μ the dynamic viscosity,

        ρ ∇·(u u) = −∇p′ + G x̂ + μ ∇²u,   ∇·u = 0,   u = 0 on both plates.

    The profile does not vary along the channel, so the density ρ has no part in it. The one taken
    is μ²/(G h³): with lengths in units of h, viscosity and driving force are then V and V² for the
    velocity V = G h²/μ, which keeps every run as far from turbulence as any other, and the height
    is a number that can be batched over and differentiated.

    Method     staggered second-order finite volumes, one period along the channel, Newton–Krylov.
    Value      ``flux``, the volume that passes per time and width; ``fields``: ``y`` and
               ``velocity`` across the channel. Any consistent units.
    Expect     flux = G h³ / (12 μ).
    Fails      as a model above ρ U h/μ of about 2000 (U the mean velocity), where real flow becomes
               turbulent.
    """
    grid = channel_grid((4, cells), (1.0, 1.0))
    speed = pressure_gradient * height**2 / viscosity
    flow = Boussinesq(
        grid,
        viscosity=speed,
        walls=VelocityWalls.no_slip(2, height.dtype),
        force=(speed**2, jnp.zeros_like(speed)),
    )
    steady = steady_state(flow, flow.rest(), 1 / speed)
    profile = jnp.mean(steady.value.velocity[0], axis=0)
    across = grid.axes[1]
    value = {
        "flux": height * jnp.sum(profile * jnp.asarray(across.widths, height.dtype)),
        "fields": {"y": height * jnp.asarray(across.centres, height.dtype), "velocity": profile},
    }
    return Solution(value, steady.outcome, steady.stats)
