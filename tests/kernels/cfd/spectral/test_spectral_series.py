"""A peak between samples with its derivatives, and the error of a mean inside a program."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.spectral.series import peak, sampling_error
from aion_kernels.core.statistics import mean_with_error

TIMES = np.linspace(0.0, 4.0, 81)


def bump(centre, height):
    return height * jnp.exp(-((jnp.asarray(TIMES) - centre) ** 2))


def test_the_peak_of_a_smooth_series():
    """A quartic through samples 0.05 apart misses by about (0.05)⁵/20 of the height."""
    height, place = peak(bump(jnp.asarray(2.013), jnp.asarray(3.0)))
    np.testing.assert_allclose(height, 3.0, rtol=1e-7)
    np.testing.assert_allclose(place * 0.05, 2.013, atol=1e-6)


def test_the_peak_has_derivatives():
    """Its height moves with the height alone, and its place with the place alone."""
    heights, places = jax.jacrev(lambda p: peak(bump(*p)))(jnp.asarray([2.013, 3.0]))
    np.testing.assert_allclose(heights, [0.0, 1.0], atol=1e-5)
    np.testing.assert_allclose(places * 0.05, [1.0, 0.0], atol=1e-5)


@pytest.mark.parametrize(("sign", "place"), [(1, 80), (-1, 0)])
def test_a_series_that_only_rises_or_falls_peaks_at_its_end(sign, place):
    series = jnp.asarray(np.exp(sign * TIMES))
    height, found = peak(series)
    assert found == place
    assert height == pytest.approx(float(series[place]), rel=1e-13)


def test_too_few_samples_for_a_peak():
    with pytest.raises(ValueError, match="five are needed"):
        peak(jnp.zeros(4))


def test_the_sampling_error_is_that_of_the_core():
    """Also for a batch, and for single precision."""
    noise = np.random.default_rng(0).normal(size=(2, 400))
    series = np.cumsum(noise, axis=1) * 0.01 + noise
    found = jax.jit(jax.vmap(sampling_error))(jnp.asarray(series))
    expected = [mean_with_error(row).sampling for row in series]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert sampling_error(jnp.asarray(series[0], jnp.float32)).dtype == jnp.float32


def test_a_drift_and_a_nan_are_not_taken_for_noise():
    assert sampling_error(jnp.asarray(TIMES)) == 4.0
    assert jnp.isnan(sampling_error(jnp.asarray([*TIMES, np.nan])))
    assert sampling_error(jnp.ones(20)) == 0.0
