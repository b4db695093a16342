"""The exact Riemann solution: published states, vacuum, conservation and derivatives."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.compressible.exact_riemann import (
    mean_density,
    sample_riemann,
    solve_riemann,
)
from aion_kernels.core.verify import check_adjoint, check_gradient

GAMMA = jnp.asarray(1.4)
SOD = (jnp.array([1.0, 0.0, 1.0]), jnp.array([0.125, 0.0, 0.1]))

# Toro 2009, table 4.3: p*, u*, densities left and right, printed to six digits.
PUBLISHED = [
    (SOD, (0.30313, 0.92745, 0.42632, 0.26557)),
    (([1, -2, 0.4], [1, 2, 0.4]), (0.00189, 0.0, 0.02185, 0.02185)),
    (([1, 0, 1000], [1, 0, 0.01]), (460.894, 19.5975, 0.57506, 5.99924)),
    (([1, 0, 0.01], [1, 0, 100]), (46.0950, -6.19633, 5.99242, 0.57511)),
    (
        ([5.99924, 19.5975, 460.894], [5.99242, -6.19633, 46.0950]),
        (1691.64, 8.68975, 14.2823, 31.0426),
    ),
]


def solved(sides, gamma=GAMMA):
    return jax.jit(solve_riemann)(*(jnp.asarray(side, float) for side in sides), gamma)


@pytest.mark.parametrize(("sides", "expected"), PUBLISHED)
def test_star_states_are_the_published_ones(sides, expected):
    """Relative to what is printed: half a unit of the last digit."""
    found = solved(sides)
    states = (found.pressure, found.velocity, found.density_left, found.density_right)
    np.testing.assert_allclose(states, expected, rtol=2e-5, atol=6e-6)


def test_mean_densities_are_means():
    """Against the midpoint rule with many points, which is first order at the jumps."""
    solution = solved(SOD)
    edges = jnp.linspace(-2.0, 2.0, 9)
    fine = jnp.linspace(-2.0, 2.0, 8 * 20000 + 1)
    points = 0.5 * (fine[1:] + fine[:-1])
    expected = sample_riemann(solution, points)[0].reshape(8, -1).mean(axis=1)
    np.testing.assert_allclose(mean_density(solution, edges), expected, atol=1e-4)


def test_a_vacuum_opens_between_two_fans():
    solution = solved(([1, -6, 1], [1, 6, 1]))
    assert bool(solution.vacuum)
    assert float(solution.pressure) == 0
    edge = 2 * np.sqrt(1.4) / 0.4 - 6
    np.testing.assert_allclose((solution.tail_left, solution.tail_right), (edge, -edge), rtol=1e-12)
    state = sample_riemann(solution, jnp.linspace(-8.0, 8.0, 101))
    assert np.all(np.isfinite(state))
    assert float(state[0, 50]) == 0


def test_derivatives_are_those_of_the_root():
    """Against differences, and forward against backward."""

    def star(sides):
        found = solve_riemann(*sides, GAMMA)
        return found.pressure, found.velocity, found.density_left, found.density_right

    assert check_gradient(star, SOD) < 1e-8
    assert check_adjoint(star, SOD) < 1e-12


def test_nothing_happens_between_equal_gases():
    side = jnp.array([2.0, 0.5, 3.0])
    found = solved((side, side))
    np.testing.assert_allclose(
        (found.pressure, found.velocity, found.density_left), (3.0, 0.5, 2.0), rtol=1e-12
    )


def test_single_precision_stays_single():
    single = [side.astype(jnp.float32) for side in SOD]
    found = solve_riemann(*single, jnp.float32(1.4))
    assert found.pressure.dtype == jnp.float32
    assert abs(float(found.pressure) - 0.3031302) < 1e-5
