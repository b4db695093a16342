"""The time stepper: second order, free of divergence, and what every stepper owes."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.boundaries import VelocityWalls
from aion_kernels.cfd.cavities import heated_cavity, heated_cavity_equations
from aion_kernels.cfd.equations import Boussinesq, FlowState
from aion_kernels.cfd.grid import StaggeredGrid
from aion_kernels.cfd.incompressible import IncompressibleFlow
from aion_kernels.core.testing import StepperContract


def cavity(cells: int = 8, dtype=jnp.float64, time_step: float = 2e-3) -> IncompressibleFlow:
    flow, start, _ = heated_cavity_equations(jnp.asarray(1e4, dtype), cells=cells)
    return IncompressibleFlow(flow, jnp.asarray(time_step, dtype), start)


def advance(stepper: IncompressibleFlow, state: FlowState, steps: int) -> FlowState:
    return jax.jit(lambda x: jax.lax.fori_loop(0, steps, lambda _, s: stepper.step(s), x))(state)


class TestHeatedCavityStepper(StepperContract):
    def stepper(self, dtype):
        return cavity(dtype=dtype)


class TestLidCavityStepper(StepperContract):
    def stepper(self, dtype):
        walls = VelocityWalls.no_slip(2, dtype).moving(1, 1, 0, jnp.ones((), dtype))
        grid = StaggeredGrid.square(8, stretching=1.0)
        return IncompressibleFlow(
            Boussinesq(grid, jnp.asarray(0.01, dtype), walls), jnp.asarray(0.02, dtype)
        )


@pytest.mark.parametrize("dimension", [2, 3])
def test_divergence_stays_at_round_off(dimension):
    """1e-12: velocities of order one, cells of width 0.05."""
    grid = StaggeredGrid.square(8, stretching=1.0, dimension=dimension)
    walls = VelocityWalls.no_slip(dimension).moving(1, 1, 0, jnp.asarray(1.0))
    stepper = IncompressibleFlow(Boussinesq(grid, jnp.asarray(0.01), walls), jnp.asarray(0.02))
    state = advance(stepper, stepper.initial(), 20)
    assert np.abs(state.velocity[0]).max() > 0.01, "the lid drags the fluid"
    assert np.abs(stepper.equations.divergence(state.velocity)).max() < 1e-12


def test_second_order_in_time():
    """Order from three differences of halved steps, of velocity and temperature.

    ± 0.25: the steps are as coarse as stability allows, so that the differences tower over
    round-off, and the third-order part of the advection still shows.
    """
    final = 0.02
    states = []
    for steps in (20, 40, 80, 160):
        stepper = cavity(cells=16, time_step=final / steps)
        states.append(advance(stepper, stepper.initial(), steps))
    for read in (lambda s: s.velocity[0], lambda s: s.velocity[1], lambda s: s.temperature):
        coarse, middle, fine = (
            float(jnp.linalg.norm(read(a) - read(b))) for a, b in pairwise(states)
        )
        assert np.log2(coarse / middle) == pytest.approx(2, abs=0.25)
        assert np.log2(middle / fine) == pytest.approx(2, abs=0.25)


def test_transient_ends_in_the_steady_state():
    """The Newton solver and 2000 steps of time agree to 1e-8 whatever the step."""
    stepper = cavity(cells=16, time_step=5e-4)
    state = advance(stepper, stepper.initial(), 2000)
    steady = heated_cavity(1e4, cells=16)
    np.testing.assert_allclose(state.temperature, steady.value["fields"]["temperature"], atol=1e-8)


def test_courant_step():
    """Uniform flow at speed 2 over cells of 1/8: Δt = 0.8 / 16."""
    flow = Boussinesq(StaggeredGrid.square(8), jnp.asarray(1.0), VelocityWalls.no_slip(2))
    stepper = IncompressibleFlow(flow, jnp.asarray(1.0))
    state = flow.rest()
    state = state._replace(velocity=(state.velocity[0] + 2.0, state.velocity[1]))
    assert stepper.courant_step(state) == pytest.approx(0.8 / 16)
    assert np.isinf(stepper.courant_step(flow.rest()))
    assert stepper.with_time_step(jnp.asarray(0.5)).time_step == 0.5
