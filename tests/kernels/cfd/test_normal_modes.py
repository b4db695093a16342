"""Normal modes between plates, against exact and published values."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.eigenvalues import leading_symmetric, rightmost
from aion_kernels.cfd.galerkin import PolynomialBasis, inner_products
from aion_kernels.cfd.normal_modes import orr_sommerfeld, rayleigh_benard
from aion_kernels.core.outcome import Outcome


def numbers(*values: float, dtype=jnp.float64) -> tuple[jax.Array, ...]:
    return tuple(jnp.asarray(value, dtype) for value in values)


@pytest.mark.parametrize("ends", ["pinned", "clamped"])
def test_polynomials_meet_the_walls(ends):
    """Values (and slopes) vanish at both ends; 1e-13 is round-off of sums of order one."""
    basis = PolynomialBasis(ends, 12)
    walls = np.array([-1.0, 1.0])
    for derivative in range(2 if ends == "clamped" else 1):
        assert np.abs(basis.values(derivative, walls)).max() < 1e-13


def test_highest_derivatives_are_orthonormal():
    """By construction; and the weight of a product is integrated exactly."""
    pinned, clamped = PolynomialBasis("pinned", 9), PolynomialBasis("clamped", 9)
    np.testing.assert_allclose(inner_products(pinned, pinned, (1, 1)), np.eye(9), atol=1e-13)
    np.testing.assert_allclose(inner_products(clamped, clamped, (2, 2)), np.eye(9), atol=1e-13)
    by_parts = inner_products(clamped, pinned, (1, 0), (0.0, 1.0))
    by_parts += inner_products(clamped, pinned, (0, 1), (0.0, 1.0))
    by_parts += inner_products(clamped, pinned, (0, 0))
    assert np.abs(by_parts).max() < 1e-13, "∫ (y φψ)′ = 0"


def test_dense_eigenvalues_are_those_of_numpy():
    """1e-12: round-off of matrices of order one."""
    random = np.random.default_rng(0)
    wild = random.standard_normal((2, 12, 12))
    root = random.standard_normal((12, 12))
    mass = root @ root.T + np.eye(12)
    matrix = wild[0] + 1j * wild[1]
    found = rightmost(jnp.asarray(matrix), jnp.asarray(mass))
    values = np.asarray(np.linalg.eigvals(np.linalg.solve(mass, matrix)), complex)
    assert found.value == pytest.approx(values[np.argmax(np.real(values))], rel=1e-12)
    even = wild[0] + wild[0].T
    leading = leading_symmetric(jnp.asarray(even), jnp.asarray(mass))
    expected = np.real(np.linalg.eigvals(np.linalg.solve(mass, even))).max()
    assert leading.value == pytest.approx(expected, rel=1e-12)
    assert 0 < leading.error < 1e-12


def test_growth_between_free_plates_is_exact():
    """The sine is the mode: s is the larger root of (s + k²)(s/Pr + k²) k² = Ra a²."""
    rayleigh, prandtl, wavenumber = numbers(2000.0, 0.71, 2.0)
    found = rayleigh_benard(rayleigh, prandtl, wavenumber, modes=24, plates="free").value
    square = 4.0 + np.pi**2
    polynomial = [1 / 0.71, square * (1 + 1 / 0.71), square**2 - 2000.0 * 4.0 / square]
    assert found["growth_rate"] == pytest.approx(np.roots(polynomial).max(), rel=1e-10)
    assert found["critical_rayleigh"] == pytest.approx(square**3 / 4.0, rel=1e-10)


def test_neutral_wave_neither_grows_nor_decays():
    """At its critical Rayleigh number, whatever the Prandtl number; 1e-9 of rates of order ten."""
    wavenumber = jnp.asarray(2.5)
    for prandtl in numbers(0.01, 100.0):
        critical = rayleigh_benard(jnp.asarray(1.0), prandtl, wavenumber).value["critical_rayleigh"]
        growth = rayleigh_benard(critical, prandtl, wavenumber).value["growth_rate"]
        assert abs(growth) < 1e-9


def test_critical_wavenumber_is_where_the_neutral_curve_is_lowest():
    """a_c = 3.1163 and Ra_c = 1707.762 (Reid & Harris 1958): the derivative is zero there."""
    one = jnp.asarray(1.0)
    curve = jax.jit(
        jax.value_and_grad(
            lambda a: rayleigh_benard(one, one, a, modes=16).value["critical_rayleigh"]
        )
    )
    wavenumber = 3.0
    before, slope_before = 2.9, float(curve(jnp.asarray(2.9))[1])
    for _ in range(5):  # secant steps on the slope
        _, slope = curve(jnp.asarray(wavenumber))
        step = float(slope) * (wavenumber - before) / (float(slope) - slope_before)
        before, slope_before = wavenumber, float(slope)
        wavenumber -= step
    assert wavenumber == pytest.approx(3.116324, abs=1e-5)
    assert curve(jnp.asarray(wavenumber))[0] == pytest.approx(1707.76178, rel=1e-8)


def test_channel_becomes_unstable_at_its_critical_point():
    """Re = 5772.22, α = 1.02056 (Orszag 1971): c_imag vanishes; 1e-8 for the digits published."""
    found = orr_sommerfeld(*numbers(5772.22, 1.02056), modes=96).value
    assert abs(found["c_imag"]) < 1e-8
    assert found["c_real"] == pytest.approx(0.2640, abs=1e-4)


def test_least_stable_wave_of_either_parity_is_found():
    """Against all eigenvalues of both parities at once, by an unrelated method: collocation.

    1e-6: a Chebyshev collocation of 60 points with its fourth derivative from a matrix squared.
    """
    for reynolds, alpha in ((200.0, 0.3), (2000.0, 1.5), (10000.0, 1.0)):
        found = orr_sommerfeld(*numbers(reynolds, alpha), modes=96).value
        expected = _collocation(reynolds, alpha)
        assert complex(found["c_real"], found["c_imag"]) == pytest.approx(expected, abs=1e-6)


def test_single_precision_knows_its_error():
    """The bound from the two vectors covers the difference to double precision."""
    single = orr_sommerfeld(*numbers(1e4, 1.0, dtype=jnp.float32), modes=64)
    double = orr_sommerfeld(*numbers(1e4, 1.0), modes=64)
    for name, value in single.value.items():
        assert value.dtype == jnp.float32
        assert abs(float(value) - float(double.value[name])) < single.stats["error"] < 1e-3


def test_nonsense_is_an_outcome():
    assert int(orr_sommerfeld(*numbers(np.nan, 1.0), modes=32).outcome) == Outcome.non_finite
    broken = rayleigh_benard(*numbers(1e3, np.inf, 1.0), modes=16)
    assert int(broken.outcome) in (Outcome.ok, Outcome.non_finite)


def _collocation(reynolds: float, alpha: float, points: int = 60) -> complex:
    """The least stable c by Chebyshev collocation (Trefethen 2000, Spectral Methods in MATLAB)."""
    angle = np.pi * np.arange(points + 1) / points
    x = np.cos(angle)
    weight = np.r_[2.0, np.ones(points - 1), 2.0] * (-1.0) ** np.arange(points + 1)
    gaps = x[:, None] - x[None, :] + np.eye(points + 1)
    first = weight[:, None] / weight[None, :] / gaps
    first -= np.diag(first.sum(axis=1))
    second = first @ first
    third = second @ first
    clamp = np.diag(np.r_[0.0, 1 / (1 - x[1:-1] ** 2), 0.0])
    fourth = (np.diag(1 - x**2) @ (second @ second) - 8 * np.diag(x) @ third - 12 * second) @ clamp
    inside = slice(1, -1)
    second, fourth, x = second[inside, inside], fourth[inside, inside], x[inside]
    one = np.eye(points - 1)
    laplacian = second - alpha**2 * one
    squared = fourth - 2 * alpha**2 * second + alpha**4 * one
    matrix = squared / (1j * alpha * reynolds) - np.diag(1 - x**2) @ laplacian - 2 * one
    values = np.linalg.eigvals(np.linalg.solve(-laplacian, matrix))
    return values[np.argmax(np.imag(values))]
