"""Two classic membranes in plane stress: Cook's skew panel and NAFEMS' elliptic plate."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float

from aion_kernels.core.solution import Solution
from aion_kernels.fem.elasticity import plane_stress_lame, strain, stress
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, tag_sides, unknown_at
from aion_kernels.fem.pointwise import at_corner
from aion_kernels.fem.problem import LinearProblem, only, solve_by_dolfinx

__all__ = ["cook_membrane", "cook_membrane_by_dolfinx", "elliptic_membrane", "quarter_ellipse"]

Scalar = Float[Array, ""]


class _Membrane(NamedTuple):
    problem: LinearProblem
    young_modulus: Any
    poisson_ratio: Any
    load: Any
    displacement: Any
    probe: int
    """Unknown that is observed."""
    stress: CompiledForm | None


@functools.lru_cache(maxsize=4)
def _cook(cells: int, degree: int) -> _Membrane:
    panel = lattice("quadrilateral", (cells, cells))
    mesh = panel.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", degree, (2,)))
    fixed = boundary_unknowns(space, lambda x: np.isclose(x[0], 0))
    probe = unknown_at(space, (1.0, 0.5), component=1)
    tags = tag_sides(mesh, {1: lambda x: np.isclose(x[0], 1)})
    panel.bend(_skew)
    modulus, ratio, load = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(3))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    traction = ufl.as_vector([0, load / 16])
    problem = LinearProblem(
        bilinear=ufl.inner(stress(u, plane_stress_lame(modulus, ratio)), strain(v)) * ufl.dx,
        linear=ufl.inner(traction, v) * ufl.ds(1, domain=mesh, subdomain_data=tags),
        fixed=fixed,
    )
    return _Membrane(problem, modulus, ratio, load, None, probe, None)


def _skew(points: np.ndarray) -> np.ndarray:
    """The unit square as the panel (0,0) (48,44) (48,60) (0,44)."""
    along, across = points.T
    return np.stack([48 * along, 44 * along + across * (44 - 28 * along)], axis=1)


def cook_membrane(
    young_modulus: Scalar, poisson_ratio: Scalar, *, cells: int, degree: int
) -> Solution:
    """Cook's panel of unit thickness, clamped at x = 0, sheared by a unit force on x = 48.

    ``value`` has ``tip_displacement``, the vertical one at (48, 52), half-way up the loaded edge.
    With E = 1 and ν = 1/3 it tends to 23.968; the corner (48, 60) tends to another value, 25.19.
    """
    parts = _cook(cells, degree)
    load = jnp.ones((), jnp.result_type(young_modulus))
    solved = parts.problem.solve(
        {parts.young_modulus: young_modulus, parts.poisson_ratio: poisson_ratio, parts.load: load}
    )
    return solved._replace(value={"tip_displacement": solved.value[parts.probe]})


def cook_membrane_by_dolfinx(
    young_modulus: float, poisson_ratio: float, *, cells: int, degree: int
) -> dict[str, float]:
    """The same, assembled by DOLFINx and solved by SciPy."""
    parts = _cook(cells, degree)
    parts.young_modulus.value, parts.poisson_ratio.value = young_modulus, poisson_ratio
    return {"tip_displacement": float(solve_by_dolfinx(parts.problem)[parts.probe])}


@functools.lru_cache(maxsize=4)
def _ellipse(cells: int) -> _Membrane:
    plate = lattice("quadrilateral", (cells, cells), degree=2)
    mesh = plate.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (2,)))
    # across = 0 is the inner ellipse; along = 0 the axis y = 0, along = 1 the axis x = 0.
    fixed = np.union1d(
        boundary_unknowns(space, lambda x: np.isclose(x[0], 0), 1),
        boundary_unknowns(space, lambda x: np.isclose(x[0], 1), 0),
    )
    tags = tag_sides(mesh, {1: lambda x: np.isclose(x[1], 1)})
    plate.bend(quarter_ellipse)
    modulus, ratio, load = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(3))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    elastic = plane_stress_lame(modulus, ratio)
    displacement = dolfinx.fem.Function(space)
    problem = LinearProblem(
        bilinear=ufl.inner(stress(u, elastic), strain(v)) * ufl.dx,
        linear=load
        * ufl.inner(ufl.FacetNormal(mesh), v)
        * ufl.ds(1, domain=mesh, subdomain_data=tags),
        fixed=fixed,
    )
    observed = compile_form(at_corner(stress(displacement, elastic)[1, 1], mesh, (2.0, 0.0)))
    return _Membrane(problem, modulus, ratio, load, displacement, 0, observed)


def quarter_ellipse(points: Float[np.ndarray, "nodes _"]) -> Float[np.ndarray, "nodes 2"]:
    """Points of the unit square as a quarter of the plate between NAFEMS' two ellipses.

    The first coordinate goes around, from the axis y = 0 to x = 0; the second from the inner
    ellipse 2 × 1 to the outer 3.25 × 2.75.
    """
    along, across = points.T[:2]
    angle = 0.5 * np.pi * along
    inner = np.stack([2 * np.cos(angle), np.sin(angle)], axis=1)
    outer = np.stack([3.25 * np.cos(angle), 2.75 * np.sin(angle)], axis=1)
    return inner + across[:, None] * (outer - inner)


def elliptic_membrane(
    young_modulus: Scalar, poisson_ratio: Scalar, pressure: Scalar, *, cells: int
) -> Solution:
    """A quarter of NAFEMS' elliptic plate LE1, pulled outward on its outer edge.

    ``value`` has ``sigma_yy_d``, the stress at D = (2, 0), in the unit of ``pressure``.
    """
    parts = _ellipse(cells)
    values = {
        parts.young_modulus: young_modulus,
        parts.poisson_ratio: poisson_ratio,
        parts.load: pressure,
    }
    solved = parts.problem.solve(values)
    assert parts.stress is not None
    observed = parts.stress(only({**values, parts.displacement: solved.value}, parts.stress))
    return solved._replace(value={"sigma_yy_d": observed})
