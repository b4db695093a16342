"""The molecular dynamics of the catalogue: contracts, published values, bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from aion_kernels.invalid import InvalidInputError
from aion_sci.experiments import find
from aion_sci.testing import ExperimentContract

DATA = Path(__file__).resolve().parents[3] / "datasets" / "md"
ARGON = str(DATA / "lj_sample_config_periodic4.xyz")
WATER = str(DATA / "spce_sample_config_periodic1.xyz")


class TestLennardJonesConfiguration(ExperimentContract):
    id = "md.lennard_jones_configuration"
    points = ({"file": ARGON, "cutoff": 3.0}, {"file": ARGON, "cutoff": 4.0})


class TestEwaldConfiguration(ExperimentContract):
    id = "md.ewald_configuration"
    points = ({"file": WATER},)

    def test_batch_equals_loop(self):
        """A run without numbers is alone in its batch."""


class TestMadelung(ExperimentContract):
    id = "md.madelung"
    points = ({"crystal": "nacl"}, {"crystal": "cscl"}, {"crystal": "zincblende"})

    def test_batch_equals_loop(self):
        """A run without numbers is alone in its batch."""


def test_bad_input_is_refused():
    with pytest.raises(InvalidInputError, match="at most half"):
        find("md.lennard_jones_configuration")(file=ARGON, cutoff=[5.0])
    with pytest.raises(InvalidInputError, match="O, H, H"):
        find("md.ewald_configuration")(file=ARGON)
