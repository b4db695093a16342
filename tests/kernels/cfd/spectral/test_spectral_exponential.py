"""Coefficients to round-off, and the order of the steps for dissipative and dispersive terms."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta, Multiplier, phi_functions
from aion_kernels.core.verify import check_gradient, observed_order

SIZES = np.concatenate([-np.logspace(-12, 3, 46), [0.0], np.logspace(-12, 1, 40), [1 - 1e-12]])


def series(z: complex, order: int) -> complex:
    """φ by its power series where it converges fast, and by its definition elsewhere."""
    if abs(z) < 2:
        return sum(z**n / math.factorial(n + order) for n in range(40))
    value = np.exp(z)
    for k in range(order):
        value = (value - 1 / math.factorial(k)) / z
    return value


@pytest.mark.parametrize("direction", [1, 1j, (1 + 0.5j) / abs(1 + 0.5j)])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    # Some round-offs: three divisions by |z| ≥ 1 with a cancellation of a factor of six each.
    [(np.float64, 2e-14), (np.float32, 1e-5)],
)
def test_phi_functions(direction, dtype, tolerance):
    complex_type = np.result_type(dtype, np.complex64)
    z = (SIZES * direction).astype(dtype if direction == 1 else complex_type)
    found = phi_functions(jnp.asarray(z), 3)
    for order, values in enumerate(found, 1):
        expected = np.array([series(complex(point), order) for point in z])
        assert values.dtype == z.dtype
        np.testing.assert_allclose(np.asarray(values), expected, rtol=tolerance)


def test_phi_functions_have_derivatives():
    """Also at the zero, where the definition is 0/0."""
    z = jnp.asarray([-30.0, -1.2, -0.3, 0.0, 1e-9, 0.7])
    assert check_gradient(lambda z: phi_functions(z, 3), z) < 1e-9
    slopes = jax.vmap(jax.grad(lambda z: phi_functions(z, 1)[0]))(z)
    np.testing.assert_allclose(slopes[3], 0.5, rtol=1e-14)


@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("linear", [3j, -2.0 + 1j, -2.0])
def test_order_of_the_steps(order, linear):
    """u' = L u − |u|² u / 2: with the imaginary part of φ dropped, order one would be seen.

    For L = λ + iω the square of the modulus follows Bernoulli's equation, so u is known.
    """
    end, start = 2.0, 1.0
    steps = np.array([20, 40, 80, 160])
    growth, turn = np.real(linear), np.imag(linear)
    # With s = |u|²: s' = 2λ s − s², and the phase turns by ω alone.
    if growth == 0:
        square = start / (1 + start * end)
    else:
        square = 2 * growth / (1 - (1 - 2 * growth / start) * np.exp(-2 * growth * end))
    exact = np.sqrt(square) * np.exp(1j * turn * end)
    diagonal = jnp.asarray([linear if turn else float(growth)])

    def error(count: int) -> float:
        integrator = ExponentialRungeKutta.create(diagonal, jnp.asarray(end / count), order=order)

        def nonlinear(u):
            return -0.5 * u * u.conj() * u

        u = jax.lax.fori_loop(
            0, count, lambda _, u: integrator.step(nonlinear, u), jnp.asarray([start], complex)
        )
        return float(jnp.abs(u[0] - exact))

    rate = observed_order(1 / steps, [error(count) for count in steps])
    assert rate.value == pytest.approx(order, abs=0.2), rate


def test_what_is_linear_is_exact():
    """One step as long as 50 time scales."""
    diagonal = jnp.asarray([-1.0 + 40j, -50.0 + 0j])
    integrator = ExponentialRungeKutta.create(diagonal, jnp.asarray(1.0))
    end = integrator.step(jnp.zeros_like, jnp.ones(2, complex))
    np.testing.assert_allclose(end, np.exp(np.asarray(diagonal)), rtol=1e-13)


def test_a_real_operator_is_stored_as_one_array():
    assert Multiplier.of(jnp.ones(3)).imag is None
    state = jnp.asarray([1 + 2j, 3 - 1j])
    factors = jnp.asarray([2 - 1j, 0.5j])
    np.testing.assert_allclose(Multiplier.of(factors)(state), factors * state)


def test_only_the_orders_that_exist():
    with pytest.raises(ValueError, match="order is 3"):
        ExponentialRungeKutta.create(jnp.zeros(1), jnp.asarray(0.1), order=3)
