"""No NaN, no shape and no type slips through a comparison."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core.compare import largest_difference

ONES = jnp.ones(3)


def test_difference_is_relative_to_the_largest_value_of_its_leaf():
    found = {"a": jnp.array([1.0, 200.0]), "b": jnp.array(1e-3)}
    expected = {"a": jnp.array([3.0, 200.0]), "b": jnp.array(1e-3)}
    assert largest_difference(found, expected) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(ONES, {"a": ONES}, id="tree"),
        pytest.param(ONES, jnp.ones(4), id="shape"),
        pytest.param(ONES, jnp.ones(3, jnp.float32), id="type"),
        pytest.param(ONES.at[0].set(jnp.nan), ONES, id="NaN found"),
        pytest.param(ONES, ONES.at[0].set(jnp.nan), id="NaN expected"),
        pytest.param(ONES.at[0].set(jnp.inf), ONES.at[0].set(-jnp.inf), id="infinities"),
    ],
)
def test_unlike_kinds_are_infinitely_far(found, expected):
    assert largest_difference(found, expected) == np.inf


@pytest.mark.parametrize(
    "value",
    [
        jnp.array([jnp.nan, jnp.inf, 1.0]),
        jnp.zeros(2),
        jnp.zeros((0,)),
        jnp.array([True, False]),
        jnp.array([1 + 2j]),
        jax.random.key(1),
    ],
)
def test_equal_values_are_equal(value):
    assert largest_difference(value, value) == 0.0


def test_unlike_keys_differ():
    assert largest_difference(jax.random.key(1), jax.random.key(2)) > 0
