"""The stability of channel flow and of a heated layer: contract, published values, exact cases."""

from __future__ import annotations

from typing import ClassVar

from aion_sci.testing import ExperimentContract


class TestOrrSommerfeld(ExperimentContract):
    id = "cfd.orr_sommerfeld"
    settings: ClassVar = {"resolution": 64}
    points: ClassVar = ({}, {"reynolds": 3000.0, "alpha": 1.1})


class TestRayleighBenard(ExperimentContract):
    id = "cfd.rayleigh_benard"
    settings: ClassVar = {"resolution": 16}
    points: ClassVar = ({}, {"rayleigh": 1e4, "prandtl": 7.0, "wavenumber": 5.0})
