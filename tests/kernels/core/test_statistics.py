"""Autocorrelation times of processes that have known ones, and errors that cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from aion_kernels.core.statistics import (
    autocorrelation,
    autocorrelation_time,
    block_errors,
    mean_with_error,
)

SEED = 20260522


def autoregressive(correlation: float, length: int, chains: int) -> np.ndarray:
    """x' = φ x + noise of unit variance and mean 3: ρ(t) = φᵗ, so τ = (1 + φ) / (2 (1 − φ))."""
    random = np.random.default_rng(SEED)
    noise = random.normal(size=(length, chains)) * np.sqrt(1 - correlation**2)
    noise[0] = random.normal(size=chains)  # starts in equilibrium
    return 3.0 + lfilter([1.0], [1.0, -correlation], noise, axis=0)


def exact_time(correlation: float) -> float:
    return (1 + correlation) / (2 * (1 - correlation))


@pytest.mark.parametrize("method", ["sokal", "geyer"])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.98])
def test_time_of_an_autoregressive_process(method, correlation):
    """20 chains of 40,000: the mean estimate is within 6 %, four of its standard errors
    √(2 (2M + 1) / n) with M ≈ 5 τ at the largest τ of 49.5.
    """
    times = autocorrelation_time(autoregressive(correlation, 40_000, 20), method=method)
    assert times.shape == (20,)
    assert times.mean() == pytest.approx(exact_time(correlation), rel=0.06)


def test_anticorrelated_series_counts_as_independent():
    """τ of φ = −0.5 is 1/6; we do not let an error be smaller than that of independent samples."""
    assert autocorrelation_time(autoregressive(-0.5, 5000, 1))[0] == 0.5


def test_autocorrelation_decays_as_it_should():
    """400 chains of 4,000: each ρ is known to about 1/√(400·4000/2τ) ≈ 3e-3; the bias of a finite
    mean is 2τ/4000 = 5e-3.
    """
    correlation = autocorrelation(autoregressive(0.8, 4000, 400)).mean(axis=1)
    np.testing.assert_allclose(correlation[:20], 0.8 ** np.arange(20), atol=0.012)
    assert correlation[0] == 1.0


def test_constant_series_is_uncorrelated_and_exact():
    assert autocorrelation(np.full(10, 2.0)).tolist() == [1.0] + [0.0] * 9
    estimate = mean_with_error(np.full(10, 2.0))
    assert estimate.value == 2.0
    assert estimate.error == 0.0


@pytest.mark.parametrize("method", ["sokal", "geyer", "blocks"])
@pytest.mark.parametrize("correlation", [0.0, 0.7, 0.95])
def test_error_covers_the_truth(method, correlation):
    """Two standard errors should cover 95 %; 600 chains tell that to ±2 %, and an error estimated
    from about 100 independent samples costs another 2 %.
    """
    length = int(200 * exact_time(correlation))
    chains = autoregressive(correlation, length, 600)
    estimates = [mean_with_error(chain, method=method) for chain in chains.T]
    covered = np.mean([abs(e.value - 3.0) <= 2 * e.sampling for e in estimates])
    assert 0.90 <= covered <= 0.99


def test_blocking_rises_to_the_exact_error():
    """The plateau of one long chain lies within 15 % of √(2τ/n): blocks of about 4τ leave 500 of
    them, whose spread is known to 3 %, and the level is chosen among noisy ones.
    """
    length = 100_000
    blocking = block_errors(autoregressive(0.95, length, 1)[:, 0])
    exact = np.sqrt(2 * exact_time(0.95) / length)
    assert blocking.sizes[:4].tolist() == [1, 2, 4, 8]
    assert blocking.errors[0] == pytest.approx(np.sqrt(1 / length), rel=0.1)
    assert blocking.plateau == pytest.approx(exact, rel=0.15)
    assert blocking.errors.shape == blocking.uncertainties.shape == blocking.sizes.shape


def test_methods_agree():
    """Within 20 %: three estimates of the same error from the same chain."""
    chain = autoregressive(0.9, 50_000, 1)[:, 0]
    errors = [mean_with_error(chain, method=m).sampling for m in ("sokal", "geyer", "blocks")]
    assert max(errors) / min(errors) < 1.2


def test_series_shorter_than_its_correlation_has_no_error_bar():
    """A slow drift: every sample resembles every other, so the mean is worth nothing."""
    drift = np.linspace(0.0, 1.0, 200)
    assert autocorrelation_time(drift) > 20
    assert mean_with_error(drift).sampling > 0.1
    assert mean_with_error(np.linspace(0.0, 1.0, 12)).sampling == np.inf


@pytest.mark.parametrize("method", ["sokal", "geyer"])
def test_alternating_series_counts_as_independent(method):
    """Each pair ρ(2t) + ρ(2t+1) is positive to the end, and tiny."""
    assert autocorrelation_time(np.resize([1.0, -1.0], 40), method=method) == 0.5


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (np.ones(7), "7 samples"),
        (np.array(1.0), "0 samples"),
        (np.array([1.0] * 9 + [np.nan]), "not finite"),
        (np.ones((10, 2)), "one axis"),
    ],
)
def test_malformed_series_is_named(series, message):
    with pytest.raises(ValueError, match=message):
        mean_with_error(series)
