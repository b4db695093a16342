"""The direct solve inverts the operator that it diagonalised, in every mix of walls."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.fast_diagonalisation import AxisLaplacian, BoxLaplacian
from aion_kernels.cfd.grid import GridAxis, StaggeredGrid

VALUE, FLUX, MIXED = ("value", "value"), ("flux", "flux"), ("value", "flux")
GRID_2D = StaggeredGrid((GridAxis(8, 1.0, 1.5), GridAxis(6, 2.0)))
GRID_3D = StaggeredGrid((GridAxis(8, 1.0, 1.5), GridAxis(6, 2.0), GridAxis(4, 0.5, 1.0)))
BOXES = [
    BoxLaplacian(GRID_2D, ("face", VALUE)),
    BoxLaplacian(GRID_2D, (VALUE, FLUX)),
    BoxLaplacian(GRID_2D, (MIXED, "face")),
    BoxLaplacian(GRID_3D, (VALUE, "face", FLUX)),
    BoxLaplacian(GRID_3D, (FLUX, FLUX, ("flux", "value"))),
]


def dense(box: BoxLaplacian) -> np.ndarray:
    """The box's Laplacian as one matrix, from Kronecker products."""
    matrices = [axis.matrix for axis in box.axes]
    total = np.zeros((1, 1))
    for number, matrix in enumerate(matrices):
        term = np.eye(1)
        for other, factor in enumerate(matrices):
            term = np.kron(term, matrix if other == number else np.eye(len(factor)))
        total = total + term
    return total


def shape(box: BoxLaplacian) -> tuple[int, ...]:
    return tuple(len(axis.matrix) for axis in box.axes)


@pytest.mark.parametrize("box", BOXES)
def test_solves_the_dense_system(box):
    """1e-11: round-off times a condition number of about 1e3."""
    rhs = np.random.default_rng(0).standard_normal(shape(box))
    expected = np.linalg.solve(2.0 * np.eye(rhs.size) - 0.3 * dense(box), rhs.ravel())
    found = box.solve(jnp.asarray(rhs), 2.0, 0.3)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("box", BOXES)
def test_eigenvalues_are_not_positive(box):
    for axis in box.axes:
        assert np.all(axis.eigenvalues <= 0)
        np.testing.assert_allclose(
            axis.vectors @ axis.inverse, np.eye(len(axis.matrix)), atol=1e-12
        )


@pytest.mark.parametrize("grid", [GRID_2D, GRID_3D])
def test_closed_box_gives_the_solution_of_zero_mean(grid):
    """The residual is the mean that was dropped; 1e-11 is round-off times the condition."""
    box = BoxLaplacian(grid, (FLUX,) * grid.dimension)
    rhs = np.random.default_rng(1).standard_normal(grid.shape)
    rhs -= (rhs * grid.volumes()).sum() / grid.volumes().sum()
    found = np.asarray(box.solve(jnp.asarray(rhs), 0.0, -1.0))
    np.testing.assert_allclose(dense(box) @ found.ravel(), rhs.ravel(), atol=1e-11)
    assert abs((found * grid.volumes()).sum()) < 1e-12


def test_batched_coefficients_equal_a_loop_and_stay_single():
    """1e-5: single precision over a condition number of about 100."""
    box, random = BOXES[1], np.random.default_rng(2)
    rhs = jnp.asarray(random.standard_normal((3, *shape(box))), jnp.float32)
    shifts, factors = jnp.float32(1.0) + jnp.arange(3, dtype=jnp.float32), jnp.float32(0.5)
    batched = jax.vmap(lambda f, a: box.solve(f, a, factors))(rhs, shifts)
    assert batched.dtype == jnp.float32
    for one, f, a in zip(batched, rhs, shifts, strict=True):
        np.testing.assert_allclose(one, box.solve(f, a, factors), rtol=1e-5, atol=1e-6)


def test_second_order_on_a_stretched_axis():
    """cos πx has zero flux at both ends; the error falls by 4 when cells halve, ± 10 %."""
    errors = []
    for cells in (16, 32, 64):
        axis = GridAxis(cells, 1.0, 1.5)
        values = np.cos(np.pi * axis.centres)
        rhs = AxisLaplacian(axis, FLUX).matrix @ values
        errors.append(abs(np.sum(rhs * values * axis.widths) / (-(np.pi**2) / 2) - 1))
    ratios = np.divide(errors[:-1], errors[1:])
    np.testing.assert_allclose(ratios, 4, rtol=0.1)
