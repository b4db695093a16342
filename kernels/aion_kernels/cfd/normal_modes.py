"""Normal modes of two classic base states between plates: heated fluid at rest, and channel flow.

A small disturbance q(y) exp(i a x + s t) of a base state that varies across the gap only obeys an
ordinary differential equation in y, whose eigenvalue of largest real part says whether it grows.
Both are solved by Galerkin's method in polynomials (:mod:`aion_kernels.cfd.galerkin`), with the
parameters traced: batch them and differentiate with respect to them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from aion_kernels.cfd.eigenvalues import leading_symmetric, rightmost
from aion_kernels.cfd.galerkin import PolynomialBasis, inner_products
from aion_kernels.core.outcome import finite_outcome
from aion_kernels.core.solution import Solution

__all__ = ["Plates", "orr_sommerfeld", "rayleigh_benard"]

Plates = Literal["rigid", "free"]
Scalar = Float[Array, ""]


def rayleigh_benard(
    rayleigh: Scalar,
    prandtl: Scalar,
    wavenumber: Scalar,
    *,
    modes: int = 32,
    plates: Plates = "rigid",
) -> Solution:
    """Growth of a convection roll in a layer heated from below.

    In units of the depth d and of d²/κ, with D = d/dz and a the wavenumber along the layer:

        (s/Pr) (D² − a²) w = (D² − a²)² w − Ra a² θ,   s θ = (D² − a²) θ + w,

    w = θ = 0 on both plates, and Dw = 0 where they are rigid or D²w = 0 where they are free of
    stress. With θ measured in units of (√Ra a)⁻¹ the problem is symmetric: s is real and a maximum.

    Value      ``growth_rate`` s in κ/d², and ``critical_rayleigh``, the Rayleigh number at which a
               roll of this wavenumber neither grows nor decays; it does not depend on Pr.
    Stats      ``growth_rate_error`` and ``critical_rayleigh_error`` from round-off.
    Expect     s < 0 below the critical Rayleigh number; its least value over the wavenumbers is
               1707.762 at a = 3.117 between rigid plates, 27π⁴/4 at π/√2 between free ones.
    Fails      when ``modes`` do not resolve the layers of the roll at very large Ra or a.
    Reference  Chandrasekhar 1961, Hydrodynamic and Hydromagnetic Stability, chapter II.
    """
    dtype = rayleigh.dtype
    host = _layer(modes, plates)
    matrices = _Layer(*(jnp.asarray(matrix, dtype) for matrix in host))
    square = wavenumber**2
    bending = matrices.bending + 2 * square * matrices.slope + square**2 * matrices.flow
    inertia = matrices.slope + square * matrices.flow
    conduction = matrices.conduction + square * matrices.heat
    drive = wavenumber * matrices.coupling
    lift = jnp.sqrt(rayleigh) * drive
    empty = jnp.zeros_like(matrices.coupling)
    growth = leading_symmetric(
        jnp.block([[-bending, lift], [lift.T, -conduction]]),
        jnp.block([[inertia / prandtl, empty], [empty.T, matrices.heat]]),
    )
    # At s = 0 the temperature follows from w, and 1/Ra is the leading eigenvalue of what is left.
    critical = leading_symmetric(drive @ jnp.linalg.solve(conduction, drive.T), bending)
    value = {"growth_rate": growth.value, "critical_rayleigh": 1 / critical.value}
    stats = {
        "growth_rate_error": growth.error,
        "critical_rayleigh_error": critical.error / critical.value**2,
    }
    return Solution(value, finite_outcome(value), stats)


def orr_sommerfeld(reynolds: Scalar, alpha: Scalar, *, modes: int = 128) -> Solution:
    """Phase speed and growth of the least stable wave in plane Poiseuille flow.

    In units of half the height and of the speed on the centre line, U = 1 − y², for a
    streamfunction φ(y) exp(i α (x − c t)) with φ = φ′ = 0 on the walls y = ±1:

        (D² − α²)² φ / (i α Re) = (U − c) (D² − α²) φ − U″ φ.

    Even and odd φ do not mix; both are solved, and the wave with the larger Im c is returned.

    Value      ``c_real``, the phase speed, and ``c_imag``; the wave grows as exp(α c_imag t).
    Stats      ``error`` of c from round-off, which the operator's lack of symmetry amplifies.
    Expect     decay below Re = 5772.22; c = 0.23752649 + 0.00373967 i at Re = 1e4, α = 1.
    Fails      when ``modes`` do not resolve the critical layer of thickness (α Re)^(−1/3); has a
               kink where two waves change places as the least stable.
    Reference  Orszag 1971, doi 10.1017/S0022112071002842.
    """
    found = [_wave(reynolds, alpha, modes, parity) for parity in (0, 1)]
    speeds = jnp.stack([speed for speed, _ in found])
    chosen = jnp.argmax(speeds.imag)
    speed, error = speeds[chosen], jnp.stack([error for _, error in found])[chosen]
    value = {"c_real": speed.real, "c_imag": speed.imag}
    return Solution(value, finite_outcome(value), {"error": error})


def _wave(reynolds: Scalar, alpha: Scalar, modes: int, parity: int) -> tuple[Array, Scalar]:
    """c of the least stable wave of one parity, and its error."""
    channel = _Channel(*(jnp.asarray(m, reynolds.dtype) for m in _channel(modes, parity)))
    square = alpha**2
    viscous = channel.bending + 2 * square * channel.slope + square**2 * channel.flow
    inviscid = alpha * (channel.shear + square * channel.carried)
    wave = rightmost(
        jax.lax.complex(-viscous / reynolds, -inviscid), channel.slope + square * channel.flow
    )
    # The eigenvalue is the rate −iαc.
    speed = jax.lax.complex(-wave.value.imag / alpha, wave.value.real / alpha)
    return speed, wave.error / alpha


class _Layer(NamedTuple):
    """Integrals over a layer of depth 1: of w″w″, w′w′ and ww, of wθ, and of θ′θ′ and θθ."""

    bending: Array
    slope: Array
    flow: Array
    coupling: Array
    conduction: Array
    heat: Array


@lru_cache(maxsize=16)
def _layer(modes: int, plates: Plates) -> tuple[np.ndarray, ...]:
    flow = PolynomialBasis("clamped" if plates == "rigid" else "pinned", modes)
    heat = PolynomialBasis("pinned", modes)
    # From [−1, 1] to depth 1: each derivative doubles, and so does the whole range of integration.
    return (
        8.0 * inner_products(flow, flow, (2, 2)),
        2.0 * inner_products(flow, flow, (1, 1)),
        0.5 * inner_products(flow, flow, (0, 0)),
        0.5 * inner_products(flow, heat, (0, 0)),
        2.0 * inner_products(heat, heat, (1, 1)),
        0.5 * inner_products(heat, heat, (0, 0)),
    )


class _Channel(NamedTuple):
    """Integrals of φ″φ″, φ′φ′, φφ; of U φ′φ′ + U′ φ′φ + U″ φφ; of U φφ."""

    bending: Array
    slope: Array
    flow: Array
    shear: Array
    carried: Array


@lru_cache(maxsize=16)
def _channel(modes: int, parity: int) -> tuple[np.ndarray, ...]:
    basis = PolynomialBasis("clamped", modes)
    speed, shear, curvature = (1.0, 0.0, -1.0), (0.0, -2.0), (-2.0,)
    whole = (
        inner_products(basis, basis, (2, 2)),
        inner_products(basis, basis, (1, 1)),
        inner_products(basis, basis, (0, 0)),
        inner_products(basis, basis, (1, 1), speed)
        + inner_products(basis, basis, (0, 1), shear)
        + inner_products(basis, basis, (0, 0), curvature),
        inner_products(basis, basis, (0, 0), speed),
    )
    return tuple(matrix[parity::2, parity::2] for matrix in whole)
