"""Modes without a matrix: Arnoldi alone, and on flows whose growth rates are known."""

from __future__ import annotations

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.boundaries import ScalarWalls, VelocityWalls
from aion_kernels.cfd.channel import channel_grid
from aion_kernels.cfd.equations import Boussinesq, FlowState, Heat
from aion_kernels.cfd.grid import StaggeredGrid
from aion_kernels.cfd.incompressible import IncompressibleFlow
from aion_kernels.cfd.normal_modes import rayleigh_benard
from aion_kernels.cfd.stability import Arnoldi, flow_mode, flow_spectrum, stepper_spectrum
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.verify import observed_order

WAVENUMBER = 3.117


def heated_layer(grid: StaggeredGrid, rayleigh) -> tuple[Boussinesq, FlowState]:
    """Fluid at rest between a warm floor and a cold ceiling, its pressure in balance."""
    rayleigh = jnp.asarray(rayleigh)
    one, zero = jnp.ones_like(rayleigh), jnp.zeros_like(rayleigh)
    walls = ScalarWalls((("flux", "flux"), ("value", "value")), ((zero, zero), (one, zero)))
    flow = Boussinesq(
        grid,
        viscosity=0.71 * one,
        walls=VelocityWalls.no_slip(2, rayleigh.dtype),
        heat=Heat(one, (zero, 0.71 * rayleigh), walls),
    )
    height = jnp.asarray(grid.axes[1].centres, rayleigh.dtype)
    rest = flow.rest(jnp.broadcast_to(1 - height[None, :], grid.shape))
    return flow, IncompressibleFlow(flow, one, rest).initial()


def rolls(cells: int) -> StaggeredGrid:
    """One wavelength of the layer, periodic along it."""
    return channel_grid((2 * cells, cells), (2 * np.pi / WAVENUMBER, 1.0))


def test_arnoldi_finds_the_largest_of_a_dense_matrix():
    """The ten largest of 120, complex pairs among them; residuals are true ones.

    1e-8 for a tolerance of 1e-9 and eigenvalues that are not normal.
    """
    dense = np.random.default_rng(0).standard_normal((120, 120))
    matrix = jnp.asarray(dense)
    found = jax.jit(
        lambda start: Arnoldi(wanted=10, basis_size=40, cycles=200).solve(
            lambda x: matrix @ x, start
        )
    )(jnp.ones(120))
    values = np.linalg.eigvals(dense)
    expected = np.sort(np.abs(values))[::-1][:10]
    np.testing.assert_allclose(np.abs(found.values), expected, rtol=1e-8)
    for value, vector in zip(found.values, found.vectors, strict=True):
        assert np.abs(values - value).min() < 1e-7
        assert np.linalg.norm(dense @ np.asarray(vector) - value * np.asarray(vector)) < 1e-7
    assert 1 < found.cycles < 200, "it had to restart, and came to an end"


def test_arnoldi_says_when_it_has_not_converged():
    matrix = jnp.asarray(np.random.default_rng(0).standard_normal((60, 60)))
    arnoldi = Arnoldi(wanted=4, basis_size=8, cycles=2)
    found = arnoldi.solve(lambda x: matrix @ x, jnp.ones(60))
    assert int(arnoldi.outcome(found)) == Outcome.not_converged
    broken = arnoldi.solve(lambda x: jnp.nan * x, jnp.ones(60))
    assert int(arnoldi.outcome(broken)) == Outcome.non_finite


def test_more_eigenvalues_than_the_basis_holds_are_refused():
    with pytest.raises(ValueError, match="half"):
        Arnoldi(wanted=10, basis_size=12)


@cache
def periodic_spectrum(cells: int):
    """The three eigenvalues nearest 5 of one wavelength of the heated layer at Ra = 2000."""

    @jax.jit
    def solve(rayleigh):
        flow, state = heated_layer(rolls(cells), rayleigh)
        shift, time_scale = jnp.asarray(5.0), jnp.asarray(0.1)
        return flow_spectrum(flow, state, shift, time_scale, arnoldi=Arnoldi(wanted=3))

    return solve(2000.0)


@pytest.mark.slow
def test_growth_of_rolls_converges_to_the_normal_mode():
    """At second order; ± 0.15 for the next one. Rolls come in pairs, shifted by a quarter wave."""
    exact = rayleigh_benard(*map(jnp.asarray, (2000.0, 0.71, WAVENUMBER))).value["growth_rate"]
    errors, sizes = [], []
    for cells in (12, 16, 24):
        solution = periodic_spectrum(cells)
        eigenvalues = solution.value["eigenvalues"]
        assert int(solution.outcome) == Outcome.ok
        np.testing.assert_allclose(eigenvalues[0], eigenvalues[1], rtol=1e-9)
        assert np.abs(eigenvalues.imag).max() < 1e-9
        errors.append(float(eigenvalues[0].real - exact))
        sizes.append(1 / cells)
    assert observed_order(sizes, errors).value == pytest.approx(2, abs=0.15)


@pytest.mark.slow
def test_modes_are_free_of_divergence_and_satisfy_the_equations():
    """J x = λ M x, residual relative to λ x; 1e-8 from the tolerance of the inner solves."""
    solution = periodic_spectrum(8)
    flow, state = heated_layer(rolls(8), 2000.0)
    mode = jax.tree.map(lambda leaf: leaf[0].real, solution.value["modes"])
    _, change = jax.jvp(flow.rate, (state,), (mode,))
    growth = solution.value["eigenvalues"][0].real
    size = growth * jnp.abs(mode.temperature).max()
    assert np.abs(change.pressure).max() < 1e-9 * jnp.abs(mode.velocity[0]).max()
    assert np.abs(change.temperature - growth * mode.temperature).max() < 1e-8 * size
    assert np.abs(change.velocity[1] - growth * mode.velocity[1]).max() < 1e-8 * size


@pytest.mark.slow
def test_time_stepper_finds_the_same_mode():
    """To the error of the time scheme: 3.3e-5 at this step, four times that at twice the step."""
    flow, state = heated_layer(rolls(8), 2000.0)
    stepper = IncompressibleFlow(flow, jnp.asarray(1e-3), state)
    solution = jax.jit(
        lambda stepper: stepper_spectrum(
            stepper, state, 200, time_step=stepper.time_step, arnoldi=Arnoldi(wanted=2)
        )
    )(stepper)
    assert int(solution.outcome) == Outcome.ok
    expected = periodic_spectrum(8).value["eigenvalues"][:2].real
    np.testing.assert_allclose(solution.value["eigenvalues"].real, expected, rtol=1e-4)


@pytest.mark.slow
def test_convection_in_a_square_sets_in_where_it_should():
    """Ra_c = 2585.02 between adiabatic side walls (Luijkx & Platten 1981); extrapolated to 0.3 %.

    λ has a derivative, which agrees with differences to 1e-6 and leads to Ra_c by one Newton step.
    """

    def growth(rayleigh, cells):
        flow, state = heated_layer(StaggeredGrid.square(cells), rayleigh)
        found = flow_mode(flow, state, jnp.asarray(5.0), jnp.asarray(0.1))
        return found.value["eigenvalue"].real, found

    critical = []
    for cells in (12, 16):
        program = jax.jit(jax.value_and_grad(partial(growth, cells=cells), has_aux=True))
        (value, found), slope = program(2585.0)
        assert int(found.outcome) == Outcome.ok
        critical.append(2585.0 - float(value / slope))
        above, below = (float(program(2585.0 + step)[0][0]) for step in (1.0, -1.0))
        assert float(slope) == pytest.approx((above - below) / 2, rel=1e-6)
    extrapolated = critical[1] + (critical[1] - critical[0]) / ((16 / 12) ** 2 - 1)
    assert extrapolated == pytest.approx(2585.02, rel=3e-3)
