"""Two NAFEMS solids: a thick elliptic plate under pressure, and a body of revolution heated."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import numpy as np
import ufl
from jaxtyping import Array, Float

from aion_kernels.core.solution import Solution
from aion_kernels.fem.elasticity import lame, strain, stress
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, tag_sides
from aion_kernels.fem.membranes import quarter_ellipse
from aion_kernels.fem.pointwise import at_corner
from aion_kernels.fem.problem import LinearProblem, only

__all__ = ["heated_revolution", "thick_plate"]

Scalar = Float[Array, ""]

_THICKNESS = 0.6
_HEIGHT = 1.79
_FINEST = 0.4
"""Width of the cells at the hole over the width that equal cells would have."""


class _Solid(NamedTuple):
    problem: LinearProblem
    young_modulus: Any
    poisson_ratio: Any
    load: Any
    displacement: Any
    stress: CompiledForm


@functools.lru_cache(maxsize=4)
def _plate(cells: int) -> _Solid:
    # x = 0 is the face y = 0 of the plate, x = 1 the face x = 0, y = 1 the outer face.
    plate = lattice("hexahedron", (cells, cells, cells // 2), degree=2)
    mesh = plate.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (3,)))
    places = space.tabulate_dof_coordinates()
    rim = np.flatnonzero(np.isclose(places[:, 1], 1) & np.isclose(places[:, 2], 0.5))
    fixed = functools.reduce(
        np.union1d,
        [
            boundary_unknowns(space, lambda x: np.isclose(x[0], 0), 1),
            boundary_unknowns(space, lambda x: np.isclose(x[0], 1), 0),
            boundary_unknowns(space, lambda x: np.isclose(x[1], 1), 0),
            boundary_unknowns(space, lambda x: np.isclose(x[1], 1), 1),
            3 * rim + 2,
        ],
    )
    tags = tag_sides(mesh, {1: lambda x: np.isclose(x[2], 1)})
    plate.bend(_graded_plate)
    modulus, ratio, load = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(3))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    elastic = lame(modulus, ratio)
    displacement = dolfinx.fem.Function(space)
    problem = LinearProblem(
        bilinear=ufl.inner(stress(u, elastic), strain(v)) * ufl.dx(degree=4),
        linear=-load
        * ufl.inner(ufl.FacetNormal(mesh), v)
        * ufl.ds(1, domain=mesh, subdomain_data=tags),
        fixed=fixed,
    )
    observed = at_corner(stress(displacement, elastic)[1, 1], mesh, (2.0, 0.0, _THICKNESS))
    return _Solid(problem, modulus, ratio, load, displacement, compile_form(observed))


def _graded_plate(points: np.ndarray) -> np.ndarray:
    """The plate with cells that become thinner towards the hole."""
    across = points[:, 1] * (_FINEST + (1 - _FINEST) * points[:, 1])
    quarter = quarter_ellipse(np.column_stack([points[:, 0], across]))
    return np.column_stack([quarter, _THICKNESS * points[:, 2]])


def thick_plate(
    young_modulus: Scalar, poisson_ratio: Scalar, pressure: Scalar, *, cells: int
) -> Solution:
    """A quarter of NAFEMS' thick elliptic plate LE10, pressed from above.

    ``cells`` around and outward, half as many through the thickness. ``value`` has
    ``sigma_yy_d``, the stress at D = (2, 0, 0.6) on top, in the unit of ``pressure``.
    """
    parts = _plate(cells)
    values = {
        parts.young_modulus: young_modulus,
        parts.poisson_ratio: poisson_ratio,
        parts.load: pressure,
    }
    solved = parts.problem.solve(values)
    observed = parts.stress(only({**values, parts.displacement: solved.value}, parts.stress))
    return solved._replace(value={"sigma_yy_d": observed})


def _cylindrical_strain(displacement: Any, radius: Any) -> Any:
    """ε of a displacement (u_r, u_z) that is the same at all angles, as a 3 × 3 tensor."""
    gradient = ufl.grad(displacement)
    shear = 0.5 * (gradient[0, 1] + gradient[1, 0])
    return ufl.as_tensor(
        [
            [gradient[0, 0], shear, 0],
            [shear, gradient[1, 1], 0],
            [0, 0, displacement[0] / radius],
        ]
    )


@functools.lru_cache(maxsize=4)
def _revolution(cells: int) -> _Solid:
    # x = 0 of the box is the inner surface, y = 0 the base, y = 1 the top.
    section = lattice("quadrilateral", (max(1, cells // 4), cells), degree=2)
    mesh = section.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (2,)))
    fixed = boundary_unknowns(space, lambda x: np.isclose(x[1], 0) | np.isclose(x[1], 1), 1)
    section.bend(_profile)
    modulus, ratio, expansion = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(3))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    radius, height = ufl.SpatialCoordinate(mesh)
    first, second = lame(modulus, ratio)
    identity = ufl.Identity(3)
    thermal = (3 * first + 2 * second) * expansion * (radius + height) * identity

    def elastic(displacement: Any) -> Any:
        deformation = _cylindrical_strain(displacement, radius)
        return first * ufl.tr(deformation) * identity + 2 * second * deformation

    displacement = dolfinx.fem.Function(space)
    virtual = _cylindrical_strain(v, radius)
    problem = LinearProblem(
        bilinear=ufl.inner(elastic(u), virtual) * radius * ufl.dx(degree=6),
        linear=ufl.inner(thermal, virtual) * radius * ufl.dx(degree=6),
        fixed=fixed,
    )
    observed = at_corner((elastic(displacement) - thermal)[1, 1], mesh, (1.0, 0.0))
    return _Solid(problem, modulus, ratio, expansion, displacement, compile_form(observed))


def _profile(points: np.ndarray) -> np.ndarray:
    """The section of LE11: four parts along the height, each joining an inner to an outer line."""
    across, along = points.T
    part = np.minimum((4 * along).astype(int), 3)
    share = 4 * along - part
    angle = np.pi / 8 * (part + share)
    corner = np.sqrt(0.5)
    inner = np.where(
        part[:, None] < 2,
        np.stack([np.cos(angle), np.sin(angle)], axis=1),
        np.stack(
            [np.full(len(share), corner), corner + (part - 2 + share) / 2 * (_HEIGHT - corner)],
            axis=1,
        ),
    )
    steep = np.pi / 6 * share
    knots = np.array([[1.4 * np.cos(np.pi / 6), 0.7], [0, 0], [1.0, 1.39], [1.0, _HEIGHT]])
    knots[1] = 0.5 * (knots[0] + knots[2])
    before, after = knots[np.maximum(part - 1, 0)], knots[np.minimum(part, 3)]
    outer = np.where(
        part[:, None] < 1,
        1.4 * np.stack([np.cos(steep), np.sin(steep)], axis=1),
        before + share[:, None] * (after - before),
    )
    return inner + across[:, None] * (outer - inner)


def heated_revolution(
    young_modulus: Scalar, poisson_ratio: Scalar, expansion: Scalar, *, cells: int
) -> Solution:
    """NAFEMS' solid cylinder, taper and sphere LE11 at the temperature r + z.

    ``cells`` along the height of a section, a quarter as many across. ``value`` has ``sigma_zz_a``,
    the axial stress at A = (1, 0), in the unit of ``young_modulus``.
    """
    parts = _revolution(cells)
    values = {
        parts.young_modulus: young_modulus,
        parts.poisson_ratio: poisson_ratio,
        parts.load: expansion,
    }
    solved = parts.problem.solve(values)
    observed = parts.stress(only({**values, parts.displacement: solved.value}, parts.stress))
    return solved._replace(value={"sigma_zz_a": observed})
