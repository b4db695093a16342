"""UFL forms of every kind that the compiler knows, for comparison with DOLFINx."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from dolfinx import mesh as meshes
from mpi4py import MPI
from ufl import dS, ds, dx, grad, inner

__all__ = ["FORMS", "QUICK"]

QUICK = (
    "poisson_triangle_2",
    "jump_triangle",
    "robin_quadrilateral",
    "nedelec_tetrahedron",
    "functional_conditional",
)


@functools.cache
def mesh(cell: str) -> Any:
    """A small mesh, its inner nodes moved so that no two cells are alike."""
    comm = MPI.COMM_SELF
    kind = meshes.CellType[cell]
    if cell in ("triangle", "quadrilateral"):
        made = meshes.create_unit_square(comm, 3, 2, kind)
    else:
        made = meshes.create_unit_cube(comm, 2, 2, 1, kind)
    x = made.geometry.x
    dimension = made.geometry.dim
    x[:, :dimension] += 0.04 * np.sin(5 * np.roll(x[:, :dimension], 1, axis=1) + 1)
    return made


def space(cell: str, family: str, degree: int, shape: tuple[int, ...] | None = None) -> Any:
    return fem.functionspace(mesh(cell), (family, degree, shape) if shape else (family, degree))


def pair(made: Any) -> tuple[Any, Any]:
    return ufl.TrialFunction(made), ufl.TestFunction(made)


def field(made: Any) -> Any:
    """A coefficient with values that follow no pattern, between 0.5 and 1.5."""
    function = fem.Function(made)
    function.x.array[:] = 1 + 0.5 * np.sin(7.0 * np.arange(len(function.x.array)))
    return function


def poisson(cell: str, degree: int) -> Any:
    u, v = pair(space(cell, "Lagrange", degree))
    return inner(grad(u), grad(v)) * dx


def elasticity(cell: str, degree: int) -> Any:
    dimension = mesh(cell).geometry.dim
    u, v = pair(space(cell, "Lagrange", degree, (dimension,)))
    stress = ufl.tr(grad(u)) * ufl.Identity(dimension) + 2 * ufl.sym(grad(u))
    return inner(stress, ufl.sym(grad(v))) * dx


def neo_hookean(cell: str, what: str) -> Any:
    dimension = mesh(cell).geometry.dim
    u = field(space(cell, "Lagrange", 1, (dimension,)))
    u.x.array[:] *= 0.05
    modulus = fem.Constant(mesh(cell), 3.0)
    stretch = ufl.Identity(dimension) + grad(u)
    volume = ufl.det(stretch)
    energy = modulus / 2 * (ufl.tr(stretch.T * stretch) - dimension - 2 * ufl.ln(volume)) * dx
    first = ufl.derivative(energy, u)
    return {"energy": energy, "residual": first, "tangent": ufl.derivative(first, u)}[what]


def stokes(cell: str) -> Any:
    name = mesh(cell).basix_cell()
    dimension = mesh(cell).geometry.dim
    velocity = basix.ufl.element("Lagrange", name, 2, shape=(dimension,))
    pressure = basix.ufl.element("Lagrange", name, 1)
    mixed = fem.functionspace(mesh(cell), basix.ufl.mixed_element([velocity, pressure]))
    u, p = ufl.TrialFunctions(mixed)
    v, q = ufl.TestFunctions(mixed)
    old, _ = ufl.split(field(mixed))
    return (
        inner(grad(u), grad(v)) + inner(grad(u) * old, v) - p * ufl.div(v) - q * ufl.div(u)
    ) * dx


def interior_penalty(cell: str, family: str = "DG") -> Any:
    u, v = pair(space(cell, family, 1))
    n = ufl.FacetNormal(mesh(cell))
    flux = inner(ufl.avg(grad(u)), ufl.jump(v, n)) + inner(ufl.avg(grad(v)), ufl.jump(u, n))
    return inner(grad(u), grad(v)) * dx + (4 * inner(ufl.jump(u), ufl.jump(v)) - flux) * dS


def upwind(cell: str) -> Any:
    dimension = mesh(cell).geometry.dim
    u, v = pair(space(cell, "DG", 2))
    flow = ufl.as_vector([1.0, 0.5, -0.3][:dimension])
    n = ufl.FacetNormal(mesh(cell))
    speed = 0.5 * (ufl.dot(flow, n) + abs(ufl.dot(flow, n)))
    return (
        -u * ufl.dot(flow, grad(v)) * dx
        + (speed("+") * u("+") - speed("-") * u("-")) * ufl.jump(v) * dS
        + speed * u * v * ds
    )


def curl_curl(cell: str, family: str, degree: int) -> Any:
    u, v = pair(space(cell, family, degree))
    return (inner(ufl.curl(u), ufl.curl(v)) + inner(u, v)) * dx


def div_div(cell: str, family: str, degree: int) -> Any:
    u, v = pair(space(cell, family, degree))
    return (ufl.div(u) * ufl.div(v) + inner(u, v)) * dx


def tangential_jump(cell: str) -> Any:
    u, v = pair(space(cell, "N1curl", 1))
    n = ufl.FacetNormal(mesh(cell))
    return inner(ufl.jump(ufl.cross(n, u)), ufl.jump(ufl.cross(n, v))) * dS


def mixed_poisson(cell: str) -> Any:
    name = mesh(cell).basix_cell()
    flux = basix.ufl.element("RT", name, 2)
    scalar = basix.ufl.element("DG", name, 1)
    mixed = fem.functionspace(mesh(cell), basix.ufl.mixed_element([flux, scalar]))
    s, u = ufl.TrialFunctions(mixed)
    t, v = ufl.TestFunctions(mixed)
    return (inner(s, t) + ufl.div(t) * u + ufl.div(s) * v) * dx


def robin(cell: str) -> Any:
    u, v = pair(space(cell, "Lagrange", 2))
    x = ufl.SpatialCoordinate(mesh(cell))
    return (1 + x[0] ** 2) * u * v * ds


def tagged(cell: str) -> Any:
    made = mesh(cell)
    u, v = pair(space(cell, "Lagrange", 1))
    dimension = made.topology.dim
    count = made.topology.index_map(dimension).size_local
    cells = np.arange(count, dtype=np.int32)
    tags = meshes.meshtags(made, dimension, cells, cells % 3)
    inside = ufl.Measure("dx", domain=made, subdomain_data=tags)
    return u * v * inside(1) + inner(grad(u), grad(v)) * inside((0, 2))


def nonlinear_load(cell: str) -> Any:
    v = ufl.TestFunction(space(cell, "Lagrange", 2))
    w = field(space(cell, "Lagrange", 2))
    x = ufl.SpatialCoordinate(mesh(cell))
    functions = ufl.exp(-w) + ufl.sin(w) * ufl.sqrt(w) + ufl.atan2(w, 1 + x[0]) + ufl.erf(w)
    return (functions + ufl.tanh(w) ** 3 + w**2.5) * v * dx(degree=5)


def conditional(cell: str) -> Any:
    w = field(space(cell, "DG", 0))
    x = ufl.SpatialCoordinate(mesh(cell))
    small = ufl.And(ufl.lt(w, 1), ufl.Not(ufl.gt(x[0], 0.6)))
    return ufl.conditional(small, w**2, ufl.max_value(x[1], 0.3) * ufl.sign(w - 1)) * dx(degree=4)


def cell_sizes(cell: str) -> Any:
    made = mesh(cell)
    v = ufl.TestFunction(space(cell, "DG", 1))
    sizes = ufl.CellVolume(made) * ufl.Circumradius(made) + ufl.CellDiameter(made)
    return sizes * v * dx + ufl.FacetArea(made) * v * ds + ufl.MinCellEdgeLength(made) * v * dx


def tensor_field(cell: str) -> Any:
    u, v = pair(space(cell, "Lagrange", 1, (2, 2)))
    diffusion = fem.Constant(mesh(cell), np.array([[2.0, 0.3], [0.1, 1.0]]))
    return inner(ufl.dot(diffusion, u), v) * dx + inner(grad(u), grad(v)) * dx


def biharmonic(cell: str) -> Any:
    u, v = pair(space(cell, "Lagrange", 2))
    n = ufl.FacetNormal(mesh(cell))
    return (
        inner(ufl.div(grad(u)), ufl.div(grad(v))) * dx
        - inner(ufl.avg(ufl.div(grad(u))), ufl.jump(grad(v), n)) * dS
    )


def curved_mesh() -> Any:
    nodes = basix.ufl.element("Lagrange", "triangle", 2, shape=(2,))
    x = np.array([[0, 0], [1, 0], [0, 1], [0.6, 0.55], [-0.1, 0.5], [0.5, -0.08]], float)
    made = meshes.create_mesh(MPI.COMM_SELF, np.arange(6, dtype=np.int64)[None], nodes, x)
    u, v = pair(fem.functionspace(made, ("Lagrange", 3)))
    return (inner(grad(u), grad(v)) + u * v) * dx(degree=6) + u * v * ds(degree=6)


def vertex_rule(cell: str) -> Any:
    u, v = pair(space(cell, "Lagrange", 1))
    return u * v * dx(metadata={"quadrature_rule": "vertex", "quadrature_degree": 1})


def boundary_flux(cell: str) -> Any:
    w = field(space(cell, "Lagrange", 2))
    return inner(grad(w), ufl.FacetNormal(mesh(cell))) * ds


def interior_functional(cell: str) -> Any:
    w = field(space(cell, "DG", 1))
    return ufl.jump(w) ** 2 * ufl.avg(w) * dS


def rectangular(cell: str) -> Any:
    u = ufl.TrialFunction(space(cell, "Lagrange", 2))
    q = ufl.TestFunction(space(cell, "DG", 0))
    return (u + u.dx(0)) * q * dx


FORMS: dict[str, Callable[[], Any]] = {
    **{
        f"poisson_{cell}_{degree}": functools.partial(poisson, cell, degree)
        for cell, degrees in (
            ("triangle", (1, 2, 3, 4)),
            ("quadrilateral", (1, 2, 4)),
            ("tetrahedron", (1, 2, 3)),
            ("hexahedron", (1, 2)),
        )
        for degree in degrees
    },
    "elasticity_triangle": functools.partial(elasticity, "triangle", 2),
    "elasticity_quadrilateral": functools.partial(elasticity, "quadrilateral", 2),
    "elasticity_tetrahedron": functools.partial(elasticity, "tetrahedron", 1),
    "elasticity_hexahedron": functools.partial(elasticity, "hexahedron", 1),
    "neo_hookean_energy": functools.partial(neo_hookean, "tetrahedron", "energy"),
    "neo_hookean_residual": functools.partial(neo_hookean, "tetrahedron", "residual"),
    "neo_hookean_tangent": functools.partial(neo_hookean, "tetrahedron", "tangent"),
    "neo_hookean_tangent_plane": functools.partial(neo_hookean, "quadrilateral", "tangent"),
    "stokes_triangle": functools.partial(stokes, "triangle"),
    "stokes_quadrilateral": functools.partial(stokes, "quadrilateral"),
    "stokes_tetrahedron": functools.partial(stokes, "tetrahedron"),
    "jump_triangle": functools.partial(interior_penalty, "triangle"),
    "jump_quadrilateral": functools.partial(interior_penalty, "quadrilateral"),
    "jump_tetrahedron": functools.partial(interior_penalty, "tetrahedron"),
    "jump_hexahedron": functools.partial(interior_penalty, "hexahedron"),
    "upwind_triangle": functools.partial(upwind, "triangle"),
    "upwind_tetrahedron": functools.partial(upwind, "tetrahedron"),
    "nedelec_triangle": functools.partial(curl_curl, "triangle", "N1curl", 2),
    "nedelec_tetrahedron": functools.partial(curl_curl, "tetrahedron", "N1curl", 1),
    "nedelec_tetrahedron_2": functools.partial(curl_curl, "tetrahedron", "N1curl", 2),
    "nedelec_second_kind": functools.partial(curl_curl, "tetrahedron", "N2curl", 1),
    "nedelec_hexahedron": functools.partial(curl_curl, "hexahedron", "NCE", 1),
    "raviart_thomas_triangle": functools.partial(div_div, "triangle", "RT", 2),
    "raviart_thomas_tetrahedron": functools.partial(div_div, "tetrahedron", "RT", 2),
    "raviart_thomas_quadrilateral": functools.partial(div_div, "quadrilateral", "RTCF", 1),
    "brezzi_douglas_marini": functools.partial(div_div, "triangle", "BDM", 2),
    "tangential_jump_tetrahedron": functools.partial(tangential_jump, "tetrahedron"),
    "mixed_poisson_triangle": functools.partial(mixed_poisson, "triangle"),
    "robin_triangle": functools.partial(robin, "triangle"),
    "robin_quadrilateral": functools.partial(robin, "quadrilateral"),
    "robin_tetrahedron": functools.partial(robin, "tetrahedron"),
    "tagged_cells": functools.partial(tagged, "triangle"),
    "nonlinear_load": functools.partial(nonlinear_load, "triangle"),
    "functional_conditional": functools.partial(conditional, "triangle"),
    "cell_sizes_triangle": functools.partial(cell_sizes, "triangle"),
    "cell_sizes_tetrahedron": functools.partial(cell_sizes, "tetrahedron"),
    "tensor_field": functools.partial(tensor_field, "triangle"),
    "biharmonic": functools.partial(biharmonic, "triangle"),
    "curved_mesh": curved_mesh,
    "vertex_rule": functools.partial(vertex_rule, "triangle"),
    "boundary_flux": functools.partial(boundary_flux, "quadrilateral"),
    "interior_functional": functools.partial(interior_functional, "triangle"),
    "interior_functional_hexahedron": functools.partial(interior_functional, "hexahedron"),
    "rectangular_matrix": functools.partial(rectangular, "triangle"),
}
