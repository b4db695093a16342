"""A block of compressible neo-Hookean rubber, stretched along one axis and free on its sides.

    W(F) = μ/2 (tr FᵀF − 3) − μ ln J + λ/2 (ln J)²,   P = ∂W/∂F,   ∇·P = 0

(Bonet & Wood 2008, doi 10.1017/CBO9780511755446, section 6.4.3). The energy is all that is written
down: UFL differentiates it into residual and tangent.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float, Int

from aion_kernels.core.solution import Solution
from aion_kernels.fem.constraints import Constraints, fix
from aion_kernels.fem.elasticity import lame
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, unknown_at
from aion_kernels.fem.newton import newton_in_steps
from aion_kernels.fem.sparse import SparseMatrix

__all__ = ["stretched_block"]

Scalar = Float[Array, ""]

_CELLS = 2
"""Cells along each edge: the block deforms alike everywhere, so that more add nothing."""
_STEPS = 4


class _Block(NamedTuple):
    residual: CompiledForm
    tangent: CompiledForm
    mean_stress: CompiledForm
    displacement: Any
    modulus: Any
    ratio: Any
    constraints: Constraints
    pulled: Int[np.ndarray, " unknowns"]
    side: int


@functools.cache
def _block() -> _Block:
    mesh = lattice("hexahedron", (_CELLS,) * 3).mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1, (3,)))
    held = [
        boundary_unknowns(space, lambda x, a=axis: np.isclose(x[a], 0), axis) for axis in range(3)
    ]
    pulled = boundary_unknowns(space, lambda x: np.isclose(x[0], 1), 0)
    modulus, ratio = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(2))
    displacement = dolfinx.fem.Function(space)
    gradient = ufl.variable(ufl.Identity(3) + ufl.grad(displacement))
    volume = ufl.det(gradient)
    first, second = lame(modulus, ratio)
    energy = (
        second / 2 * (ufl.inner(gradient, gradient) - 3)
        - second * ufl.ln(volume)
        + first / 2 * ufl.ln(volume) ** 2
    )
    residual = ufl.derivative(energy * ufl.dx, displacement, ufl.TestFunction(space))
    tangent = compile_form(ufl.derivative(residual, displacement, ufl.TrialFunction(space)))
    assert tangent.pattern is not None  # a bilinear form has one
    return _Block(
        compile_form(residual),
        tangent,
        compile_form(ufl.diff(energy, gradient)[0, 0] * ufl.dx),
        displacement,
        modulus,
        ratio,
        fix(tangent.pattern, np.concatenate([*held, pulled])),
        pulled,
        unknown_at(space, (1.0, 1.0, 1.0), component=1),
    )


def stretched_block(stretch: Scalar, young_modulus: Scalar, poisson_ratio: Scalar) -> Solution:
    """Pull a unit cube to the length ``stretch``.

    ``value`` has ``p11``, the force over the original cross-section, in the unit of
    ``young_modulus``, and ``lateral_stretch``. Loaded in four steps, each by Newton's method.
    """
    parts = _block()
    reduce = parts.constraints.reduce_vector

    def whole(free: Array, parameters: tuple, fraction: Array) -> tuple[Array, dict]:
        stretch, ratio = parameters
        boundary = jnp.zeros(parts.residual.size[0], free.dtype)
        boundary = boundary.at[parts.pulled].set(fraction * (stretch - 1))
        u = parts.constraints.expand(free, boundary)
        # In units of E, so that Newton's tolerance means the same for rubber and for steel.
        unit = jnp.ones_like(ratio)
        return u, {parts.displacement: u, parts.modulus: unit, parts.ratio: ratio}

    def residual(free: Array, parameters: tuple, fraction: Array) -> Array:
        return reduce(parts.residual(whole(free, parameters, fraction)[1]))

    def tangent(free: Array, parameters: tuple, fraction: Array) -> SparseMatrix:
        return parts.constraints.reduce_matrix(parts.tangent(whole(free, parameters, fraction)[1]))

    parameters = (stretch, poisson_ratio)
    # Newton's tolerance is relative to the first residual, which float32 cannot lower by 1e-10.
    tolerance = 1e-10 if stretch.dtype == jnp.float64 else 1e-4
    start = jnp.zeros(parts.constraints.shape[1], stretch.dtype)
    solved = newton_in_steps(
        residual, tangent, start, parameters, steps=_STEPS, tolerance=tolerance
    )
    u, values = whole(solved.value, parameters, jnp.ones_like(stretch))
    value = {
        "p11": young_modulus * parts.mean_stress(values),
        "lateral_stretch": 1 + u[parts.side],
    }
    return solved._replace(value=value)
