"""Natural frequencies of plates: in their plane, and out of it.

    K v = ω² M v,   f = ω / 2π

In the plane: plane stress, quadratic quadrilaterals. Out of it: Kirchhoff's thin plate

    D ∇⁴w = ρ t ω² w,   D = E t³ / 12 (1 − ν²)

by the interior penalty method (Engel et al. 2002, doi 10.1016/S0045-7825(02)00286-4; Brenner &
Sung 2005, doi 10.1007/s10915-004-4135-7): elements that are continuous, and whose jumps of slope
from cell to cell are weighed against the bending moment. Free edges need no condition at all.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float

from aion_kernels.core.solution import Solution
from aion_kernels.fem.constraints import Constraints, fix
from aion_kernels.fem.eigen import smallest_eigenpairs
from aion_kernels.fem.elasticity import plane_stress_lame, strain, stress
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice

__all__ = ["free_plate_frequencies", "tapered_membrane_frequencies"]

Scalar = Float[Array, ""]

_PENALTY = 20.0
"""Weight of the jumps of slope: large enough for cubic elements, small enough to bend freely."""


class _Membrane(NamedTuple):
    stiffness: CompiledForm
    mass: CompiledForm
    modulus: Any
    ratio: Any
    constraints: Constraints


@functools.lru_cache(maxsize=4)
def _tapered(cells: int) -> _Membrane:
    plate = lattice("quadrilateral", (2 * cells, cells))
    mesh = plate.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (2,)))
    clamped = boundary_unknowns(space, lambda x: np.isclose(x[0], 0))
    plate.bend(_taper)
    modulus, ratio = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(2))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    stiffness = compile_form(
        ufl.inner(stress(u, plane_stress_lame(modulus, ratio)), strain(v)) * ufl.dx
    )
    mass = compile_form(ufl.inner(u, v) * ufl.dx)
    assert stiffness.pattern is not None  # a bilinear form has one
    return _Membrane(stiffness, mass, modulus, ratio, fix(stiffness.pattern, clamped))


def _taper(points: np.ndarray) -> np.ndarray:
    """The unit square as a plate of 10 m, 5 m high at its root and 1 m at its tip."""
    along, across = points.T
    return np.stack([10 * along, (across - 0.5) * (5 - 4 * along)], axis=1)


def tapered_membrane_frequencies(
    young_modulus: Scalar, poisson_ratio: Scalar, density: Scalar, *, cells: int, count: int
) -> Solution:
    """The lowest frequencies, in Hz for SI units, of NAFEMS' tapered membrane clamped at its root.

    ``value`` has shape ``(count,)``.
    """
    parts = _tapered(cells)
    # ω² = (E/ρ) λ with λ of the shape and Poisson's ratio alone.
    unit = jnp.ones_like(poisson_ratio)
    stiffness = parts.stiffness({parts.modulus: unit, parts.ratio: poisson_ratio})
    reduce = parts.constraints.reduce_matrix
    mass = parts.mass(coordinates=jnp.asarray(parts.mass.coordinates, unit.dtype))
    solved = smallest_eigenpairs(reduce(stiffness), reduce(mass), count, shift=0.01)
    angular = jnp.sqrt(solved.value[0] * (young_modulus / density))
    return solved._replace(value=angular / (2 * jnp.pi))


class _Plate(NamedTuple):
    stiffness: CompiledForm
    mass: CompiledForm
    ratio: Any


@functools.lru_cache(maxsize=4)
def _free(cells: int) -> _Plate:
    mesh = lattice("quadrilateral", (cells, cells)).mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 3))
    ratio, nothing = (dolfinx.fem.Constant(mesh, value) for value in (0.3, 0.0))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    normal = ufl.FacetNormal(mesh)

    def curvature(w: Any) -> Any:
        return ufl.grad(ufl.grad(w))

    def moment(w: Any) -> Any:
        return (1 - ratio) * curvature(w) + ratio * ufl.tr(curvature(w)) * ufl.Identity(2)

    def moment_between(w: Any) -> Any:
        across = normal("+")
        return ufl.dot(across, ufl.dot(ufl.avg(moment(w)), across))

    def kink(w: Any) -> Any:
        return ufl.jump(ufl.grad(w), normal)

    between = (
        _PENALTY * cells * kink(u) * kink(v)
        - moment_between(u) * kink(v)
        - kink(u) * moment_between(v)
    )
    stiffness = compile_form(ufl.inner(moment(u), curvature(v)) * ufl.dx + between * ufl.dS)
    # The mass couples less; the term of weight zero gives it the pattern of the stiffness.
    mass = compile_form(u * v * ufl.dx + nothing * kink(u) * kink(v) * ufl.dS)
    return _Plate(stiffness, mass, ratio)


def free_plate_frequencies(
    young_modulus: Scalar,
    poisson_ratio: Scalar,
    density: Scalar,
    thickness: Scalar,
    side: Scalar,
    *,
    cells: int,
    count: int,
) -> Solution:
    """Frequencies of a thin square plate that nothing holds, rising, above its three rigid modes.

    ``value`` has shape ``(count,)``, in Hz for SI units. Cubic elements on a square lattice.
    """
    parts = _free(cells)
    stiffness = parts.stiffness({parts.ratio: poisson_ratio})
    mass = parts.mass(coordinates=jnp.asarray(parts.mass.coordinates, poisson_ratio.dtype))
    # On the unit square ω² = D λ / (ρ t a⁴), and the first λ that bends is near 182.
    solved = smallest_eigenpairs(stiffness, mass, count + 3, shift=50.0)
    rigidity = young_modulus * thickness**3 / (12 * (1 - poisson_ratio**2))
    scale = jnp.sqrt(rigidity / (density * thickness)) / side**2
    bending = solved.value[0][3:]
    return solved._replace(value=scale * jnp.sqrt(bending) / (2 * jnp.pi))
