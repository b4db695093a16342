"""The bound of a ladder of grids holds, and a ladder that shows nothing says so."""

from __future__ import annotations

import numpy as np
import pytest

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.refinement import observed_order_of_three, richardson

SEED = 20260522
SIZES = [1 / 16, 1 / 32, 1 / 64]


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0, 4.0, 6.0])
@pytest.mark.parametrize("sizes", [[4, 2, 1], [1, 0.7, 0.4], [1 / 24, 1 / 36, 1 / 48]])
def test_exact_power_is_found_and_removed(order, sizes):
    """No other terms, so value and order are exact but for round-off in differences of 1e-9."""
    h = np.asarray(sizes)
    result = richardson(3.0 + 0.2 * h**order, h, order=order)
    assert result.outcome == Outcome.ok
    assert result.observed_order == pytest.approx(order, rel=1e-5)
    assert result.value == pytest.approx(3.0, abs=1e-12)
    assert abs(result.value - 3.0) <= result.error


def test_error_is_the_grid_convergence_index():
    """Roache's index for r = 2, p = 2: 1.25 |f₃ − f₂| / 3, relative to nothing."""
    result = richardson([1.16, 1.04, 1.01], [4, 2, 1], order=2)
    assert result.error == pytest.approx(1.25 * 0.03 / 3, rel=1e-6)
    assert result.value == pytest.approx(1.0, rel=1e-12)


def test_published_example():
    """Celik et al. 2008, table 1: φ = 5.863, 5.972, 6.063 on 4500, 8000, 18000 cells give p = 1.53.

    To 1e-2, since the paper prints three digits of each value.
    """
    sizes = np.array([4500, 8000, 18000]) ** -0.5
    assert observed_order_of_three([5.863, 5.972, 6.063], sizes) == pytest.approx(1.53, abs=1e-2)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("ratio", [1.4, 2.0])
def test_bound_covers_polynomial_errors(order, ratio):
    """Random higher terms, as large as the leading one: of the ladders accepted, 95 % are covered.

    30,000 ladders of a seeded sample, the coarsest cells from 0.03 to 0.6 of the length on which
    the terms are alike.
    """
    random = np.random.default_rng(SEED)
    accepted, covered = [], []
    for coarsest in np.geomspace(0.03, 0.6, 15):
        h = coarsest * ratio ** -np.arange(3.0)
        truth, *terms = random.normal(size=(4, 2000))
        powers = h[:, None] ** order
        values = truth + powers * (terms[0] + terms[1] * h[:, None] + terms[2] * h[:, None] ** 2)
        result = richardson(values, h, order=order)
        accepted.append(result.outcome == Outcome.ok)
        covered.append(np.abs(result.value - truth) <= result.error)
    accepted, covered = np.array(accepted), np.array(covered)
    assert accepted.mean() > 0.5
    assert covered[accepted].mean() >= 0.95


def trapezoid(f, cells: int) -> float:
    x = np.linspace(0, 1, cells + 1)
    return float(np.trapezoid(f(x), x))


def upwind_decay(rate: float, cells: int) -> float:
    """Implicit Euler for u' = −rate·u at t = 1."""
    return (1 + rate / cells) ** -cells


def central_boundary_layer(peclet: float, cells: int) -> float:
    """Mid-point value of Pe u' = u'' with u(0) = 0, u(1) = 1, by central differences."""
    ratio = (2 + peclet / cells) / (2 - peclet / cells)
    return (ratio ** (cells // 2) - 1) / (ratio**cells - 1)


def layer_exact(peclet: float) -> float:
    return float(np.expm1(peclet / 2) / np.expm1(peclet))


FAMILIES = (
    [
        (2, lambda n, k=k: trapezoid(lambda x: np.exp(k * x), n), np.expm1(k) / k)
        for k in (0.5, 2, 5, 9, 15)
    ]
    + [
        (2, lambda n, k=k: trapezoid(lambda x: np.sin(k * x), n), (1 - np.cos(k)) / k)
        for k in (1, 3, 7, 13, 29)
    ]
    + [(1, lambda n, k=k: upwind_decay(k, n), float(np.exp(-k))) for k in (0.3, 1, 3, 6, 12)]
    + [(2, lambda n, k=k: central_boundary_layer(k, n), layer_exact(k)) for k in (0.5, 2, 5, 9, 14)]
)


def test_bound_covers_real_discretisations():
    """Quadrature, time stepping and a boundary layer, from far too coarse to fine.

    At least 90 % of the accepted ladders hold their bound, and most ladders are accepted.
    """
    accepted, covered = [], []
    for order, solve, exact in FAMILIES:
        for cells in (8, 12, 16, 32, 64):
            grids = np.array([cells, 2 * cells, 4 * cells])
            result = richardson([solve(int(n)) for n in grids], 1 / grids, order=order)
            accepted.append(result.outcome == Outcome.ok)
            covered.append(abs(result.value - exact) <= result.error)
    accepted, covered = np.array(accepted), np.array(covered)
    assert accepted.mean() > 0.7
    assert covered[accepted].mean() >= 0.9


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([1.0, 1.5, 1.75], id="order 1 where 2 is stated"),
        pytest.param([1.0, 1.5, 1.5 + 0.5 / 16], id="order 4 where 2 is stated"),
        pytest.param([1.0, 1.5, 1.3], id="alternating"),
        pytest.param([1.0, 1.1, 1.5], id="growing"),
        pytest.param([1.0, 1.0, 1.5], id="the finest pair only differs"),
    ],
)
def test_wrong_order_is_unresolved(values):
    result = richardson(values, SIZES, order=2)
    assert result.outcome == Outcome.unresolved
    assert result.value == values[-1]
    largest = max(abs(values[0] - values[1]), abs(values[1] - values[2]))
    assert result.error == pytest.approx(3 * largest)


def test_orders_at_the_edge():
    """Within 30 % of the stated order passes, just beyond does not, on either side."""
    h = np.asarray(SIZES)
    for factor, outcome in [
        (0.69, Outcome.unresolved),
        (0.71, Outcome.ok),
        (1.29, Outcome.ok),
        (1.31, Outcome.unresolved),
    ]:
        assert richardson(h ** (2 * factor), h, order=2).outcome == outcome


def test_differences_below_noise_are_converged():
    result = richardson([2.0, 2.0 + 3e-9, 2.0 + 1e-9], SIZES, order=2, noise=2e-9)
    assert result.outcome == Outcome.ok
    assert result.value == 2.0 + 1e-9
    assert 2e-9 <= result.error <= 6e-9


def test_equal_values_are_converged_to_round_off():
    result = richardson([2.0, 2.0, 2.0], SIZES, order=2)
    assert result.outcome == Outcome.ok
    assert result.value == 2.0
    assert result.error < 1e-14


def test_noise_may_explain_a_wrong_order():
    """With differences of 4e-6 and 2e-6 known to ±1e-6, order 2 cannot be excluded."""
    values = 1.0 + np.array([6e-6, 2e-6, 0.0])
    quiet = richardson(values, SIZES, order=2, negligible=0.0)
    assert quiet.outcome == Outcome.unresolved
    noisy = richardson(values, SIZES, order=2, noise=5e-7, negligible=0.0)
    assert noisy.outcome == Outcome.ok
    assert noisy.error > 5e-7


@pytest.mark.parametrize("order", [1, 2, 4])
def test_bound_covers_under_noise(order):
    """Values off by up to the stated noise: what is accepted is covered in 95 % of ladders."""
    random = np.random.default_rng(SEED)
    h = np.array(SIZES)[:, None]
    noise = 10 ** random.uniform(-9, -3, 4000)
    values = 1 + random.normal(size=4000) * h**order
    values = values + noise * random.uniform(-1, 1, values.shape)
    result = richardson(values, SIZES, order=order, noise=noise)
    accepted = result.outcome == Outcome.ok
    assert accepted.mean() > 0.9
    assert (np.abs(result.value - 1) <= result.error)[accepted].mean() >= 0.95


def test_negligible_differences_need_no_order():
    """Two terms cancel: the order shows nothing, but neither does it matter at 1e-5."""
    values = [1.0, 1.0 + 1e-5, 1.0 - 1e-5]
    result = richardson(values, SIZES, order=2)
    assert result.outcome == Outcome.ok
    assert result.value == values[-1]
    assert result.error == pytest.approx(6e-5)
    assert richardson(values, SIZES, order=2, negligible=1e-6).outcome == Outcome.unresolved


def test_superconvergence_is_flagged():
    """A leading term that vanishes by accident is no reason to trust the next one."""
    h = np.asarray(SIZES)
    result = richardson(1 + 5 * h**4, h, order=2, negligible=1e-6)
    assert result.outcome == Outcome.unresolved
    assert result.observed_order == pytest.approx(4)


class TestSpectral:
    def test_error_is_the_last_difference(self):
        result = richardson([1.1, 1.01, 1.0101], SIZES, order=None)
        assert result.outcome == Outcome.ok
        assert result.value == 1.0101
        assert result.error == pytest.approx(1e-4)
        assert np.isnan(result.observed_order)

    def test_two_grids_suffice(self):
        assert richardson([1.0, 1.1], [2, 1], order=None).error == pytest.approx(0.1)

    def test_growing_differences_are_unresolved(self):
        result = richardson([1.0, 1.1, 1.5], SIZES, order=None)
        assert result.outcome == Outcome.unresolved
        assert result.error == pytest.approx(1.2)


def test_arrays_are_treated_element_by_element():
    h = np.asarray(SIZES)[:, None]
    values = np.concatenate([1 + h**2, 1 + h, 1 + np.full_like(h, np.nan)], axis=1)
    result = richardson(values, SIZES, order=2)
    assert result.value.shape == (3,)
    assert result.outcome.tolist() == [Outcome.ok, Outcome.unresolved, Outcome.non_finite]
    assert result.outcome.dtype == np.int32
    assert np.isnan(result.value[2])
    alone = richardson(values[:, 0], SIZES, order=2)
    assert alone.value == result.value[0]


def test_more_grids_than_three_use_the_finest():
    h = np.array([1 / 4, *SIZES])
    values = 1 + h**2
    values[0] = 17.0
    assert richardson(values, h, order=2) == richardson(values[1:], h[1:], order=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [2, 1], 2), "2 grids are given; the error needs at least 3"),
        (([1, 2, 3], [2, 1], 2), r"sizes has shape \(2,\)"),
        (([1, 2, 3], [1, 2, 3], 2), "positive and decreasing"),
        (([1, 2, 3], [2, 1, 0], 2), "positive and decreasing"),
        (([1, 2, 3], [3, 2, 1], 0), "order is 0"),
    ],
)
def test_malformed_ladder_is_named(arguments, message):
    values, sizes, order = arguments
    with pytest.raises(ValueError, match=message):
        richardson(values, sizes, order=order)


def test_negative_noise_is_refused():
    with pytest.raises(ValueError, match="noise is -1"):
        richardson([1, 2, 3], [3, 2, 1], order=1, noise=-1)
