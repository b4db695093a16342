"""Equilibria: those of Cantera to 1e-9, elements conserved, derivatives by differences."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core.outcome import Outcome
from aion_kernels.kinetics.equilibrium import equilibrate, equilibria
from aion_kernels.kinetics.mixtures import equivalence_mixture, equivalence_mixtures
from aion_kernels.kinetics.reader import load_cantera, read_mechanism

AIR = "O2:1, N2:3.76"


def compare(file, fuel, hold, ratios):
    """Newton ends at round-off on both sides; 1e-9 leaves room for stiff composition changes."""
    mechanism, gas = read_mechanism(file), load_cantera(file)
    fractions = equivalence_mixtures(mechanism, np.array(ratios), fuel, AIR)
    start = np.full(len(ratios), 300.0)
    found = equilibria(mechanism, start, np.full(len(ratios), 1e5), fractions, hold)
    np.testing.assert_array_equal(found.outcome, Outcome.ok)
    for member, ratio in enumerate(ratios):
        gas.TP = 300.0, 1e5
        gas.set_equivalence_ratio(ratio, fuel, AIR)
        np.testing.assert_allclose(fractions[member], gas.X, atol=1e-15)
        gas.equilibrate(hold, rtol=1e-11, max_steps=5000)
        np.testing.assert_allclose(found.value.temperature[member], gas.T, rtol=1e-9)
        np.testing.assert_allclose(found.value.pressure[member], gas.P, rtol=1e-9)
        share = found.value.amounts[member] / found.value.amounts[member].sum()
        np.testing.assert_allclose(share, gas.X, atol=1e-9)


@pytest.mark.parametrize("hold", ["HP", "UV"])
def test_hydrogen_flames_are_those_of_cantera(hold):
    compare("h2o2.yaml", "H2:1", hold, [0.05, 1.0, 9.0])


@pytest.mark.slow
@pytest.mark.parametrize("hold", ["HP", "UV", "TP"])
def test_hydrocarbon_flames_are_those_of_cantera(hold):
    compare("gri30.yaml", "CH4:0.9, C2H6:0.1", hold, [0.05, 0.3, 1.0, 3.0, 9.0])


@pytest.mark.slow
def test_derivatives_are_those_of_the_differences():
    """By temperature, pressure and equivalence ratio, forward and backward."""
    mechanism = read_mechanism("h2o2.yaml")

    @jax.jit
    def flame(x):
        mixture = equivalence_mixture(mechanism, x[2], "H2:1", AIR)
        return equilibrate(mechanism, x[0], x[1], mixture).value.temperature

    at = jnp.array([400.0, 2e5, 1.1])
    forward, backward = jax.jacfwd(flame)(at), jax.grad(flame)(at)
    np.testing.assert_allclose(forward, backward, rtol=1e-9)
    for index, step in enumerate([0.1, 2e2, 1e-4]):
        move = jnp.zeros(3).at[index].set(step)
        expected = (flame(at + move) - flame(at - move)) / (2 * step)
        # Second-order differences over these steps leave about 1e-6.
        np.testing.assert_allclose(forward[index], expected, rtol=1e-5)


def test_what_cannot_burn_stays_as_it_is():
    """Air alone, cold: absent elements leave no trace of their species."""
    mechanism = read_mechanism("h2o2.yaml")
    fractions = np.zeros((1, mechanism.size))
    fractions[0, mechanism.species.index("N2")] = 0.79
    fractions[0, mechanism.species.index("O2")] = 0.21
    found = equilibria(mechanism, np.array([300.0]), np.array([1e5]), fractions)
    assert found.outcome[0] == Outcome.ok
    np.testing.assert_allclose(found.value.temperature, 300.0, rtol=1e-9)
    np.testing.assert_allclose(
        found.value.amounts[0] / found.value.amounts[0].sum(), fractions[0], atol=1e-12
    )
