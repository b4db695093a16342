"""The heated cavity keeps the contract of an experiment and meets its published values."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from aion_sci.experiments import find
from aion_sci.testing import ExperimentContract


class TestHeatedCavity(ExperimentContract):
    id = "cfd.heated_cavity"
    settings: ClassVar = {"resolution": 32}
    points: ClassVar = ({"rayleigh": 2e3}, {"rayleigh": 1e4, "prandtl": 7.0})

    @pytest.mark.slow
    def test_compiled_equals_eager(self) -> None:
        super().test_compiled_equals_eager()

    @pytest.mark.slow
    def test_error_bars_cover_the_next_finer_grid(self, tmp_path: Path) -> None:
        super().test_error_bars_cover_the_next_finer_grid(tmp_path)


def test_box_of_the_demonstration_lies_inside():
    """The question that ships with the workbench varies Rayleigh from 1e3 to 1e6."""
    rayleigh = find("cfd.heated_cavity").parameter("rayleigh")
    assert rayleigh.low <= 1e3
    assert rayleigh.high >= 1e6


def test_estimated_cost_grows_with_the_grid():
    """A direct solve costs n³ on n² cells, so a doubled grid costs about 8 times as much."""
    cavity = find("cfd.heated_cavity")
    costs = [cavity.estimated_seconds({"resolution": n}) for n in (32, 64, 128)]
    np.testing.assert_allclose(np.divide(costs[1:], costs[:-1]), 8)
