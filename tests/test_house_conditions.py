"""The conditions set by conftest.py hold inside a test."""

from __future__ import annotations

import os
import socket

import jax.numpy as jnp
import pytest

from aion_kernels.core.outcome import worst


def test_a_float_is_double_precision():
    assert jnp.asarray(1.0).dtype == jnp.float64


def test_ranks_are_not_promoted_silently():
    with pytest.raises(ValueError, match="rank_promotion"):
        jnp.ones((2, 2)) + jnp.ones(2)


def test_dtypes_are_not_promoted_silently():
    with pytest.raises(ValueError, match="promotion"):
        jnp.ones(2, jnp.float32) + jnp.ones(2, jnp.float64)


def test_shapes_on_kernels_are_checked():
    """`worst` is written to take integer codes, so a float must be refused."""
    with pytest.raises(Exception, match=r"(?i)type"):
        worst(jnp.asarray([0.5]))


def test_only_loopback_can_be_reached():
    """192.0.2.0/24 is kept for documentation, so no guard would still reach nobody."""
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match="loopback"):
        client.connect(("192.0.2.1", 80))


def test_no_setting_of_the_developer_is_left(tmp_path):
    ours = {name for name in os.environ if name.startswith("AION_")}
    assert ours == {"AION_CACHE", "AION_STORE"}
    assert os.environ["AION_STORE"].startswith(str(tmp_path))
