"""Compositions as text, and equivalence ratios as Cantera's."""

from __future__ import annotations

import numpy as np
import pytest

from aion_kernels.invalid import InvalidInputError
from aion_kernels.kinetics.mixtures import equivalence_mixture, parse_composition
from aion_kernels.kinetics.reader import load_cantera, read_mechanism


@pytest.mark.parametrize("ratio", [0.1, 1.0, 7.0])
@pytest.mark.parametrize(
    ("fuel", "oxidizer"),
    [
        ("CH4:1", "O2:1, N2:3.76"),
        ("CH3OH:0.7, C2H6:0.2, N2:0.1", "O2:0.2, CO2:0.1, AR:0.7"),
        ("H2:1, CO:1, O2:0.1", "N2O:1"),
    ],
)
def test_equivalence_ratio_is_that_of_cantera(ratio, fuel, oxidizer):
    """The same mole fractions to round-off, oxygen in the fuel and diluents included."""
    mechanism, gas = read_mechanism("gri30.yaml"), load_cantera("gri30.yaml")
    gas.set_equivalence_ratio(ratio, fuel, oxidizer)
    found = equivalence_mixture(mechanism, ratio, fuel, oxidizer)
    np.testing.assert_allclose(found, gas.X, rtol=1e-12, atol=1e-15)


def test_a_name_alone_counts_as_one():
    mechanism = read_mechanism("h2o2.yaml")
    np.testing.assert_array_equal(
        parse_composition(mechanism, "H2, O2: 3"), parse_composition(mechanism, "H2:1;O2:3")
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [("H3:1", "H3"), ("H2:-1", "-1"), ("H2:much", "much"), ("", "empty"), ("H2:nan", "nan")],
)
def test_a_bad_composition_is_refused(text, told):
    with pytest.raises(InvalidInputError, match=told):
        parse_composition(read_mechanism("h2o2.yaml"), text)


@pytest.mark.parametrize(
    ("fuel", "oxidizer", "told"),
    [("N2:1", "O2:1", "fuel 'N2:1'"), ("H2:1", "N2:1", "oxidizer 'N2:1'")],
)
def test_what_cannot_burn_is_refused(fuel, oxidizer, told):
    with pytest.raises(InvalidInputError, match=told):
        equivalence_mixture(read_mechanism("h2o2.yaml"), 1.0, fuel, oxidizer)
