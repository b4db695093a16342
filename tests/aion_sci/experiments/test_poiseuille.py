"""Flow between plates keeps the contract of an experiment and meets the exact flux."""

from __future__ import annotations

from typing import ClassVar

from aion_sci.testing import ExperimentContract


class TestPoiseuille(ExperimentContract):
    id = "cfd.poiseuille"
    settings: ClassVar = {"resolution": 16}
    points: ClassVar = ({}, {"height": 2.0, "pressure_gradient": 10.0, "viscosity": 0.01})
