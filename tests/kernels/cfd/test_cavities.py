"""The cavities: published values, symmetry, balances, batches and gradients."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml

from aion_kernels.cfd.cavities import heated_cavity, heated_cavity_equations, lid_cavity
from aion_kernels.cfd.steady import steady_state
from aion_kernels.core.outcome import Outcome

DATA = Path(__file__).parents[3] / "datasets" / "cfd" / "cavities.yaml"
REFERENCES = yaml.safe_load(DATA.read_text())
RAYLEIGH = jnp.array([1e3, 1e4, 1e5])
NAMES = ("nusselt", "u_max", "v_max")


@cache
def heated(cells: int = 32):
    """One batch of three Rayleigh numbers."""
    solution = jax.jit(jax.vmap(lambda ra: heated_cavity(ra, 0.71, cells=cells)))(RAYLEIGH)
    assert np.all(solution.outcome == Outcome.ok)
    return solution


@cache
def lid(cells: int = 32):
    solution = jax.jit(jax.vmap(lambda re: lid_cavity(re, cells=cells)))(jnp.array([100.0, 400.0]))
    assert np.all(solution.outcome == Outcome.ok)
    return solution


class TestHeatedCavity:
    def test_published_values(self):
        """2 %: the error of the scheme at 32 cells without extrapolation (Nu: 0.5 %)."""
        published = REFERENCES["heated_cavity"][0]["values"]
        for name in NAMES:
            expected = [row[name] for row in published]
            tolerance = 0.005 if name == "nusselt" else 0.02
            np.testing.assert_allclose(heated().value[name], expected, rtol=tolerance)

    def test_centre_symmetry(self):
        """Turned by 180°, hot becomes cold and up becomes down; 1e-7 is the solver's tolerance
        times velocities of up to 70."""
        fields = heated().value["fields"]
        turned = {name: np.asarray(f)[:, ::-1, ::-1] for name, f in fields.items() if f.ndim == 3}
        np.testing.assert_allclose(turned["u"], -fields["u"], atol=1e-7)
        np.testing.assert_allclose(turned["v"], -fields["v"], atol=1e-7)
        np.testing.assert_allclose(turned["temperature"], 1 - fields["temperature"], atol=1e-9)

    def test_heat_that_enters_leaves(self):
        """In steady state both side walls pass the same heat; 1e-8 is the solver's tolerance."""
        flow, _, _ = heated_cavity_equations(1e4, cells=32)
        horizontal, vertical = flow.grid.axes
        temperature = heated().value["fields"]["temperature"]
        cold = 2 / horizontal.widths[-1] * (temperature[:, -1] @ vertical.widths)
        np.testing.assert_allclose(cold, heated().value["nusselt"], rtol=1e-8)

    def test_batch_equals_loop(self):
        """1e-8: each is solved to 1e-10, in a batch or alone."""
        alone = jax.jit(lambda ra: heated_cavity(ra, 0.71, cells=32))
        for number, rayleigh in enumerate(RAYLEIGH):
            for name in NAMES:
                one = alone(rayleigh).value[name]
                assert one == pytest.approx(float(heated().value[name][number]), rel=1e-8)

    @pytest.mark.slow
    def test_gradients_match_differences(self):
        """Forward, reverse and central differences with respect to both parameters.

        1e-6: differences with steps of 1e-4 of the value, of a solution good to 1e-10.
        """

        def observed(point):
            value = heated_cavity(point[0], point[1], cells=16).value
            return jnp.stack([value[name] for name in NAMES])

        point = jnp.array([2e4, 0.71])
        forward = jax.jit(jax.jacfwd(observed))(point)
        reverse = jax.jit(jax.jacrev(observed))(point)
        np.testing.assert_allclose(reverse, forward, rtol=1e-8)
        batch = jax.jit(jax.vmap(observed))
        for column, scale in enumerate(point):
            step = jnp.zeros(2).at[column].set(1e-4 * scale)
            up, down = batch(jnp.stack([point + step, point - step]))
            np.testing.assert_allclose(forward[:, column], (up - down) / (2e-4 * scale), rtol=1e-6)

    def test_single_precision(self):
        """1e-3: single precision with the condition of the pressure equation."""
        rayleigh = jnp.asarray(1e4, jnp.float32)
        solution = jax.jit(lambda ra: heated_cavity(ra, cells=16))(rayleigh)
        double = jax.jit(lambda ra: heated_cavity(ra, cells=16))(1e4)
        assert int(solution.outcome) == Outcome.ok
        for name in NAMES:
            assert solution.value[name].dtype == jnp.float32
            assert solution.value[name] == pytest.approx(float(double.value[name]), rel=1e-3)

    @pytest.mark.slow
    def test_far_beyond_the_box_still_converges(self):
        """Rayleigh 1e7 from rest: Nu 16.52 (Le Quéré), 2 % on 48 cells."""
        solution = jax.jit(lambda ra: heated_cavity(ra, cells=48))(1e7)
        assert int(solution.outcome) == Outcome.ok
        assert solution.value["nusselt"] == pytest.approx(16.52, rel=0.02)


class TestLidCavity:
    @pytest.mark.parametrize(("member", "reynolds"), [(0, 100), (1, 400)])
    def test_ghia_profile(self, member, reynolds):
        """0.015 of the lid's speed: 1 % of the table and 32 cells, not extrapolated."""
        table = REFERENCES["lid_cavity"][1]
        fields = lid().value["fields"]
        middle = 0.5 * (fields["u"][member, 15] + fields["u"][member, 16])
        found = np.interp(table["y"], fields["y"][member], middle)
        np.testing.assert_allclose(found, table["u"][reynolds], atol=0.015)

    def test_streamfunction_is_zero_on_the_walls_and_negative_inside(self):
        """The lid drives one clockwise vortex; ψ of the corner eddies stays below 1e-3."""
        streamfunction = lid().value["fields"]["streamfunction"]
        assert np.all(streamfunction < 1e-3)
        minimum = streamfunction.min(axis=(1, 2))
        np.testing.assert_allclose(lid().value["psi_min"], minimum, rtol=0.02)

    @pytest.mark.slow
    def test_botella_peyret(self):
        """Richardson over 48 and 64 cells against spectral values; 0.1 % is the target."""
        values = [
            jax.jit(lambda re, cells=cells: lid_cavity(re, cells=cells))(1000.0).value
            for cells in (48, 64)
        ]
        expected = REFERENCES["lid_cavity"][0]["values"][0]
        for name in ("u_min", "v_max", "v_min", "psi_min"):
            coarse, fine = (float(value[name]) for value in values)
            extrapolated = fine + (fine - coarse) / ((64 / 48) ** 2 - 1)
            assert extrapolated == pytest.approx(expected[name], rel=1e-3)


@pytest.mark.slow
def test_nested_batches():
    """A batch of batches runs the same iteration, if not in lockstep; 1e-8 as above."""
    grid = jnp.array([[1e3, 3e3], [1e4, 3e4]])

    def nusselt(rayleigh):
        return heated_cavity(rayleigh, cells=8).value["nusselt"]

    nested = jax.jit(jax.vmap(jax.vmap(nusselt)))(grid)
    flat = jax.jit(jax.vmap(nusselt))(grid.ravel())
    np.testing.assert_allclose(nested.ravel(), flat, rtol=1e-8)


def test_time_scale_and_start_carry_no_derivative():
    """The steady state does not depend on the way to it."""
    flow, start, time_scale = heated_cavity_equations(1e3, cells=8)

    def total(time_scale, start):
        return jnp.sum(steady_state(flow, start, time_scale).value.temperature)

    slopes = jax.jit(jax.grad(total, argnums=(0, 1)))(time_scale, start)
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(slopes))
