"""Coefficients against the fields they stand for: transforms, norms, aliasing, other grids."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.cfd.spectral.spectra import energy_spectrum
from aion_kernels.cfd.spectral.vorticity import VorticityFlow

GRIDS = [
    FourierGrid.cube(1, 32),
    FourierGrid((16, 20), (1.0, 2.5)),
    FourierGrid((12, 16, 18), (1.0, 2.0, 3.0)),
]
ROUND_OFF = 1e-13
"""Of transforms of a few thousand numbers of size one."""


def random(grid: FourierGrid):
    return grid.random(jax.random.key(3), jnp.float64, shortest=2)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: str(grid.points))
def test_there_and_back(grid):
    waves = random(grid)
    assert waves.shape == grid.shape
    field = grid.to_physical(waves)
    assert field.shape == grid.points
    np.testing.assert_allclose(grid.to_spectral(field), waves, atol=ROUND_OFF)
    np.testing.assert_allclose(grid.mean_square(waves), jnp.mean(field**2), rtol=ROUND_OFF)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: str(grid.points))
def test_a_wave_number_is_a_derivative(grid):
    """Along each axis, on a box of unlike periods."""
    for axis, (place, length) in enumerate(zip(grid.mesh(), grid.lengths, strict=True)):
        k = 2 * np.pi * 2 / length
        waves = grid.to_spectral(jnp.asarray(np.sin(k * place)))
        slope = grid.to_physical(1j * grid.wave_numbers(jnp.float64)[axis].astype(complex) * waves)
        np.testing.assert_allclose(slope, k * np.cos(k * place), atol=ROUND_OFF * k)


def test_products_carry_no_alias():
    """The highest kept wave times itself: 2K, which the grid shows as a wave that is left out."""
    grid = FourierGrid.cube(1, 32)
    (top,) = grid.highest
    wave = jnp.asarray(np.cos(top * grid.coordinates()[0]))
    product = grid.to_spectral(wave * wave)
    np.testing.assert_allclose(product[0], 0.5, atol=ROUND_OFF)
    np.testing.assert_allclose(product[1:], 0, atol=ROUND_OFF)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_state_moves_to_another_grid(axes):
    """To a finer grid and back nothing is lost; the finer field passes through the same points."""
    coarse, fine = FourierGrid.cube(axes, 12), FourierGrid.cube(axes, 24)
    waves = random(coarse)
    moved = coarse.transfer(waves, fine)
    assert moved.shape == fine.shape
    every_second = fine.to_physical(moved)[(slice(None, None, 2),) * axes]
    np.testing.assert_allclose(every_second, coarse.to_physical(waves), atol=ROUND_OFF)
    np.testing.assert_array_equal(fine.transfer(moved, coarse), waves)


def test_the_same_key_is_the_same_field_on_any_grid():
    coarse, fine = FourierGrid.cube(2, 12), FourierGrid.cube(2, 32)
    np.testing.assert_allclose(coarse.transfer(random(coarse), fine), random(fine), atol=ROUND_OFF)


def test_the_spectrum_adds_up_to_the_energy():
    flow = VorticityFlow.create(FourierGrid.cube(2, 24), jnp.asarray(0.1), jnp.asarray(0.1))
    state = flow.initial(jax.random.key(0))
    spectrum = energy_spectrum(flow.grid, flow.velocity_waves(state))
    np.testing.assert_allclose(jnp.sum(spectrum), flow.energy(state), rtol=ROUND_OFF)
    np.testing.assert_allclose(spectrum[6:], 0, atol=ROUND_OFF)  # waves up to 4 were asked for


@pytest.mark.parametrize(
    ("points", "lengths", "message"),
    [
        ((15,), (1.0,), "even"),
        ((6,), (1.0,), "even number from 8"),
        ((16, 16), (1.0,), "one of each"),
        ((16,) * 4, (1.0,) * 4, "up to three axes"),
        ((16,), (-1.0,), "positive"),
        ((16,), (float("nan"),), "positive"),
    ],
)
def test_an_impossible_box_is_refused(points, lengths, message):
    with pytest.raises(ValueError, match=message):
        FourierGrid(points, lengths)


def test_what_a_grid_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="finer than the grid"):
        FourierGrid.cube(1, 8).random(jax.random.key(0), jnp.float64, shortest=4)
    with pytest.raises(ValueError, match="differ"):
        GRIDS[0].transfer(random(GRIDS[0]), FourierGrid.cube(1, 32, 1.0))
