"""The discrete operators keep what the continuous ones keep: stretched or periodic, 2-D or 3-D."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd import operators
from aion_kernels.cfd.boundaries import ScalarWalls, VelocityWalls
from aion_kernels.cfd.equations import Boussinesq
from aion_kernels.cfd.grid import GridAxis, StaggeredGrid

GRIDS = [
    StaggeredGrid((GridAxis(8, 1.0, 1.5), GridAxis(10, 2.0, 1.0))),
    StaggeredGrid((GridAxis(8, 1.0, 1.5), GridAxis(6, 2.0), GridAxis(10, 0.5, 1.0))),
    StaggeredGrid((GridAxis(8, 1.0, periodic=True), GridAxis(10, 2.0, 1.0))),
    StaggeredGrid(tuple(GridAxis(n, 1.0, periodic=True) for n in (8, 6, 4))),
]


def solenoidal(grid: StaggeredGrid, seed: int = 0) -> tuple:
    """A random velocity without divergence, at rest on the walls."""
    random = np.random.default_rng(seed)
    flow = Boussinesq(grid, jnp.asarray(1.0), VelocityWalls.no_slip(grid.dimension))
    wild = tuple(
        jnp.asarray(random.standard_normal(grid.velocity_shape(axis)))
        for axis in range(grid.dimension)
    )
    velocity, _ = flow.project(wild, flow.divergence(wild))
    return velocity


def dot(grid: StaggeredGrid, left: tuple, right: tuple) -> float:
    return float(
        sum(
            np.sum(a * b * grid.volumes(i))
            for i, (a, b) in enumerate(zip(left, right, strict=True))
        )
    )


@pytest.mark.parametrize("grid", GRIDS)
def test_projection_leaves_no_divergence(grid):
    """1e-12: round-off of velocities of order one over cells of width 0.03."""
    walls = VelocityWalls.no_slip(grid.dimension)
    assert np.abs(operators.divergence(grid, solenoidal(grid), walls)).max() < 1e-12


@pytest.mark.parametrize("grid", GRIDS)
def test_gradient_is_minus_the_adjoint_of_divergence(grid):
    """Σ p ∇·u = −Σ u·∇p for u at rest on the walls; 1e-12 is round-off of the sums."""
    random = np.random.default_rng(1)
    walls = VelocityWalls.no_slip(grid.dimension)
    pressure = jnp.asarray(random.standard_normal(grid.shape))
    velocity = tuple(
        jnp.asarray(random.standard_normal(grid.velocity_shape(axis)))
        for axis in range(grid.dimension)
    )
    left = np.sum(pressure * operators.divergence(grid, velocity, walls) * grid.volumes())
    right = -dot(grid, velocity, operators.gradient(grid, pressure))
    assert left == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("grid", GRIDS)
def test_advection_keeps_kinetic_energy(grid):
    """u·∇·(u u) sums to zero: skew-symmetry. Relative to the sum of absolute terms, round-off."""
    walls = VelocityWalls.no_slip(grid.dimension)
    velocity = solenoidal(grid)
    advection = operators.momentum_advection(grid, velocity, walls)
    size = dot(grid, tuple(map(abs, velocity)), tuple(map(abs, advection)))
    assert abs(dot(grid, velocity, advection)) < 1e-14 * size


@pytest.mark.parametrize("grid", GRIDS)
def test_diffusion_takes_kinetic_energy_away(grid):
    walls = VelocityWalls.no_slip(grid.dimension)
    velocity = solenoidal(grid)
    assert dot(grid, velocity, operators.momentum_diffusion(grid, velocity, walls)) < 0


@pytest.mark.parametrize("grid", GRIDS)
def test_scalar_is_conserved_between_insulating_walls(grid):
    """What leaves one cell enters the next: both sums vanish to round-off."""
    random = np.random.default_rng(2)
    zero = jnp.asarray(0.0)
    insulated = ScalarWalls((("flux", "flux"),) * grid.dimension, ((zero, zero),) * grid.dimension)
    scalar = jnp.asarray(random.standard_normal(grid.shape))
    velocity, walls = solenoidal(grid), VelocityWalls.no_slip(grid.dimension)
    for change in (
        operators.scalar_advection(grid, velocity, walls, scalar, insulated),
        operators.scalar_diffusion(grid, scalar, insulated),
    ):
        content = change * grid.volumes()
        assert abs(content.sum()) < 1e-13 * np.abs(content).sum()


@pytest.mark.parametrize("grid", GRIDS)
def test_uniform_flow_through_open_walls_has_no_divergence(grid):
    """Normal wall velocities enter the balance; a profile may vary along the wall."""
    speed = jnp.ones((1, *grid.shape[1:])) * 2.0
    walls = VelocityWalls.no_slip(grid.dimension).moving(0, 0, 0, speed).moving(0, 1, 0, speed)
    velocity = tuple(
        jnp.full(grid.velocity_shape(axis), 2.0 if axis == 0 else 0.0)
        for axis in range(grid.dimension)
    )
    assert np.abs(operators.divergence(grid, velocity, walls)).max() < 1e-12


def test_flux_walls_hold_their_flux():
    """A linear profile has no curvature when the walls know its slope."""
    grid = GRIDS[0]
    x = jnp.asarray(grid.axes[0].centres[:, None])
    scalar = jnp.broadcast_to(3.0 * x, grid.shape)
    zero = jnp.asarray(0.0)
    walls = ScalarWalls(
        (("flux", "value"), ("flux", "flux")), ((jnp.asarray(-3.0), jnp.asarray(3.0)), (zero, zero))
    )
    assert np.abs(operators.scalar_diffusion(grid, scalar, walls)).max() < 1e-11


def test_unknown_kind_of_wall_is_refused():
    """By the type checks of the tests, or by the object itself where those are off."""
    zero = jnp.asarray(0.0)
    with pytest.raises((TypeError, ValueError), match="value"):
        ScalarWalls((("value", "robin"),), ((zero, zero),))  # pyright: ignore[reportArgumentType]
