"""The lid-driven cavity keeps the contract of an experiment and meets its published values."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from aion_sci.testing import ExperimentContract


class TestLidCavity(ExperimentContract):
    id = "cfd.lid_cavity"
    settings: ClassVar = {"resolution": 32}
    points: ClassVar = ({"reynolds": 50.0}, {"reynolds": 100.0})

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path: Path):
        super().test_references_are_met(tmp_path)
