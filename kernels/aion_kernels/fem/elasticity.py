"""Linear elasticity: stress from strain, in the plane and in space.

    ∇·σ + f = 0,   σ = λ tr(ε) I + 2μ ε,   ε = ½ (∇u + ∇uᵀ)

with λ = E ν / ((1+ν)(1−2ν)) and μ = E / 2(1+ν). In plane stress σ_zz = 0 makes it λ* = 2λμ/(λ+2μ).
Constants are UFL expressions, so that they may be numbers, DOLFINx constants or fields.
"""

from __future__ import annotations

from typing import Any

import ufl

__all__ = ["lame", "plane_stress_lame", "strain", "stress"]


def lame(young_modulus: Any, poisson_ratio: Any) -> tuple[Any, Any]:
    """λ and μ of a body in space or in plane strain."""
    modulus, ratio = young_modulus, poisson_ratio
    return modulus * ratio / ((1 + ratio) * (1 - 2 * ratio)), modulus / (2 * (1 + ratio))


def plane_stress_lame(young_modulus: Any, poisson_ratio: Any) -> tuple[Any, Any]:
    """λ* and μ of a thin plate loaded in its plane."""
    modulus, ratio = young_modulus, poisson_ratio
    return modulus * ratio / (1 - ratio**2), modulus / (2 * (1 + ratio))


def strain(displacement: Any) -> Any:
    """ε, the symmetric gradient."""
    return ufl.sym(ufl.grad(displacement))


def stress(displacement: Any, constants: tuple[Any, Any]) -> Any:
    """σ for the pair (λ, μ)."""
    first, second = constants
    deformation = strain(displacement)
    identity = ufl.Identity(len(displacement))
    return first * ufl.tr(deformation) * identity + 2 * second * deformation
