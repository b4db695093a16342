"""Codes are ordered by severity, say what to do, and survive compiling."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from aion_kernels.core.outcome import Outcome, finite_outcome, worst
from aion_kernels.estimate import Estimate


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_code_has_a_remedy(outcome):
    assert outcome.remedy


def test_worst_is_taken_element_by_element():
    codes = jnp.array([0, 4, 1], jnp.int32)
    assert jax.jit(worst)(codes, jnp.int32(Outcome.not_converged)).tolist() == [2, 4, 2]


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf, -jnp.inf])
def test_any_leaf_that_is_not_finite_is_found(bad):
    tree = {"count": jnp.arange(3), "field": jnp.array([1.0, bad]), "none": None}
    assert int(jax.jit(finite_outcome)(tree)) == Outcome.non_finite
    assert int(finite_outcome({"count": jnp.arange(3)})) == Outcome.ok


def test_bounds_add_and_sampling_joins_in_quadrature():
    assert Estimate(1.0, discretisation=1.0, sampling=4.0, solver=2.0).error == 5.0


def test_negative_error_is_refused():
    with pytest.raises(ValueError, match="solver error is -1"):
        Estimate(1.0, solver=-1.0)
