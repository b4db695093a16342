"""GMRES solves, stops early, restarts, and steps in lockstep when batched."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.krylov import gmres

SIZE = 40


def system(seed: int) -> tuple[jax.Array, jax.Array]:
    random = np.random.default_rng(seed)
    matrix = np.eye(SIZE) * 2 + 0.2 * random.standard_normal((SIZE, SIZE))
    return jnp.asarray(matrix), jnp.asarray(random.standard_normal(SIZE))


def solve(matrix, rhs, tolerance, **options):
    return gmres(lambda x: matrix @ x, rhs, tolerance=tolerance, **options)


@pytest.mark.parametrize(("basis", "cycles"), [(40, 1), (40, 3), (12, 20)])
def test_reaches_the_tolerance(basis, cycles):
    """The residual told is the true one to a tenth, restarted or not."""
    matrix, rhs = system(0)
    found = solve(matrix, rhs, 1e-8, basis_size=basis, cycles=cycles)
    left = np.linalg.norm(rhs - matrix @ found.solution)
    assert left <= 1.1e-8
    assert found.residual == pytest.approx(left, rel=0.1)


def test_takes_no_more_products_than_it_needs():
    matrix, rhs = system(0)
    rough = solve(matrix, rhs, 0.1 * float(jnp.linalg.norm(rhs)))
    fine = solve(matrix, rhs, 1e-6 * float(jnp.linalg.norm(rhs)))
    assert 0 < int(rough.iterations) < int(fine.iterations) < SIZE


def test_residual_falls_as_in_textbook_gmres():
    """Against the smallest residual over the Krylov space, by least squares; 1e-10 is round-off."""
    matrix, rhs = system(1)
    krylov = [np.asarray(rhs)]
    for _ in range(4):
        krylov.append(np.asarray(matrix) @ krylov[-1])
    space = np.asarray(matrix) @ np.linalg.qr(np.stack(krylov, 1))[0]
    best = rhs - space @ np.linalg.lstsq(space, np.asarray(rhs), rcond=None)[0]
    found = solve(matrix, rhs, 0.0, basis_size=5)
    assert found.residual == pytest.approx(np.linalg.norm(best), rel=1e-10)


def test_lucky_breakdown_and_zero_right_hand_side():
    """The identity is solved by one product; nothing is solved by none."""
    _, rhs = system(0)
    found = solve(jnp.eye(SIZE), rhs, 1e-12, basis_size=10)
    np.testing.assert_allclose(found.solution, rhs, rtol=1e-13)
    nothing = solve(jnp.eye(SIZE), jnp.zeros(SIZE), 0.0, basis_size=10)
    assert np.all(np.isfinite(nothing.solution))
    np.testing.assert_array_equal(nothing.solution, 0)


def test_lockstep_batch_is_at_least_as_accurate():
    """Members of unlike difficulty; each meets the tolerance that it would meet alone."""
    matrices, sides = (jnp.stack(x) for x in zip(*(system(s) for s in range(3)), strict=True))
    matrices = matrices.at[0].set(jnp.eye(SIZE))
    together = jax.vmap(partial(solve, tolerance=1e-9, members="members"), axis_name="members")(
        matrices, sides
    )
    left = np.linalg.norm(sides - jnp.einsum("bij,bj->bi", matrices, together.solution), axis=1)
    assert np.all(left <= 1.1e-9)


def test_stays_in_single_precision():
    matrix, rhs = (x.astype(jnp.float32) for x in system(0))
    found = solve(matrix, rhs, 1e-3)
    assert found.solution.dtype == found.residual.dtype == jnp.float32
