"""Every periodic equation: the contract of a stepper, and its own exact solutions and invariants.

The contract runs one step: compiling the transforms of several would take most of the time.
"""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.spectral.burgers import Burgers
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.cfd.spectral.gray_scott import GrayScott
from aion_kernels.cfd.spectral.korteweg_de_vries import KortewegDeVries
from aion_kernels.cfd.spectral.kuramoto_sivashinsky import KuramotoSivashinsky
from aion_kernels.cfd.spectral.velocity import VelocityFlow
from aion_kernels.cfd.spectral.vorticity import VorticityFlow
from aion_kernels.core import Stepper, evolve
from aion_kernels.core.testing import StepperContract
from aion_kernels.core.verify import observed_order


def number(value: float, dtype: Any = jnp.float64):
    return jnp.asarray(value, dtype)


def forced_flow(dtype: Any = jnp.float64, step: float = 0.02, drag: float = 0.1) -> VorticityFlow:
    grid = FourierGrid((16, 18), (2 * np.pi, 3.0))
    return VorticityFlow.create(
        grid,
        number(0.05, dtype),
        number(step, dtype),
        drag=number(drag, dtype),
        forcing=jnp.asarray(np.cos(2 * grid.mesh()[0]), dtype),
    )


class TestVorticityFlow(StepperContract):
    steps: ClassVar[int] = 1

    def stepper(self, dtype: Any) -> Stepper:
        return forced_flow(dtype)


class TestVelocityFlow(StepperContract):
    steps: ClassVar[int] = 1

    def stepper(self, dtype: Any) -> Stepper:
        grid = FourierGrid.cube(3, 8)
        forcing = np.stack([np.sin(grid.mesh()[1]), *np.zeros((2, 8, 8, 8))])
        return VelocityFlow.create(
            grid, number(0.1, dtype), number(0.02, dtype), forcing=jnp.asarray(forcing, dtype)
        )


class TestBurgers(StepperContract):
    steps: ClassVar[int] = 1

    def stepper(self, dtype: Any) -> Stepper:
        return Burgers.create(FourierGrid.cube(1, 32), number(0.1, dtype), number(0.02, dtype))


class TestKortewegDeVries(StepperContract):
    steps: ClassVar[int] = 1

    def stepper(self, dtype: Any) -> Stepper:
        grid = FourierGrid.cube(1, 32, 20.0)
        return KortewegDeVries.create(grid, number(1.0, dtype), number(1e-3, dtype))


class TestKuramotoSivashinsky(StepperContract):
    steps: ClassVar[int] = 1

    def stepper(self, dtype: Any) -> Stepper:
        grid = FourierGrid.cube(1, 32, 20.0)
        return KuramotoSivashinsky.create(grid, number(1.0, dtype), number(0.1, dtype))


class TestGrayScott(StepperContract):
    steps: ClassVar[int] = 1

    def stepper(self, dtype: Any) -> Stepper:
        return GrayScott.create(
            FourierGrid.cube(2, 16, 2.5),
            jnp.asarray([2e-5, 1e-5], dtype),
            number(0.04, dtype),
            number(0.06, dtype),
            number(1.0, dtype),
        )


def march(stepper: Stepper, state: Any, steps: int) -> Any:
    return jax.jit(lambda x: jax.lax.fori_loop(0, steps, lambda _, s: stepper.step(s), x))(state)


def test_advection_and_projection_keep_what_they_must():
    """Energy (and enstrophy in two dimensions) to round-off, and divergence zero."""
    flow = VorticityFlow.create(FourierGrid.cube(2, 32), number(0.01), number(0.01))
    state = flow.initial(jax.random.key(1))
    rate = (flow.tendency(state) * state.conj()).real * flow.grid.weights(jnp.float64)
    assert abs(jnp.sum(rate)) < 1e-13 * jnp.sum(jnp.abs(rate))
    rate = rate * flow.grid.inverse_squared(jnp.float64)
    assert abs(jnp.sum(rate)) < 1e-13 * jnp.sum(jnp.abs(rate))

    cube = VelocityFlow.create(FourierGrid.cube(3, 16), number(0.01), number(0.01))
    state = cube.initial(jax.random.key(1))
    tendency = cube.tendency(state)
    rate = (tendency * state.conj()).real * cube.grid.weights(jnp.float64)[None]
    assert abs(jnp.sum(rate)) < 1e-13 * jnp.sum(jnp.abs(rate))
    waves = cube.grid.wave_numbers(jnp.float64)
    divergence = sum(
        k.astype(complex) * u for k, u in zip(waves, march(cube, state, 5), strict=True)
    )
    assert jnp.max(jnp.abs(divergence)) < 1e-14


def test_the_budget_of_energy_closes():
    """dE/dt = input − dissipation − drag, at the order of the difference that stands for d/dt."""
    flow = forced_flow(step=1e-4)
    before = march(flow, flow.initial(), 20)
    middle = flow.step(before)
    after = flow.step(middle)
    change = (flow.energy(after) - flow.energy(before)) / 2e-4
    budget = flow.input(middle) - flow.dissipation(middle) - flow.drag_loss(middle)
    np.testing.assert_allclose(change, budget, rtol=1e-6)


def test_a_plane_flow_is_the_same_in_two_and_three_dimensions():
    """Two formulations that share only the transforms: velocities to round-off of 20 steps."""
    plane = VorticityFlow.create(FourierGrid.cube(2, 16), number(0.02), number(0.02))
    state = plane.initial(jax.random.key(5))
    cube = VelocityFlow.create(FourierGrid.cube(3, 16), number(0.02), number(0.02))
    u, v = jnp.repeat(plane.velocity(state)[..., None], 16, -1)
    velocity = march(cube, cube.grid.to_spectral(jnp.stack([u, v, jnp.zeros_like(u)])), 20)
    found = cube.velocity(velocity)[:2, :, :, 3]
    expected = plane.velocity(march(plane, state, 20))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_vorticity_order_in_time():
    """Against steps four times finer than the finest: chaos has no time to grow until t = 1."""
    for order in (2, 4):
        counts = np.array([8, 16, 32])
        grid = FourierGrid.cube(2, 24)

        def end(count: int, order: int = order, grid: FourierGrid = grid):
            flow = VorticityFlow.create(grid, number(0.02), number(1 / count), order=order)
            return march(flow, flow.initial(jax.random.key(2)), count)

        exact = end(128)
        errors = [float(jnp.max(jnp.abs(end(count) - exact))) for count in counts]
        assert observed_order(1 / counts, errors).value > order - 0.25


def test_burgers_against_cole_and_hopf():
    """u = −2ν ∂ log θ/∂x with θ the solution of the heat equation; here θ = 2 + cos x exp(−νt)."""
    viscosity, end = 0.2, 1.0
    grid = FourierGrid.cube(1, 64)
    (x,) = grid.coordinates()

    def exact(time: float) -> np.ndarray:
        decay = np.exp(-viscosity * time)
        return 2 * viscosity * decay * np.sin(x) / (2 + decay * np.cos(x))

    stepper = Burgers.create(grid, number(viscosity), number(end / 40))
    state = march(stepper, grid.to_spectral(jnp.asarray(exact(0.0))), 40)
    np.testing.assert_allclose(grid.to_physical(state), exact(end), atol=1e-9)


@pytest.mark.parametrize("order", [2, 4])
def test_the_soliton_keeps_its_shape_at_the_stated_order(order):
    """Dispersion makes L imaginary: this is where real coefficients would fall to first order."""
    grid = FourierGrid.cube(1, 256, 30.0)
    speed, end = number(4.0), 0.4
    counts = np.array([60, 120, 240])

    def error(count: int) -> float:
        stepper = KortewegDeVries.create(grid, number(1.0), number(end / count), order=order)
        state = march(stepper, stepper.soliton(speed, 15.0), count)
        exact = stepper.soliton(speed, 15.0 + 4.0 * end)
        return float(jnp.max(jnp.abs(grid.to_physical(state - exact))))

    rate = observed_order(1 / counts, [error(count) for count in counts])
    assert rate.value == pytest.approx(order, abs=0.3), rate


def test_the_flame_front_grows_as_its_linear_theory_says():
    """A small wave of wave number k grows by exp((k² − k⁴) t)."""
    grid = FourierGrid.cube(1, 32, 20.0)
    stepper = KuramotoSivashinsky.create(grid, number(1.0), number(0.1))
    start = jnp.zeros(grid.shape, complex).at[2].set(1e-9)
    end = march(stepper, start, 50)
    k = 2 * np.pi * 2 / 20
    np.testing.assert_allclose(end[2], 1e-9 * np.exp((k**2 - k**4) * 5), rtol=1e-8)


def test_the_flame_front_stays_bounded():
    """Long after the growth has ended the amplitude is that of the attractor, about 1.3."""
    grid = FourierGrid.cube(1, 128, 32 * np.pi)
    stepper = KuramotoSivashinsky.create(grid, number(1.0), number(0.1))
    run = evolve(stepper, stepper.initial(), 2000, save_every=100)
    assert run.outcome == 0
    assert 0.5 < np.mean(run.observables["energy"][-5:]) < 1.5
    np.testing.assert_allclose(run.observables["mean"], 0, atol=1e-12)


def test_the_reaction_has_its_rest_and_its_budget():
    """(a, b) = (1, 0) stays; a + b of a uniform mixture obeys d(a+b)/dt = F(1 − a − b) − K b."""
    grid = FourierGrid.cube(1, 16, 2.5)
    mix = GrayScott.create(grid, jnp.asarray([2e-5, 1e-5]), number(0.04), number(0.06), number(0.5))
    rest = grid.to_spectral(jnp.stack([jnp.ones(16), jnp.zeros(16)]))
    np.testing.assert_allclose(march(mix, rest, 100), rest, atol=1e-13)
    uniform = grid.to_spectral(jnp.stack([jnp.full(16, 0.5), jnp.full(16, 0.25)]))
    after = march(mix, uniform, 1)[:, 0].real
    a, b = jax.lax.fori_loop(
        0, 1000, lambda _, ab: euler(*ab, 0.04, 0.06, 0.5 / 1000), (number(0.5), number(0.25))
    )
    # First-order steps a thousand times shorter miss by about 1e-6.
    np.testing.assert_allclose(after, [a, b], rtol=1e-5)


def euler(a, b, feed, kill, step):
    reaction = a * b * b
    return (
        a + step * (feed * (1 - a) - reaction),
        b + step * (reaction - (feed + kill) * b),
    )


def test_the_viscosity_has_a_gradient_through_its_coefficients():
    """A lone wave only decays: d(energy)/dν = −2 k² t · energy, exactly."""
    grid = FourierGrid.cube(2, 16)
    start = grid.to_spectral(jnp.asarray(np.cos(2 * grid.mesh()[0])))

    def energy(viscosity):
        flow = VorticityFlow.create(grid, viscosity, number(0.1))
        return flow.energy(march(flow, start, 10))

    value, slope = jax.value_and_grad(energy)(number(0.03))
    np.testing.assert_allclose(slope, -2 * 4 * 1.0 * value, rtol=1e-12)


def test_a_grid_of_other_dimensions_is_refused():
    with pytest.raises(ValueError, match="scalar on two"):
        VorticityFlow.create(FourierGrid.cube(3, 8), number(0.1), number(0.1))
    with pytest.raises(ValueError, match="three are needed"):
        VelocityFlow.create(FourierGrid.cube(2, 8), number(0.1), number(0.1))
