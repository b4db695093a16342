"""Rates and their derivatives: those of Cantera, for every mechanism that ships with it.

1e-10 relative to what creation and destruction of a species turn over is far above round-off
(1e-14) and far below any error of physics: nothing but the same formula passes.
"""

from __future__ import annotations

from pathlib import Path

import cantera
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.invalid import InvalidInputError
from aion_kernels.kinetics.mechanism import GAS_CONSTANT
from aion_kernels.kinetics.rates import production_rates, rates_with_derivatives
from aion_kernels.kinetics.reader import from_cantera, load_cantera, read_mechanism
from aion_kernels.kinetics.thermodynamics import enthalpy, entropy, heat_capacity

cantera.suppress_thermo_warnings()

EVERY_RATE = str(Path(__file__).with_name("every_rate.yaml"))
STATES = [(300.0, 1e5), (800.0, 1e6), (1500.0, 1e4), (2500.0, 5e6)]
EXAMPLES = "example_data/"
SHIPPED = [
    ("gri30.yaml", ""),
    ("gri30_highT.yaml", ""),
    ("gri30_ion.yaml", "gas"),
    ("air.yaml", ""),
    ("airNASA9.yaml", ""),
    ("SiF4_NH3_mec.yaml", "gas"),
    ("ohn.yaml", ""),
    ("ptcombust.yaml", "gas"),
    ("nDodecane_Reitz.yaml", "nDodecane_IG"),
    (EXAMPLES + "ammonia-CO-H2-Alzueta-2023.yaml", "baseline"),
    (EXAMPLES + "n-hexane-NUIG-2015.yaml", ""),
]

rates = jax.jit(production_rates)
derivatives = jax.jit(rates_with_derivatives)


def at_states(gas):
    """Random compositions, every species there, at each of the states."""
    generator = np.random.default_rng(1)
    for temperature, pressure in STATES:
        gas.TPY = temperature, pressure, generator.dirichlet(np.full(gas.n_species, 0.3))
        yield jnp.asarray(temperature), jnp.asarray(gas.concentrations)


def check_rates(file, phase=""):
    gas = load_cantera(file, phase)
    mechanism = from_cantera(gas)
    for temperature, concentrations in at_states(gas):
        tables = mechanism.thermodynamics
        at_reference = gas.standard_entropies_R + np.log(gas.P / gas.reference_pressure)
        for ours, theirs in (
            (heat_capacity(tables, temperature), gas.standard_cp_R),
            (enthalpy(tables, temperature), gas.standard_enthalpies_RT),
            (entropy(tables, temperature), at_reference),
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
        if gas.n_reactions:
            found = np.asarray(rates(mechanism, temperature, concentrations))
            turnover = gas.creation_rates + gas.destruction_rates
            assert np.all(np.abs(found - gas.net_production_rates) <= 1e-10 * turnover), file


@pytest.mark.parametrize("file", ["h2o2.yaml", EVERY_RATE])
def test_rates_are_those_of_cantera(file):
    check_rates(file)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "phase"), SHIPPED)
def test_rates_of_every_mechanism_that_ships(file, phase):
    check_rates(file, phase)


@pytest.mark.parametrize("file", ["h2o2.yaml", pytest.param("gri30.yaml", marks=pytest.mark.slow)])
def test_derivatives_by_concentration_are_those_of_cantera(file):
    """Falloff reactions apart, where Cantera takes differences by [M]."""
    whole = load_cantera(file)
    plain = [r for r in whole.reactions() if not r.rate.type.startswith("falloff")]
    gas = cantera.Solution(
        thermo="ideal-gas", kinetics="gas", species=whole.species(), reactions=plain
    )
    mechanism = from_cantera(gas)
    for temperature, concentrations in at_states(gas):
        _, _, found = derivatives(mechanism, temperature, concentrations)
        theirs = gas.net_production_rates_ddCi
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(found, theirs, rtol=1e-10, atol=1e-12 * scale)


def test_derivatives_are_those_of_the_differences():
    """Every kind of rate; central differences of fourth order are good to about 1e-9."""
    mechanism = read_mechanism(EVERY_RATE)
    gas = load_cantera(EVERY_RATE)
    gas.TPX = 1200.0, 3e5, dict.fromkeys(gas.species_names, 1.0)
    temperature, concentrations = jnp.asarray(1200.0), jnp.asarray(gas.concentrations)
    found, by_temperature, by_amount = derivatives(mechanism, temperature, concentrations)
    np.testing.assert_allclose(found, rates(mechanism, temperature, concentrations), rtol=1e-12)

    def difference(move, step):
        weights = ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))
        return sum(w * np.asarray(rates(mechanism, *move(n * step))) for n, w in weights) / (
            12 * step
        )

    expected = difference(lambda h: (temperature + h, concentrations), 0.5)
    np.testing.assert_allclose(by_temperature, expected, rtol=1e-7, atol=1e-9 * abs(expected).max())
    for species in range(mechanism.size):
        expected = difference(
            lambda h, k=species: (temperature, concentrations.at[k].add(h)),
            1e-3 * float(concentrations[species]),
        )
        column = by_amount[:, species]
        np.testing.assert_allclose(column, expected, rtol=1e-7, atol=1e-8 * abs(expected).max())


def test_scaled_constants_scale_progress():
    """Twice every rate constant, whatever its kind, is twice every production rate."""
    mechanism = read_mechanism(EVERY_RATE)
    gas = load_cantera(EVERY_RATE)
    state = jnp.asarray(gas.T), jnp.asarray(gas.concentrations)
    twice = mechanism.scaled(jnp.full(len(mechanism.equations), 2.0))
    np.testing.assert_allclose(rates(twice, *state), 2 * rates(mechanism, *state), rtol=1e-12)


def test_a_rate_from_elsewhere_enters_with_its_gradient():
    """d(progress)/d(ln A) is the progress itself, through the mechanism and out again."""
    mechanism = read_mechanism("h2o2.yaml")
    factor, exponent, theta = mechanism.arrhenius[2]

    @jax.jit
    def made(log_factor):
        other = mechanism.with_arrhenius(2, jnp.exp(log_factor), exponent, theta)
        return production_rates(other, jnp.asarray(1500.0), jnp.full(mechanism.size, 1e-3))[1]

    without = mechanism.with_arrhenius(2, jnp.asarray(0.0), exponent, theta)
    total = made(jnp.log(factor))
    rest = rates(without, jnp.asarray(1500.0), jnp.full(mechanism.size, 1e-3))[1]
    np.testing.assert_allclose(jax.jacfwd(made)(jnp.log(factor)), total - rest, rtol=1e-9)


def test_other_thermodynamics_than_nasa():
    """Shomate's polynomials and a constant heat capacity, in the nine coefficients of NASA."""
    gas = cantera.Solution(
        yaml="""
phases:
- {name: gas, thermo: ideal-gas, elements: [N, O], species: [N2, O2]}
species:
- name: N2
  composition: {N: 2}
  thermo:
    model: Shomate
    temperature-ranges: [298.0, 1000.0, 3000.0]
    data:
    - [26.092, 8.218801, -1.976141, 0.159274, 0.044434, -7.98923, 221.02]
    - [22.4, 8.5, -1.7, 0.13, 0.2, -9.1, 220.0]
- name: O2
  composition: {O: 2}
  thermo: {model: constant-cp, T0: 300 K, h0: 2.0 kJ/mol, s0: 205 J/mol/K, cp0: 30 J/mol/K}
"""
    )
    mechanism = from_cantera(gas)
    for temperature in (400.0, 1700.0):
        gas.TP = temperature, gas.reference_pressure
        tables, at = mechanism.thermodynamics, jnp.asarray(temperature)
        np.testing.assert_allclose(heat_capacity(tables, at), gas.standard_cp_R, rtol=1e-12)
        np.testing.assert_allclose(enthalpy(tables, at), gas.standard_enthalpies_RT, rtol=1e-12)
        np.testing.assert_allclose(entropy(tables, at), gas.standard_entropies_R, rtol=1e-12)


@pytest.mark.parametrize(
    ("file", "phase", "names"),
    [
        (EXAMPLES + "ammonia-CO-H2-Alzueta-2023.yaml", "linear-Burke", "linear-Burke"),
        ("ptcombust.yaml", "Pt_surf", "ideal-surface"),
        ("no_such_mechanism.yaml", "", "no_such_mechanism.yaml"),
    ],
)
def test_what_is_not_supported_is_named(file, phase, names):
    with pytest.raises(InvalidInputError, match=names):
        read_mechanism(file, phase)


def test_gas_constant_is_that_of_cantera():
    assert cantera.gas_constant == GAS_CONSTANT
