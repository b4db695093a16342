"""`fem.poisson`, `fem.cook_membrane`, `fem.elliptic_membrane`: contract, references, referee."""

from __future__ import annotations

import pytest

from aion_sci.testing import ExperimentContract


class TestPoisson(ExperimentContract):
    id = "fem.poisson"
    settings = {"resolution": 16}
    points = ({}, {"diffusivity": 20.0, "source": -3.0})

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path):
        super().test_references_are_met(tmp_path)


@pytest.mark.slow
class TestCookMembrane(ExperimentContract):
    id = "fem.cook_membrane"
    settings = {"resolution": 16}
    points = ({}, {"young_modulus": 70.0, "poisson_ratio": 0.1})


@pytest.mark.slow
class TestEllipticMembrane(ExperimentContract):
    id = "fem.elliptic_membrane"
    settings = {"resolution": 16}
    points = ({}, {"poisson_ratio": 0.2, "pressure": -4.0})
