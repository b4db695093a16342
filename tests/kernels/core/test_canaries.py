"""The canaries sing here, and each falls silent when its program is wrong."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core import canaries
from aion_kernels.core.canaries import CANARIES, Canary, run_canaries


@pytest.fixture(scope="module")
def results():
    return {result.name: result for result in run_canaries()}


@pytest.mark.parametrize("name", [canary.name for canary in CANARIES])
def test_passes_here(results, name):
    assert results[name].passed, results[name]
    assert results[name].detail == ""


def test_double_precision_is_switched_on_for_them():
    with jax.enable_x64(False):
        (result,) = (r for r in run_canaries() if r.name == "double_precision")
    assert result.passed


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_wrong_last_element_is_noticed(canary: Canary):
    """One element off by 0.2 %, as in jax#39103, wherever in the answer it is."""

    def wrong(*inputs):
        leaves, structure = jax.tree.flatten(canary.compute(*inputs))
        largest = jnp.max(jnp.abs(leaves[0]))
        spoilt = (
            leaves[0]
            .at[(-1,) * leaves[0].ndim]
            .add((jnp.asarray(0.002) * largest + 1).astype(leaves[0].dtype))
        )
        return jax.tree.unflatten(structure, [spoilt, *leaves[1:]])

    result = canaries._run(replace(canary, compute=wrong))
    assert not result.passed
    assert result.worst_difference > canary.tolerance
    assert "differs from NumPy" in result.detail


def example(compute) -> Canary:
    return Canary("example", "nothing", compute, lambda x: x, lambda: (np.ones(3),))


def test_error_is_a_finding_not_a_crash():
    def refuse(x):
        raise RuntimeError("no such instruction")

    result = canaries._run(example(refuse))
    assert not result.passed
    assert result.worst_difference == np.inf
    assert "RuntimeError: no such instruction" in result.detail


@pytest.mark.parametrize(
    "compute",
    [
        pytest.param(lambda x: x[:2], id="shape"),
        pytest.param(lambda x: x.astype(jnp.float32), id="type"),
        pytest.param(lambda x: x.at[0].set(jnp.nan), id="NaN"),
    ],
)
def test_misshapen_answer_is_noticed(compute):
    result = canaries._run(example(compute))
    assert not result.passed
    assert result.worst_difference == np.inf
