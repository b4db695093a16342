"""Extrema between samples: exact for quartics, fifth order for the rest, differentiable."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.profiles import extremum


def test_exact_for_a_quartic():
    """1e-13: the interpolant is the function itself."""
    x = jnp.linspace(-1, 1, 9)
    peak = extremum(1.7 - (x - 0.13) ** 2 - (x - 0.13) ** 4, "maximum")
    assert peak == pytest.approx(1.7, abs=1e-13)


def test_fifth_order_or_better():
    """sin has its maximum at an odd place; halving the spacing gains 2⁵ or more, 20 allowed."""
    errors = []
    for samples in (12, 24, 48):
        x = jnp.linspace(0, 3, samples)
        errors.append(abs(float(extremum(jnp.sin(x**1.3), "maximum")) - 1))
    assert errors[0] / errors[1] > 20
    assert errors[1] / errors[2] > 20


@pytest.mark.parametrize("kind", ["maximum", "minimum"])
def test_two_dimensions(kind):
    """3e-6: a fifth-order remainder at h = 0.1."""
    x, y = jnp.linspace(0, 2, 21)[:, None], jnp.linspace(0, 3, 31)[None, :]
    bump = 2 * jnp.exp(-((x - 0.83) ** 2) - (y - 1.27) ** 2 + 0.3 * (x - 0.83) * (y - 1.27))
    signed = bump if kind == "maximum" else -bump
    assert abs(float(extremum(signed, kind))) == pytest.approx(2.0, abs=3e-6)


def test_gradient_is_that_of_the_peak():
    """d/da of a·max = max; 1e-10 since the place of the peak drops out to first order."""
    x = jnp.linspace(0, 3, 40)
    slope = jax.grad(lambda a: extremum(a * jnp.sin(x + 0.1 * a), "maximum"))(1.3)
    numeric = (
        extremum(1.30001 * jnp.sin(x + 0.130001), "maximum")
        - extremum(1.29999 * jnp.sin(x + 0.129999), "maximum")
    ) / 2e-5
    assert slope == pytest.approx(float(numeric), rel=1e-6)


def test_flat_profile_and_peak_at_the_end():
    assert extremum(jnp.zeros(7), "maximum") == 0.0
    assert extremum(jnp.arange(7.0), "maximum") == pytest.approx(6.0)


def test_batch_keeps_single_precision():
    profiles = jnp.asarray(np.random.default_rng(0).standard_normal((4, 9)), jnp.float32)
    found = jax.vmap(lambda p: extremum(p, "minimum"))(profiles)
    assert found.dtype == jnp.float32
    assert np.all(found <= profiles.min(axis=1) + 1e-6)


def test_too_few_samples():
    with pytest.raises(ValueError, match="five samples"):
        extremum(jnp.zeros(4), "maximum")
