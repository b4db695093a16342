"""Periodic flow on the staggered grid: against an exact solution, and with steps that adapt."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.adaptive import AdaptiveFlow
from aion_kernels.cfd.boundaries import VelocityWalls
from aion_kernels.cfd.equations import Boussinesq, FlowState
from aion_kernels.cfd.fast_diagonalisation import BoxLaplacian
from aion_kernels.cfd.grid import GridAxis, StaggeredGrid
from aion_kernels.cfd.incompressible import IncompressibleFlow
from aion_kernels.core.testing import StepperContract
from aion_kernels.core.verify import observed_order

VISCOSITY = 0.05


def vortices(cells: int, dimension: int, time_step: float, dtype=jnp.float64) -> IncompressibleFlow:
    """Taylor and Green's vortices in a periodic box of side 2π, carried along at speed (1, 1/2)."""
    axes = [GridAxis(cells, 2 * np.pi, periodic=True)] * 2
    axes += [GridAxis(4, 1.0, periodic=True)] * (dimension - 2)
    grid = StaggeredGrid(tuple(axes))
    viscosity = jnp.asarray(VISCOSITY, dtype)
    flow = Boussinesq(grid, viscosity, VelocityWalls.no_slip(dimension, dtype))
    start = flow.rest()._replace(velocity=exact(grid, 0.0, dtype))
    return IncompressibleFlow(flow, jnp.asarray(time_step, dtype), start)


def exact(grid: StaggeredGrid, time: float, dtype=jnp.float64) -> tuple[jax.Array, ...]:
    decay = np.exp(-2 * VISCOSITY * time)
    fields = []
    for component in range(grid.dimension):
        x, y, *_ = np.meshgrid(*grid.velocity_points(component), indexing="ij")
        x, y = x - time, y - 0.5 * time
        waves = (1 + decay * np.cos(x) * np.sin(y), 0.5 - decay * np.sin(x) * np.cos(y), 0 * x)
        fields.append(jnp.asarray(waves[component], dtype))
    return tuple(fields)


def advance(stepper: IncompressibleFlow, steps: int) -> FlowState:
    state = stepper.initial()
    return jax.jit(lambda x: jax.lax.fori_loop(0, steps, lambda _, s: stepper.step(s), x))(state)


class TestAdaptiveFlow(StepperContract):
    """The first step is as long as the flow's own allows, the later ones as its speed does."""

    gradient_tolerance = 1e-5  # the fastest cell changes hands beside a tie of symmetric ones

    def stepper(self, dtype):
        walls = VelocityWalls.no_slip(2, dtype).moving(1, 1, 0, jnp.asarray(2.0, dtype))
        flow = Boussinesq(StaggeredGrid.square(8), jnp.asarray(0.05, dtype), walls)
        return AdaptiveFlow(
            IncompressibleFlow(flow, jnp.asarray(0.05, dtype)), jnp.asarray(0.3, dtype)
        )


def test_adaptive_steps_keep_the_courant_number():
    stepper = vortices(16, 2, 1.0)
    adaptive = AdaptiveFlow(stepper, jnp.asarray(0.5))
    state = adaptive.initial()
    rate = float(stepper.courant_rate(state.flow))
    assert float(adaptive.step(state).time) == pytest.approx(0.5 / rate)


@pytest.mark.parametrize("dimension", [2, 3])
def test_momentum_of_a_periodic_flow_is_kept(dimension):
    """Nothing pushes and there is no wall: 1e-12 is round-off of twenty steps."""
    stepper = vortices(8, dimension, 0.05)
    before, after = stepper.initial(), advance(stepper, 20)
    for first, last in zip(before.velocity, after.velocity, strict=True):
        assert float(jnp.mean(last)) == pytest.approx(float(jnp.mean(first)), abs=1e-12)
    assert np.abs(stepper.equations.divergence(after.velocity)).max() < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [2, 3])
def test_periodic_flow_is_of_second_order(dimension):
    """In space and time at once, at one Courant number; 0.2 for the next order. A grid of 64
    takes the Fourier transform, the coarser ones take products."""
    errors, sizes = [], []
    for cells in (16, 32, 64):
        stepper = vortices(cells, dimension, 1.6 / cells)
        state = advance(stepper, cells * 5 // 8)
        truth = exact(stepper.equations.grid, 1.0)
        errors.append(float(jnp.sqrt(jnp.mean((state.velocity[0] - truth[0]) ** 2))))
        sizes.append(1 / cells)
    assert observed_order(sizes, errors).value == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("long", [(0,), (0, 1)])
def test_fourier_transform_solves_what_the_products_solve(long):
    """The residual of the dense operator; 1e-10 of its largest eigenvalue, 1e4."""
    grid = StaggeredGrid(
        tuple(GridAxis(64 if n in long else 8, 1.0, periodic=n in long) for n in range(2))
    )
    laplacian = BoxLaplacian(grid, (("value", "value"), ("value", "value")))
    rhs = jnp.asarray(np.random.default_rng(0).standard_normal(grid.shape))
    found = np.asarray(jax.jit(laplacian.solve)(rhs, jnp.asarray(2.0), jnp.asarray(0.5)))
    first, second = (axis.matrix for axis in laplacian.axes)
    left = 2.0 * found - 0.5 * (first @ found + found @ second.T)
    np.testing.assert_allclose(left, rhs, atol=1e-9)
