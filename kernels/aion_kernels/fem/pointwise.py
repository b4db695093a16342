"""The value of an expression at one point of one cell, as a form.

A rule with one point X of weight 1 makes ∫ f / |det J| dx the value f(X). So a stress at a corner
is compiled, batched and differentiated like any other functional, and DOLFINx can evaluate it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import basix
import numpy as np
import ufl
from dolfinx import mesh as dolfinx_mesh

from aion_kernels.invalid import InvalidInputError

__all__ = ["at_corner"]

_SAME_POINT = 1e-9


def at_corner(expression: Any, mesh: Any, point: Sequence[float]) -> Any:
    """A scalar UFL expression at a corner of the mesh, averaged over the cells that meet there.

    ``point`` is where the corner lies in the mesh as it is now.
    """
    geometry = basix.cell.geometry(basix.CellType[mesh.topology.cell_name()])
    nodes = np.asarray(mesh.geometry.dofmaps[0])[:, : len(geometry)]  # corners come first
    target = np.zeros(3)
    target[: len(point)] = point
    distance = np.linalg.norm(mesh.geometry.x[nodes] - target, axis=2)
    cells, corners = np.nonzero(distance < _SAME_POINT)
    if not len(cells):
        raise InvalidInputError(f"no corner of the mesh lies at {tuple(point)}")
    tags = dolfinx_mesh.meshtags(
        mesh, mesh.topology.dim, cells.astype(np.int32), corners.astype(np.int32)
    )
    density = expression / abs(ufl.JacobianDeterminant(mesh)) / len(cells)
    return sum(
        density
        * ufl.Measure(
            "dx",
            domain=mesh,
            subdomain_data=tags,
            metadata={
                "quadrature_rule": "custom",
                "quadrature_points": geometry[corner][None],
                "quadrature_weights": np.ones(1),
            },
        )(int(corner))
        for corner in np.unique(corners)
    )
