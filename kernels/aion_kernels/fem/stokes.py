"""Slow flow in a square cavity whose lid moves.

    −η ∇²u + ∇p = 0,   ∇·u = 0

by Taylor & Hood's elements (1973, doi 10.1016/0045-7930(73)90027-3): velocities quadratic, pressure
linear and continuous, a pair that satisfies the inf-sup condition. The stream function ψ,
u = ∂ψ/∂y, comes from −Δψ = ∂v/∂x − ∂u/∂y with ψ = 0 on the walls.

Where the lid meets the walls the velocity jumps and the shear stress grows as 1/r: the force on the
lid itself is infinite. The force on the opposite wall is not.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import basix.ufl
import dolfinx.fem
import jax
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float, Int

from aion_kernels.core.solution import Solution
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, tag_sides, unknown_at
from aion_kernels.fem.problem import LinearProblem

__all__ = ["stokes_cavity"]

Scalar = Float[Array, ""]

_BOTTOM = 1
_QUARTIC = np.linalg.inv(np.vander(np.arange(-2.0, 3.0), increasing=True))
"""From values at −2, ..., 2 to the coefficients of the powers 0 to 4."""


class _Cavity(NamedTuple):
    problem: LinearProblem
    viscosity: Any
    flow: Any
    drag: CompiledForm
    stream: LinearProblem
    lid: Int[np.ndarray, " unknowns"]
    grid: Int[np.ndarray, "nodes nodes"]
    """Unknowns of ψ by column and row of the lattice of nodes."""


@functools.lru_cache(maxsize=4)
def _cavity(cells: int) -> _Cavity:
    mesh = lattice("quadrilateral", (cells, cells)).mesh
    cell = mesh.basix_cell()
    velocity = basix.ufl.element("Lagrange", cell, 2, shape=(2,))
    pressure = basix.ufl.element("Lagrange", cell, 1)
    space = dolfinx.fem.functionspace(mesh, basix.ufl.mixed_element([velocity, pressure]))
    walls = _velocities(space, lambda x: np.ones(x.shape[1], bool))
    lid = _velocities(space, lambda x: np.isclose(x[1], 1), axis=0, between=(0.0, 1.0))
    # Every velocity on the boundary is given, so that the pressure is known up to a constant.
    _, to_whole = space.sub(1).collapse()
    (u, p), (v, q) = ufl.TrialFunctions(space), ufl.TestFunctions(space)
    viscosity = dolfinx.fem.Constant(mesh, 1.0)
    nothing = dolfinx.fem.Constant(mesh, (0.0, 0.0))
    problem = LinearProblem(
        bilinear=(viscosity * ufl.inner(ufl.grad(u), ufl.grad(v)) - p * ufl.div(v) - q * ufl.div(u))
        * ufl.dx,
        linear=ufl.inner(nothing, v) * ufl.dx,
        fixed=np.union1d(walls, np.ravel(to_whole)[:1]),
    )
    flow = dolfinx.fem.Function(space)
    along = ufl.split(flow)[0]
    tags = tag_sides(mesh, {_BOTTOM: lambda x: np.isclose(x[1], 0)})
    shear = viscosity * ufl.grad(along[0])[1]
    drag = compile_form(shear * ufl.ds(_BOTTOM, domain=mesh, subdomain_data=tags))
    scalar = dolfinx.fem.functionspace(mesh, ("Lagrange", 2))
    phi, test = ufl.TrialFunction(scalar), ufl.TestFunction(scalar)
    stream = LinearProblem(
        bilinear=ufl.inner(ufl.grad(phi), ufl.grad(test)) * ufl.dx,
        linear=(along[1].dx(0) - along[0].dx(1)) * test * ufl.dx,
        fixed=boundary_unknowns(scalar, lambda x: np.ones(x.shape[1], bool)),
    )
    steps = np.linspace(0, 1, 2 * cells + 1)
    grid = np.array([[unknown_at(scalar, (x, y)) for y in steps] for x in steps])
    return _Cavity(problem, viscosity, flow, drag, stream, lid, grid)


def _velocities(
    space: Any,
    where: Any,
    axis: int | None = None,
    between: tuple[float, float] = (-np.inf, np.inf),
) -> Int[np.ndarray, " unknowns"]:
    """Unknowns of the mixed space that are velocities on the boundary, x strictly ``between``."""
    collapsed, to_whole = space.sub(0).collapse()
    unknowns = boundary_unknowns(collapsed, where, axis)
    x = np.repeat(collapsed.tabulate_dof_coordinates()[:, 0], collapsed.dofmap.bs)[unknowns]
    inside = (x > between[0] + 1e-9) & (x < between[1] - 1e-9)
    return np.sort(np.ravel(to_whole)[unknowns[inside]])


def stokes_cavity(viscosity: Scalar, lid_speed: Scalar, *, cells: int) -> Solution:
    """The unit cavity, its lid at y = 1 sliding towards positive x.

    ``value`` has ``drag``, the force of the fluid on the wall opposite the lid, along x and for
    unit depth, and ``psi_min``, the least value of the stream function.
    """
    parts = _cavity(cells)
    boundary = jnp.zeros(parts.problem.matrix.size[0], viscosity.dtype)
    # For unit viscosity: velocities do not depend on it, and the matrix is well scaled.
    unit = jnp.ones_like(viscosity)
    points = jnp.asarray(parts.problem.matrix.coordinates, viscosity.dtype)
    solved = parts.problem.solve(
        {parts.viscosity: unit},
        coordinates=points,
        prescribed=boundary.at[parts.lid].set(unit),
    )
    drag = parts.drag({parts.viscosity: unit, parts.flow: solved.value})
    stream = parts.stream.solve({parts.flow: solved.value}, coordinates=points)
    value = {
        "drag": viscosity * lid_speed * drag,
        "psi_min": lid_speed * _least(stream.value[parts.grid]),
    }
    return solved._replace(value=value)


def _least(values: Float[Array, "nodes nodes"]) -> Scalar:
    """The least value of a smooth field: the least node, less the dip of a quartic along each axis.

    The quartic goes through the node and two neighbours on either side. Slow flow is symmetric, so
    that at its centre the axes do not mix.
    """
    flat = jnp.argmin(jax.lax.stop_gradient(values))
    i, j = jnp.unravel_index(flat, values.shape)
    i, j = (jnp.clip(index, 2, n - 3) for index, n in zip((i, j), values.shape, strict=True))
    lines = jnp.stack(
        [
            jnp.stack([values[i + step, j] for step in range(-2, 3)]),
            jnp.stack([values[i, j + step] for step in range(-2, 3)]),
        ]
    )
    powers = jnp.asarray(_QUARTIC, values.dtype) @ lines.T
    place = jnp.zeros(2, values.dtype)
    for _ in range(4):  # Newton's method, from within half a step of the least value
        slope = sum(k * powers[k] * place ** (k - 1) for k in range(1, 5))
        bend = sum(k * (k - 1) * powers[k] * place ** (k - 2) for k in range(2, 5))
        place = jax.lax.stop_gradient(place - slope / bend)
    dips = sum(powers[k] * place**k for k in range(1, 5))
    return values[i, j] + jnp.sum(dips)
