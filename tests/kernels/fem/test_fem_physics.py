"""Modes, drums, rubber and topology: orders, symmetry and what is known exactly."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.fem.hyperelastic import stretched_block
from aion_kernels.fem.membrane_tones import lowest_laplace_eigenvalue
from aion_kernels.fem.modes import free_plate_frequencies
from aion_kernels.fem.topology import topology_beam


def number(value: float) -> jax.Array:
    return jnp.asarray(value)


def test_the_tone_of_a_disk_converges_at_order_four_from_above():
    """The square of the first zero of J₀; 0.5 allows for the second of two coarse meshes."""
    exact = 5.783185962946785
    errors = [
        float(lowest_laplace_eigenvalue(number(1.0), domain="disk", cells=n).value) - exact
        for n in (4, 8)
    ]
    assert min(errors) > 0
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.6)


def test_the_tone_falls_with_the_square_of_the_size():
    """Exact: the mesh is scaled with the drum."""
    small, large = (
        lowest_laplace_eigenvalue(number(size), domain="square", cells=4).value
        for size in (1.0, 2.0)
    )
    assert float(small / large) == pytest.approx(4, rel=1e-12)


@pytest.mark.slow
def test_a_free_plate_has_three_rigid_modes_and_two_pairs():
    """1e-6: the mesh has the symmetry of the plate, so pairs differ by the solver's error only."""
    found = free_plate_frequencies(
        *(number(x) for x in (200e9, 0.3, 8000.0, 0.05, 10.0)), cells=6, count=7
    )
    assert int(found.outcome) == 0
    frequencies = np.asarray(found.value)
    assert frequencies[0] > 1
    assert frequencies[3] == pytest.approx(frequencies[4], rel=1e-6)
    assert frequencies[5] == pytest.approx(frequencies[6], rel=1e-6)


@pytest.mark.slow
def test_rubber_follows_the_exact_law_and_its_slope():
    """Uniaxial stress: μ (q² − 1) + λ ln(s q²) = 0, P = μ (s − 1/s) + λ ln(s q²)/s; round-off."""

    def force(stretch: jax.Array) -> jax.Array:
        return stretched_block(stretch, number(1000.0), number(0.3)).value["p11"]

    value, slope = jax.jit(jax.value_and_grad(force))(number(1.3))
    first, second = 1000 * 0.3 / (1.3 * 0.4), 1000 / 2.6

    def exact(s: float) -> float:
        q = 1.0
        for _ in range(60):
            residual = second * (q * q - 1) + first * np.log(s * q * q)
            q -= residual / (2 * second * q + 2 * first / q)
        return second * (s - 1 / s) + first * np.log(s * q * q) / s

    assert float(value) == pytest.approx(exact(1.3), rel=1e-9)
    assert float(slope) == pytest.approx((exact(1.3001) - exact(1.2999)) / 2e-4, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("filter", ["sensitivity", "density"])
def test_a_designed_beam_uses_its_material_and_no_more(filter: str):
    """1e-4: the multiplier is bisected to far less; the first design is the uniform one."""
    found = jax.jit(
        lambda v: topology_beam(v, number(3.0), number(1.5), filter=filter, across=24, high=8)
    )(number(0.4))
    design = np.asarray(found.value["design"])
    assert int(found.outcome) == 0
    assert design.mean() == pytest.approx(0.4, abs=1e-4)
    assert design.min() >= 0
    assert design.max() <= 1 + 1e-12
    uniform = topology_beam(
        number(0.4), number(3.0), number(1.5), filter=filter, across=24, high=8, limit=1
    )
    assert float(found.value["compliance"]) < 0.4 * float(uniform.value["compliance"])


@pytest.mark.slow
def test_the_uniform_beam_is_the_published_one():
    """Andreassen et al. 2011 start from compliance 1007.0221; their seven digits."""
    first = topology_beam(
        number(0.5), number(3.0), number(2.4), filter="sensitivity", limit=1
    ).value["compliance"]
    assert float(first) == pytest.approx(1007.0221, abs=1e-4)
