"""The stiff solver: its order, its lanes, and published digits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from aion_kernels.core.outcome import Outcome
from aion_kernels.kinetics.rosenbrock import rodas_step, solve_stiff
from aion_kernels.kinetics.stiff_problems import solve_stiff_problems


def bent(y):
    return jnp.stack([-y[1] * y[0] ** 2 + y[1], y[0] - 0.3 * y[1] ** 2 * y[0]])


def test_the_order_is_four():
    """Halved steps divide the error by sixteen; the fit over four sizes is within 0.15 of it."""
    jacobian = jax.jacfwd(lambda y: bent(y[:, None])[:, 0])

    @jax.jit
    def step(y, h):
        slopes = jacobian(y[:, 0])[..., None]
        return rodas_step(bent, y, h, bent(y), slopes)[0]

    def end(steps):
        y = jnp.array([[0.7], [0.5]])
        for _ in range(steps):
            y = step(y, jnp.array([1.0 / steps]))
        return y

    exact = end(640)
    errors = [float(jnp.abs(end(n) - exact).max()) for n in (10, 20, 40, 80)]
    order = -np.polyfit(np.log([10, 20, 40, 80]), np.log(errors), 1)[0]
    assert abs(order - 4) < 0.15


def test_published_digits_and_a_batch_is_the_loop():
    """ROBER at 1e11 to ten digits; each time alone gives the same as all together."""
    times = np.array([1e11, 40.0, 1e-3])
    together = solve_stiff_problems("rober", times, relative=1e-8)
    np.testing.assert_array_equal(together.outcome, Outcome.ok)
    late = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]
    np.testing.assert_allclose(together.value[0], late, rtol=3e-8)
    np.testing.assert_allclose(
        together.value[1], [7.1582706872e-1, 9.1855347646e-6, 2.8416374575e-1], rtol=1e-8
    )
    np.testing.assert_allclose(together.value.sum(axis=1), 1.0, rtol=1e-12)


def test_a_failing_lane_spoils_no_other():
    """y' = y² bursts at 1/y(0): the first lane within its time, the second after it."""

    def right(y):
        return y**2

    solution = jax.jit(
        lambda start: solve_stiff(
            right,
            start,
            jnp.array([2.0, 0.5]),
            relative=1e-8,
            absolute=jnp.full((1, 2), 1e-12),
            max_steps=2000,
        )
    )(jnp.array([[1.0, 1.0]]))
    assert solution.outcome[0] != Outcome.ok
    assert solution.outcome[1] == Outcome.ok
    np.testing.assert_allclose(solution.value[0][0, 1], 2.0, rtol=1e-6)
