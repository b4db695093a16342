"""The molecular dynamics of the catalogue: contracts, published values, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aion_kernels.core.outcome import Outcome
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


class TestLennardJonesFluid(ExperimentContract):
    id = "md.lennard_jones_fluid"
    points = ({"temperature": 2.0, "density": 0.5, "particles": 125, "duration": 30.0},)

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path: Path) -> None:
        super().test_references_are_met(tmp_path)

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    def test_nist_state_points(self) -> None:
        """Liquids at T* = 0.85, to three standard errors of ours; NIST's own are far smaller."""
        published = {
            "potential_energy": [-5.5121, -6.0305],
            "pressure": [6.7714e-3, 1.2660],
        }
        found = find(self.id)(
            temperature=np.full(2, 0.85),
            density=np.array([0.776, 0.860]),
            particles=np.full(2, 500),
            duration=np.full(2, 60.0),
            seed=np.array([11, 12]),
        )
        assert np.all(np.asarray(found.outcome) == Outcome.ok)
        for name, values in published.items():
            error = np.hypot(found.sampling[name], found.solver[name])
            assert np.all(np.abs(found.observables[name] - values) < 3 * error), name


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
    crowded = {"temperature": [0.85], "density": [0.9], "particles": [64], "duration": [10.0]}
    with pytest.raises(InvalidInputError, match="more particles"):
        find("md.lennard_jones_fluid")(
            **{name: np.array(value) for name, value in crowded.items()}, seed=np.array([0])
        )
