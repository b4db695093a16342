"""The periodic flows as experiments: what all owe, and what each must find."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import jax
import numpy as np
import pytest

from aion_kernels.cfd.spectral.flows import kolmogorov_flow, taylor_green_2d, taylor_green_3d
from aion_kernels.core import Outcome
from aion_sci.testing import ExperimentContract


class TestTaylorGreen2D(ExperimentContract):
    id = "cfd.taylor_green_2d"
    settings: ClassVar = {"resolution": 16}
    points = ({"reynolds": 1.0}, {"reynolds": 100.0})


class TestTaylorGreen3D(ExperimentContract):
    """At a Reynolds number that the coarse grids of a test resolve."""

    id = "cfd.taylor_green_3d"
    settings: ClassVar = {"resolution": 16}
    points = ({"reynolds": 10.0, "final_time": 0.5},)

    @pytest.mark.slow
    def test_gradients_are_those_of_the_differences(self) -> None:
        super().test_gradients_are_those_of_the_differences()

    @pytest.mark.slow
    def test_error_bars_cover_the_next_finer_grid(self, tmp_path: Path) -> None:
        super().test_error_bars_cover_the_next_finer_grid(tmp_path)

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path: Path) -> None:
        super().test_references_are_met(tmp_path)


class TestKolmogorovFlow(ExperimentContract):
    """Where the stripes are stable: chaos has neither equal batches nor derivatives."""

    id = "cfd.kolmogorov_flow"
    settings: ClassVar = {"resolution": 24}
    points = ({"reynolds": 5.0},)

    @pytest.mark.slow
    def test_points_are_results_and_a_second_time_they_are_cached(self, tmp_path: Path) -> None:
        super().test_points_are_results_and_a_second_time_they_are_cached(tmp_path)

    @pytest.mark.slow
    def test_batch_equals_loop(self) -> None:
        super().test_batch_equals_loop()

    @pytest.mark.slow
    def test_compiled_equals_eager(self) -> None:
        super().test_compiled_equals_eager()

    @pytest.mark.slow
    def test_gradients_are_those_of_the_differences(self) -> None:
        super().test_gradients_are_those_of_the_differences()

    @pytest.mark.slow
    def test_error_bars_cover_the_next_finer_grid(self, tmp_path: Path) -> None:
        super().test_error_bars_cover_the_next_finer_grid(tmp_path)

    @pytest.mark.slow
    def test_not_a_number_is_never_ok(self) -> None:
        super().test_not_a_number_is_never_ok()

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path: Path) -> None:
        super().test_references_are_met(tmp_path)


@pytest.mark.parametrize("points", [16, 24])
def test_the_plane_vortices_decay_at_the_exact_rate(points):
    solve = jax.jit(lambda reynolds: taylor_green_2d(reynolds, points=points))
    for reynolds in (1.0, 100.0):
        solution = solve(reynolds)
        assert solution.outcome == Outcome.ok
        assert solution.value["decay_rate"] == pytest.approx(2 / reynolds, rel=1e-8)


def test_energy_falls_by_what_is_dissipated():
    """E(0) − E(T) = ∫ε dt, by Simpson's rule at fourth order in a step of T/64."""
    solution = jax.jit(lambda: taylor_green_3d(20.0, 2.0, points=16))()
    time, energy, dissipation = (
        np.asarray(solution.value["fields"][name]) for name in ("time", "energy", "dissipation")
    )
    np.testing.assert_allclose(energy[0], 0.125, rtol=1e-13)
    np.testing.assert_allclose(dissipation[0], 0.75 / 20, rtol=1e-13)
    weights = np.ones(len(time))
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    lost = np.sum(weights * dissipation) * (time[1] - time[0]) / 3
    np.testing.assert_allclose(energy[0] - energy[-1], lost, rtol=1e-7)


@pytest.mark.slow
def test_chaos_has_sampling_errors_that_seeds_confirm():
    """Four runs: their spread about the common mean is what each says of itself.

    χ² of the four, each over its own error squared, has 3 degrees of freedom, and a longer tail
    than its law since the errors are known to a quarter: 25 is out of its reach unless the
    errors are half of what they should be.
    """
    solve = jax.jit(jax.vmap(lambda seed: kolmogorov_flow(40.0, seed, points=36)))
    value = solve(np.arange(4)).value
    for name in ("energy", "mean_dissipation"):
        mean, error = np.asarray(value[name]), np.asarray(value["sampling"][name])
        assert np.all(error > 0)
        assert np.sum(((mean - mean.mean()) / error) ** 2) < 25, (mean, error)


def test_a_grid_too_coarse_for_chaos_is_unresolved():
    solution = jax.jit(lambda: kolmogorov_flow(100.0, 0, points=16))()
    assert solution.outcome == Outcome.unresolved
