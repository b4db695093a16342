"""The lowest eigenvalue of the Laplacian: the tone of a drum of a given shape.

    −Δu = λ u in Ω,   u = 0 on ∂Ω

Quadratic triangles whose sides are parabolas: order four for a smooth eigenfunction, from above
where the shape is exact. At the reentrant corner of the L the eigenfunction goes as r^⅔, and λ
converges at order 4/3 on an even mesh (Strang & Fix 1973, section 8.1).
"""

from __future__ import annotations

import functools
from typing import Any, Literal, NamedTuple

import basix.ufl
import dolfinx.fem
import dolfinx.mesh
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float, Int
from mpi4py import MPI

from aion_kernels.core.solution import Solution
from aion_kernels.fem.constraints import Constraints, fix
from aion_kernels.fem.eigen import smallest_eigenpairs
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns

__all__ = ["Domain", "lowest_laplace_eigenvalue"]

Domain = Literal["square", "disk", "lshape"]

Corners = Int[np.ndarray, "cells 3 2"]
"""Corners of triangles as whole numbers on a lattice."""


class _Drum(NamedTuple):
    stiffness: CompiledForm
    mass: CompiledForm
    constraints: Constraints


def lowest_laplace_eigenvalue(size: Float[Array, ""], *, domain: Domain, cells: int) -> Solution:
    """λ₁ of the square of side ``size``, the disk of that radius, or the L of three such squares.

    ``cells`` is the number of cells along the side, the radius or the shortest side of the L.
    """
    parts = _drum(domain, cells)
    points = jnp.asarray(parts.stiffness.coordinates, size.dtype)
    reduce = parts.constraints.reduce_matrix
    stiffness = reduce(parts.stiffness(coordinates=points))
    mass = reduce(parts.mass(coordinates=points))
    solved = smallest_eigenpairs(stiffness, mass, 1, shift=1.0)
    return solved._replace(value=solved.value[0][0] / size**2)


@functools.lru_cache(maxsize=6)
def _drum(domain: Domain, cells: int) -> _Drum:
    mesh = _mesh(domain, cells)
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2))
    rim = boundary_unknowns(space, lambda x: np.ones(x.shape[1], bool))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    stiffness = compile_form(ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx)
    mass = compile_form(u * v * ufl.dx)
    assert stiffness.pattern is not None  # a bilinear form has one
    return _Drum(stiffness, mass, fix(stiffness.pattern, rim))


def _mesh(domain: Domain, cells: int) -> Any:
    """Triangles of degree two; their corners and the middles of their edges lie on a lattice."""
    corners = 2 * (_hexagon(cells) if domain == "disk" else _squares(domain, cells))
    first, second, third = np.moveaxis(corners, 1, 0)
    middles = [second + third, first + third, first + second]  # opposite to each corner
    nodes = np.stack([first, second, third, *(middle // 2 for middle in middles)], axis=1)
    places, numbers = np.unique(nodes.reshape(-1, 2), axis=0, return_inverse=True)
    points = places / (2 * cells)
    if domain == "disk":
        points = _hexagon_to_disk(points)
    element = basix.ufl.element("Lagrange", "triangle", 2, shape=(2,))
    connections = numbers.reshape(-1, 6).astype(np.int64)
    return dolfinx.mesh.create_mesh(MPI.COMM_SELF, connections, ufl.Mesh(element), points)


def _squares(domain: Domain, cells: int) -> Corners:
    """Two triangles a square, over one unit square or three."""
    along = 2 * cells if domain == "lshape" else cells
    corner = np.stack(np.meshgrid(np.arange(along), np.arange(along), indexing="ij"), -1)
    corner = corner.reshape(-1, 1, 2)
    if domain == "lshape":
        corner = corner[np.any(corner < cells, axis=(1, 2))]
    lower = corner + np.array([[0, 0], [1, 0], [1, 1]])
    upper = corner + np.array([[0, 0], [1, 1], [0, 1]])
    return np.concatenate([lower, upper])


def _hexagon(cells: int) -> Corners:
    """Triangles of a hexagon, in steps along two of its sides that meet at 60 degrees."""
    steps = np.arange(-cells, cells)
    corner = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 1, 2)
    upright = corner + np.array([[0, 0], [1, 0], [0, 1]])
    inverted = corner + np.array([[1, 0], [1, 1], [0, 1]])
    both = np.concatenate([upright, inverted])
    return both[np.all(_hexagonal_norm(both) <= cells, axis=1)]


def _hexagonal_norm(steps: np.ndarray) -> np.ndarray:
    """On which hexagon around the origin a point of the lattice lies."""
    first, second = steps[..., 0], steps[..., 1]
    return np.max(np.abs(np.stack([first, second, first + second])), axis=0)


def _hexagon_to_disk(steps: np.ndarray) -> np.ndarray:
    """Each hexagon becomes the circle of its size: smooth within each of the six sectors."""
    plane = steps @ np.array([[1.0, 0.0], [0.5, 0.5 * np.sqrt(3)]])
    length = np.linalg.norm(plane, axis=1)
    ring = _hexagonal_norm(steps)
    return plane * np.where(length > 0, ring / np.where(length > 0, length, 1), 1)[:, None]
