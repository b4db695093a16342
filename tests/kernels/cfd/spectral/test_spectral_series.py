"""A peak between samples with its derivatives, and the error of a mean inside a program."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.spectral.series import error_between, peak

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


def test_the_error_between_histories_covers_the_mean_as_often_as_it_says():
    """Of 2000 sets of eight correlated histories 68 % within one error: ± 1 % by their number."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(2000, 8)) + 0.1 * random.normal(size=(50, 2000, 8))
    sets = jnp.asarray(np.moveaxis(noise, 0, 1))
    errors = jax.jit(jax.vmap(error_between))(sets)
    covered = np.abs(sets.mean(axis=(1, 2))) < errors
    assert np.mean(covered) == pytest.approx(0.683, abs=0.03)


def test_the_error_between_histories_has_its_limits():
    """Equal histories agree; two say nothing; single precision stays single."""
    assert error_between(jnp.ones((20, 8))) == 0.0
    assert error_between(jnp.ones((20, 8), jnp.float32)).dtype == jnp.float32
    with pytest.raises(ValueError, match="2 histories"):
        error_between(jnp.ones((20, 2)))


def test_a_drift_that_all_histories_share_is_seen():
    """A decay that ends well before the series does: its mean is the bias, and the error."""
    decay = jnp.asarray(np.repeat(np.exp(-3 * TIMES)[:, None], 8, axis=1))
    assert jnp.mean(decay) <= error_between(decay) * 1.01
