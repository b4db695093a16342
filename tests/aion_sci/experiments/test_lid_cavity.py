"""The lid-driven cavity keeps the contract of an experiment and meets its published values."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from aion_sci.testing import ExperimentContract


class TestLidCavity(ExperimentContract):
    id = "cfd.lid_cavity"
    # The least grid whose ladder resolves all four observables; from 50 on, v_min takes 64.
    settings: ClassVar = {"resolution": 48}
    points: ClassVar = ({"reynolds": 20.0},)

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path: Path):
        super().test_references_are_met(tmp_path)

    @pytest.mark.slow
    def test_compiled_equals_eager(self) -> None:
        super().test_compiled_equals_eager()

    @pytest.mark.slow
    def test_error_bars_cover_the_next_finer_grid(self, tmp_path: Path) -> None:
        super().test_error_bars_cover_the_next_finer_grid(tmp_path)
