"""The tools that verify are verified: they pass what is right and fail what is wrong."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from aion_kernels.core.verify import (
    advection,
    check_adjoint,
    check_batch_equals_loop,
    check_gradient,
    divergence,
    gradient,
    laplacian,
    manufactured,
    observed_order,
)

X, Y, T = sympy.symbols("x y t")


class TestObservedOrder:
    def test_exact_power(self):
        """No scatter, so the interval closes to round-off."""
        sizes = np.array([0.4, 0.2, 0.1, 0.05])
        order = observed_order(sizes, 7 * sizes**2)
        assert order.value == pytest.approx(2, abs=1e-12)
        assert order.high - order.low < 1e-6

    def test_interval_holds_the_slope_in_19_of_20(self):
        """400 noisy ladders: 95 % ± 1.1 % standard error; three of them allowed either way."""
        random = np.random.default_rng(0)
        sizes = 0.5 ** np.arange(5)
        errors = sizes**3 * np.exp(0.2 * random.normal(size=(400, 5)))
        orders = [observed_order(sizes, e) for e in errors]
        covered = np.mean([o.low <= 3 <= o.high for o in orders])
        assert 0.917 <= covered <= 0.983

    @pytest.mark.parametrize(
        ("sizes", "errors", "message"),
        [
            ([2, 1], [4, 1], "at least three"),
            ([4, 2, 1], [4, 2], "at least three"),
            ([2, 2, 1], [4, 2, 1], "unlike"),
            ([2, 1, 0], [4, 2, 1], "positive and unlike"),
            ([4, 2, 1], [4, 2, 0], "positive, finite errors"),
            ([4, 2, 1], [4, 2, np.nan], "positive, finite errors"),
        ],
    )
    def test_malformed_ladder_is_named(self, sizes, errors, message):
        with pytest.raises(ValueError, match=message):
            observed_order(sizes, errors)


class TestManufactured:
    def test_vector_calculus(self):
        field = X**3 * Y
        assert gradient(field, [X, Y]) == [3 * X**2 * Y, X**3]
        assert laplacian(field, [X, Y]) == 6 * X * Y
        assert divergence([X * Y, Y**2], [X, Y]) == 3 * Y
        assert sympy.expand(advection([Y, X], field, [X, Y])) == 3 * X**2 * Y**2 + X**4

    def test_one_expression_gives_one_array(self):
        x = jnp.linspace(0.0, 1.0, 5)
        found = manufactured(sympy.sin(sympy.pi * X) / 3, [X])(x)
        np.testing.assert_allclose(found, np.sin(np.pi * np.asarray(x)) / 3, rtol=1e-15)

    def test_several_give_a_tuple_and_constants_take_the_shape(self):
        flat, wave = manufactured([sympy.Integer(2), sympy.exp(X) * Y], [X, Y])(
            jnp.zeros((3, 1)), jnp.ones((1, 4))
        )
        assert flat.shape == wave.shape == (3, 4)
        np.testing.assert_array_equal(flat, 2.0)

    def test_single_precision_is_kept(self):
        assert manufactured(X / 3, [X])(jnp.ones(2, jnp.float32)).dtype == jnp.float32

    def test_is_traceable(self):
        slope = jax.jit(jax.grad(manufactured(sympy.cos(X) ** 2, [X])))(jnp.asarray(0.3))
        assert float(slope) == pytest.approx(-np.sin(0.6), rel=1e-14)

    def test_free_symbols_are_named(self):
        with pytest.raises(ValueError, match="not arguments: t, y"):
            manufactured(X * Y * T, [X])

    def test_finds_the_order_of_a_solver(self):
        """−u'' + u = f with u = sin(πx) by central differences: order 2, as the scheme has."""
        u = sympy.sin(sympy.pi * X)
        source = manufactured(-laplacian(u, [X]) + u, [X])
        exact = manufactured(u, [X])
        cells, errors = [16, 32, 64, 128], []
        for n in cells:
            x = jnp.linspace(0.0, 1.0, n + 1)[1:-1]
            matrix = np.diag(np.full(n - 1, 2.0 * n**2 + 1))
            matrix += np.diag(np.full(n - 2, -1.0 * n**2), 1)
            matrix += np.diag(np.full(n - 2, -1.0 * n**2), -1)
            solution = np.linalg.solve(matrix, np.asarray(source(x)))
            errors.append(np.max(np.abs(solution - np.asarray(exact(x)))))
        order = observed_order(1 / np.array(cells), errors)
        assert order.value == pytest.approx(2, abs=0.02)
        assert order.low <= 2 <= order.high + 0.02


def energy(parameters):
    x = parameters["x"]
    return parameters["scale"] * jnp.sum(jnp.sin(x) * x**2) * parameters["count"].astype(x.dtype)


PARAMETERS = {
    "x": np.array([0.3, -1.2, 2.5]),
    "scale": np.array(1e-3),
    "count": np.array(4),
}


@jax.custom_vjp
def wrong_square(x):
    return x**2


wrong_square.defvjp(lambda x: (x**2, x), lambda x, g: (2.001 * x * g,))


class TestDerivatives:
    def test_difference_agrees(self):
        """1e-10: the documented accuracy of the fourth-order difference, with room."""
        assert check_gradient(energy, PARAMETERS) < 1e-10

    def test_complex_step_agrees_to_round_off(self):
        """Ten times double precision."""
        assert check_gradient(energy, PARAMETERS, method="complex") < 3e-15

    def test_single_precision(self):
        """1e-3: round-off of 6e-8 amplified by the best step of 0.04."""
        single = jax.tree.map(
            lambda v: v.astype(np.float32) if v.dtype == np.float64 else v, PARAMETERS
        )
        assert check_gradient(energy, single) < 1e-3

    def test_array_results_are_weighed(self):
        assert check_gradient(jnp.cumprod, np.linspace(0.5, 1.5, 6)) < 1e-9

    def test_wrong_rule_is_noticed(self):
        """The planted error is 5e-4."""
        error = check_gradient(wrong_square, np.linspace(1.0, 2.0, 5))
        assert error == pytest.approx(5e-4, rel=0.01)

    def test_gradient_that_is_not_a_number_is_noticed(self):
        """√(x²) at 0 is finite with a derivative of 0/0."""
        assert check_gradient(lambda x: jnp.sum(jnp.sqrt(x**2)), np.zeros(2)) == np.inf

    def test_adjoint_of_a_sound_function(self):
        """Sums of a few products in double precision."""
        assert check_adjoint(lambda v: {"a": jnp.sin(v), "b": jnp.cumsum(v)}, np.ones(7)) < 1e-14

    def test_adjoint_of_inconsistent_rules_is_noticed(self):
        @jax.custom_jvp
        def scaled(x):
            return 2 * x

        def transposed_wrongly(v):
            return jax.custom_derivatives.linear_call(
                lambda _, t: 2 * t, lambda _, ct: 2.1 * ct, (), v
            )

        scaled.defjvp(lambda primal, tangent: (2 * primal[0], transposed_wrongly(tangent[0])))
        assert check_adjoint(scaled, np.linspace(1.0, 2.0, 4)) == pytest.approx(0.1 / 2.1, rel=1e-6)


class TestBatchEqualsLoop:
    def test_sound_function(self):
        assert check_batch_equals_loop(lambda v: {"s": jnp.sin(v)}, np.linspace(0, 1, 5)) == 0.0

    def test_a_rule_that_mixes_members_is_noticed(self):
        @jax.custom_batching.custom_vmap
        def identity(x):
            return x

        @identity.def_vmap
        def _(size, batched, x):
            return x[::-1], True

        assert check_batch_equals_loop(identity, np.array([1.0, 2.0])) == 1.0

    def test_a_member_that_fails_only_in_a_batch_is_noticed(self):
        @jax.custom_batching.custom_vmap
        def identity(x):
            return x

        @identity.def_vmap
        def _(size, batched, x):
            return x.at[0].set(jnp.nan), True

        assert check_batch_equals_loop(identity, np.array([1.0, 2.0])) == np.inf
