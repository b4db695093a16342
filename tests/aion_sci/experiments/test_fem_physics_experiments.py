"""Finite-element experiments beyond elasticity, held to the contract and to published values.

All are slow: each compiles its forms for every way in which the contract evaluates it.
"""

from __future__ import annotations

from typing import ClassVar

import pytest

from aion_sci.testing import ExperimentContract


@pytest.mark.slow
class TestHeatTransient(ExperimentContract):
    id = "fem.heat_transient"
    settings: ClassVar = {"resolution": 40}
    points = ({"conductivity": 35.0}, {"conductivity": 60.0})


@pytest.mark.slow
class TestHeatConvection(ExperimentContract):
    id = "fem.heat_convection"
    settings: ClassVar = {"resolution": 20}
    points = ({}, {"heat_transfer": 200.0})


@pytest.mark.slow
class TestTaperedMembraneModes(ExperimentContract):
    id = "fem.tapered_membrane_modes"
    settings: ClassVar = {"resolution": 16}


@pytest.mark.slow
class TestDisk(ExperimentContract):
    id = "fem.laplace_eigenvalue"
    settings: ClassVar = {"resolution": 16}
    points = ({"domain": "disk"},)


@pytest.mark.slow
class TestLShape(ExperimentContract):
    id = "fem.laplace_eigenvalue"
    settings: ClassVar = {"resolution": 16}
    points = ({"domain": "lshape"},)


@pytest.mark.slow
class TestStokesCavity(ExperimentContract):
    id = "fem.stokes_cavity"
    settings: ClassVar = {"resolution": 32}


@pytest.mark.slow
class TestHyperelasticBlock(ExperimentContract):
    id = "fem.hyperelastic_block"
    points = ({"stretch": 1.2},)


@pytest.mark.slow
class TestTopologyBeam(ExperimentContract):
    id = "fem.topology_beam"
    points = ({"volume_fraction": 0.5},)
