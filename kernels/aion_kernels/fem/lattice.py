"""Meshes of a box by a regular lattice, bent into shape by a map of their nodes.

A rectangle, a quarter of a ring or a tapered plate is a box whose nodes are moved. The topology is
made once, with sides that are easy to name (``x = 0`` of the box); the shape is an array of
coordinates, so that it may be traced: form assemblies take it as an argument. Cells of degree two
or more follow curved sides.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem as dolfinx_fem
from dolfinx import mesh as dolfinx_mesh
from jaxtyping import Float, Int
from mpi4py import MPI

from aion_kernels.invalid import InvalidInputError

__all__ = ["Lattice", "boundary_unknowns", "lattice", "tag_sides", "unknown_at"]

Where = Callable[[Float[np.ndarray, "3 points"]], Any]
"""Says which points of the box lie on a side, as DOLFINx's markers do."""


class Lattice(NamedTuple):
    """A DOLFINx mesh of the unit box, and where its nodes are in the box."""

    mesh: Any
    points: Float[np.ndarray, "nodes dimension"]
    """Node positions in the box, in the order of the mesh's coordinates."""

    def bend(self, shape: Callable[[np.ndarray], np.ndarray]) -> None:
        """Move the nodes of the DOLFINx mesh to ``shape(points)``."""
        self.mesh.geometry.x[:, : self.points.shape[1]] = shape(self.points)


def lattice(cell: str, counts: Sequence[int], *, degree: int = 1) -> Lattice:
    """A lattice of ``counts`` boxes along each axis of the unit box.

    Parameters
    ----------
    cell
        ``quadrilateral`` or ``hexahedron``, one a box; ``triangle`` or ``tetrahedron``, two or six
        a box, their common diagonal in the direction (1, 1[, 1]).
    counts
        Boxes along each axis.
    degree
        Of the map from the reference cell: 1 for straight cells.
    """
    dimension = {"triangle": 2, "quadrilateral": 2, "tetrahedron": 3, "hexahedron": 3}.get(cell, 0)
    if dimension != len(counts) or min(counts) < 1:
        raise InvalidInputError(f"a lattice of {cell}s cannot have {tuple(counts)} boxes")
    element = basix.ufl.element(
        "Lagrange", cell, degree, basix.LagrangeVariant.equispaced, shape=(dimension,)
    )
    local = np.rint(element.basix_element.points * degree).astype(int)
    corners = np.stack(
        np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1
    ).reshape(-1, 1, dimension)
    along = [n * degree + 1 for n in counts]
    nodes = [
        np.ravel_multi_index(tuple(np.moveaxis(corners * degree + local @ axes, -1, 0)), along)
        for axes in _axes(cell, dimension)
    ]
    cells = np.stack(nodes, axis=1).reshape(-1, len(local)).astype(np.int64)
    steps = (np.linspace(0, 1, n) for n in along)
    points = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, dimension)
    mesh = dolfinx_mesh.create_mesh(MPI.COMM_SELF, cells, ufl.Mesh(element), points)
    return Lattice(mesh, points[mesh.geometry.input_global_indices])


def _axes(cell: str, dimension: int) -> list[Int[np.ndarray, "dimension dimension"]]:
    """Edges from the first corner of each cell in a box, as rows."""
    if cell in ("quadrilateral", "hexahedron"):
        return [np.eye(dimension, dtype=int)]
    # Kuhn's simplices: from corner to corner along each order of the axes.
    return [
        np.cumsum(np.eye(dimension, dtype=int)[list(order)], axis=0)
        for order in itertools.permutations(range(dimension))
    ]


def tag_sides(mesh: Any, sides: Mapping[int, Where]) -> Any:
    """Mesh tags for facets on the boundary: each number where its marker holds."""
    dimension = mesh.topology.dim - 1
    facets = {
        number: dolfinx_mesh.locate_entities_boundary(mesh, dimension, where)
        for number, where in sides.items()
    }
    indices = np.concatenate(list(facets.values()))
    numbers = np.repeat(list(facets), [len(found) for found in facets.values()]).astype(np.int32)
    if len(np.unique(indices)) != len(indices):
        raise InvalidInputError("two sides share a facet; tag each facet once")
    order = np.argsort(indices)
    return dolfinx_mesh.meshtags(mesh, dimension, indices[order], numbers[order])


def boundary_unknowns(
    space: Any, where: Where, component: int | None = None
) -> Int[np.ndarray, " fixed"]:
    """Unknowns of a space, or of one of its parts, on the boundary facets where a marker holds."""
    mesh = space.mesh
    facets = dolfinx_mesh.locate_entities_boundary(mesh, mesh.topology.dim - 1, where)
    part = space if component is None else space.sub(component)
    found = dolfinx_fem.locate_dofs_topological(part, mesh.topology.dim - 1, facets)
    size = part.dofmap.bs if component is None else 1
    return np.unique((found[:, None] * size + np.arange(size)).ravel())


def unknown_at(space: Any, point: Sequence[float], component: int = 0) -> int:
    """The unknown of a Lagrange space at a node of the mesh as it lies now."""
    target = np.zeros(3)
    target[: len(point)] = point
    distance = np.linalg.norm(space.tabulate_dof_coordinates() - target, axis=1)
    nearest = int(np.argmin(distance))
    if distance[nearest] > 1e-9:
        raise InvalidInputError(f"no unknown at {tuple(point)}; the nearest is {distance[nearest]}")
    return nearest * space.dofmap.bs + component
