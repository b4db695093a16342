"""What a form needs of a DOLFINx mesh and its function spaces, as plain arrays.

DOLFINx numbers the unknowns and says how a cell's reference frame lies in the mesh; both are taken
over as they are. So a vector or a matrix assembled here has DOLFINx's own ordering, and the same
form object can be assembled there to compare.

Meshes are those of one process: batches, not ranks, are how work is spread here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import basix
import basix.ufl
import numpy as np
import scipy.linalg
from dolfinx import fem as dolfinx_fem
from dolfinx import mesh as dolfinx_mesh
from jaxtyping import Float, Int

from aion_kernels.invalid import InvalidInputError

__all__ = ["Entities", "cell_dofs", "cell_transforms", "entities_of", "mesh_of", "space_size"]


class Entities(NamedTuple):
    """Cells or facets to integrate over; at an interior facet there are two sides."""

    cells: dict[str, Int[np.ndarray, " entities"]]
    """Cell of each entity, by side: ``""``, or ``+`` and ``-``."""
    variants: dict[str, Int[np.ndarray, " entities"]]
    """Which table of :class:`~aion_kernels.fem.tables.ReferencePoints` belongs to it."""
    turns: tuple[tuple[int, ...], ...]
    """Ways in which the facets of two neighbours lie against each other."""


def mesh_of(domain: Any) -> Any:
    """The DOLFINx mesh behind a UFL domain."""
    cargo = domain.ufl_cargo()
    if cargo is None:
        raise InvalidInputError("the form's mesh is not a DOLFINx mesh; make one to integrate over")
    return dolfinx_mesh.Mesh(cargo, domain)


def space_size(space: Any) -> int:
    """Number of unknowns of a DOLFINx function space."""
    return space.dofmap.index_map.size_local * space.dofmap.index_map_bs


def cell_dofs(space: Any) -> Int[np.ndarray, "cells functions"]:
    """Unknowns of each cell, in the order of the Basix element's functions."""
    blocks, size = np.asarray(space.dofmap.list), space.dofmap.bs
    unknowns = blocks[:, :, None] * size + np.arange(size)
    return unknowns.reshape(len(blocks), -1).astype(np.int32)


def cell_transforms(
    space: Any,
) -> tuple[Float[np.ndarray, "kinds n n"], Int[np.ndarray, " cells"]] | None:
    """Matrices from reference to oriented basis functions, and which one each cell uses.

    None where they are all the identity, as for Lagrange elements.
    """
    if not space.element.needs_dof_transformations:
        return None
    topology = space.mesh.topology
    topology.create_entity_permutations()
    orientations, kind = np.unique(topology.get_cell_permutation_info(), return_inverse=True)
    element = space.ufl_element()
    matrices = np.stack([_transform(element, int(orientation)) for orientation in orientations])
    return matrices, kind.astype(np.int32)


def _transform(element: Any, orientation: int) -> Float[np.ndarray, "n n"]:
    """The matrix of one orientation, part by part; DOLFINx has numbered permutations away."""
    if element.is_mixed:
        parts = [_transform(part, orientation) for part in element.sub_elements]
        return np.asarray(scipy.linalg.block_diag(*parts))
    if element.block_size > 1:
        (scalar,) = set(element.sub_elements)
        return np.kron(_transform(scalar, orientation), np.eye(element.block_size))
    matrix = np.eye(element.dim)
    if not isinstance(element, basix.ufl._BasixElement):
        return matrix
    basic = element.basix_element
    if basic.dof_transformations_are_identity or basic.dof_transformations_are_permutations:
        return matrix
    flat = matrix.ravel()
    basic.T_apply(flat, element.dim, orientation)
    return flat.reshape(matrix.shape)


def entities_of(mesh: Any, kind: str, tags: Any, subdomains: Sequence[int]) -> Entities:
    """The entities of an integral.

    Parameters
    ----------
    mesh
        A DOLFINx mesh.
    kind
        ``cell``, ``exterior_facet`` or ``interior_facet``.
    tags
        What the measure was given as ``subdomain_data``: DOLFINx mesh tags, pairs of a number and
        DOLFINx integration entities, or None.
    subdomains
        Tags to integrate over; −1 stands for everything.
    """
    if mesh.comm.size != 1:
        raise InvalidInputError(
            f"the mesh is spread over {mesh.comm.size} processes; make it on MPI.COMM_SELF"
        )
    mesh.topology.create_connectivity(mesh.topology.dim - 1, mesh.topology.dim)
    mesh.topology.create_connectivity(mesh.topology.dim, mesh.topology.dim - 1)
    parts = [_of_subdomain(mesh, kind, tags, number) for number in subdomains]
    chosen = np.concatenate(parts)
    if kind == "cell":
        return Entities({"": chosen}, {"": np.zeros(len(chosen), np.int32)}, ())
    if kind == "exterior_facet":
        cells, facets = chosen.reshape(-1, 2).T
        return Entities({"": cells.copy()}, {"": facets.copy()}, ())
    first, first_facet, second, second_facet = chosen.reshape(-1, 4).T
    turns, turn = _turns(mesh, first, first_facet, second, second_facet)
    count = len(turns)
    variants = {"+": first_facet * count, "-": second_facet * count + turn}
    return Entities({"+": first.copy(), "-": second.copy()}, variants, turns)


def _of_subdomain(mesh: Any, kind: str, tags: Any, number: int) -> Int[np.ndarray, " values"]:
    if number != -1 and tags is None:
        raise InvalidInputError(
            f"the form integrates over subdomain {number} but its measure has no tags; give "
            "subdomain_data to Measure"
        )
    if number != -1 and not hasattr(tags, "find"):
        given = dict(tags)
        if number not in given:
            raise InvalidInputError(f"no entities are given for subdomain {number}")
        return np.asarray(given[number], np.int32).ravel()
    integral = dolfinx_fem.IntegralType[kind]
    if number != -1:
        found = tags.find(number)
    elif kind == "cell":
        found = np.arange(mesh.topology.index_map(mesh.topology.dim).size_local, dtype=np.int32)
    elif kind == "exterior_facet":
        found = dolfinx_mesh.exterior_facet_indices(mesh.topology)
    else:
        facets = mesh.topology.index_map(mesh.topology.dim - 1).size_local
        found = np.arange(facets, dtype=np.int32)
    if kind != "cell":
        found = _with_cells(mesh, found, 1 if kind == "exterior_facet" else 2)
    if kind == "cell":
        return np.asarray(found, np.int32)
    return dolfinx_fem.compute_integration_domains(integral, mesh.topology, found).ravel()


def _with_cells(mesh: Any, facets: np.ndarray, cells: int) -> np.ndarray:
    """Those of the facets that bound as many cells."""
    neighbours = mesh.topology.connectivity(mesh.topology.dim - 1, mesh.topology.dim)
    return facets[np.diff(neighbours.offsets)[facets] == cells]


def _turns(
    mesh: Any,
    first: np.ndarray,
    first_facet: np.ndarray,
    second: np.ndarray,
    second_facet: np.ndarray,
) -> tuple[tuple[tuple[int, ...], ...], np.ndarray]:
    """For each corner of the first cell's facet the matching one of the second cell's."""
    cell = basix.CellType[mesh.topology.cell_name()]
    corners = np.asarray(basix.cell.topology(cell)[-2])
    vertices = mesh.topology.connectivity(mesh.topology.dim, 0).array
    vertices = vertices.reshape(-1, basix.cell.geometry(cell).shape[0])
    ours = vertices[first[:, None], corners[first_facet]]
    theirs = vertices[second[:, None], corners[second_facet]]
    match = np.argmax(ours[:, :, None] == theirs[:, None, :], axis=2)
    identity = np.arange(corners.shape[1])
    turns, turn = np.unique(np.vstack([identity, match]), axis=0, return_inverse=True)
    # The first cell's points are those of turn 0: sorted, the identity comes first.
    return tuple(tuple(int(i) for i in row) for row in turns), turn[1:].astype(np.int32).ravel()
