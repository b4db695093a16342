"""What is known on the reference cell: basis functions, facets and normals at quadrature points.

Cells share one set of points. On facets the points depend on which facet of its cell it is and,
for the second cell at an interior facet, on how that cell is turned against the first. Each such
case is a *variant*; a table has the shape (variants, points, basis functions), and an entity picks
its variant by an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import basix
import numpy as np
from jaxtyping import Float, Int

__all__ = ["ReferencePoints", "Table"]

_CLAMP = 1e-13
"""Round-off of Basix around 0 and ±1: exact values let terms drop out of the program."""

Table = Float[np.ndarray, "_ _ _"]
"""Variants, points, functions; the first two have size one where the values are the same."""


class ReferencePoints:
    """Quadrature points on the reference cell, for every variant, and tables at them.

    Parameters
    ----------
    cell
        Name of the reference cell.
    kind
        ``cell``, ``exterior_facet`` or ``interior_facet``.
    points
        Of the reference cell, or of the reference facet.
    turns
        For interior facets: each way in which the corners of the second cell's facet match those
        of the first, as a tuple of local corners.
    """

    def __init__(
        self,
        cell: str,
        kind: str,
        points: Float[np.ndarray, "points dimension"],
        turns: Sequence[tuple[int, ...]] = (),
    ) -> None:
        self.cell = basix.CellType[cell]
        self.kind = kind
        self._tables: dict[Any, Table] = {}
        corners = basix.cell.geometry(self.cell)
        if kind == "cell":
            self.points = np.asarray(points)[None]
            self.facet_of_variant = np.zeros(1, np.int32)
            return
        facets = basix.cell.topology(self.cell)[-2]
        same = tuple(range(len(facets[0])))
        self.turns = tuple(turns) or (same,)
        shape = _corner_functions(self.cell, np.asarray(points))
        self.points = np.stack(
            [
                shape @ corners[np.asarray(facet)[list(turn)]]
                for facet in facets
                for turn in self.turns
            ]
        )
        self.facet_of_variant = np.repeat(np.arange(len(facets)), len(self.turns)).astype(np.int32)

    def table(self, element: Any, derivatives: tuple[int, ...]) -> Table:
        """Derivatives of a scalar-valued Basix element's functions; size one where constant.

        ``derivatives`` counts them by reference axis. The axis of points has size one where all
        points of each variant agree, and that of variants where all variants agree.
        """
        key = (element, derivatives)
        if key not in self._tables:
            order = sum(derivatives)
            index = basix.index(*derivatives) if order else 0
            table = np.stack([element.tabulate(order, points)[index] for points in self.points])
            for exact in (-1.0, 0.0, 1.0):
                table[np.abs(table - exact) < _CLAMP] = exact
            if np.ptp(table, axis=1).max(initial=0.0) < _CLAMP:
                table = table[:, :1]
            if np.ptp(table, axis=0).max(initial=0.0) < _CLAMP:
                table = table[:1]
            self._tables[key] = table
        return self._tables[key]

    def normals(self) -> Float[np.ndarray, "variants dimension"]:
        """Outward unit normals of the reference facets."""
        return basix.cell.facet_outward_normals(self.cell)[self.facet_of_variant]

    def facet_jacobians(self) -> Float[np.ndarray, "variants dimension facet_dimension"]:
        """Derivatives of the reference cell's coordinates by those of its facets."""
        return basix.cell.facet_jacobians(self.cell)[self.facet_of_variant]

    def facet_volume(self) -> float:
        """Length or area of a reference facet."""
        return basix.cell.volume(basix.cell.subentity_types(self.cell)[-2][0])

    def facet_edges(self) -> Int[np.ndarray, "variants edges 2"]:
        """Corners at the ends of each edge of each facet, numbered in the cell."""
        topology = basix.cell.topology(self.cell)
        edges = [sorted(edge) for edge in topology[1]]
        of_facet = [[edge for edge in edges if set(edge) <= set(facet)] for facet in topology[-2]]
        return np.asarray(of_facet)[self.facet_of_variant]

    def edges(self) -> Int[np.ndarray, "edges 2"]:
        """Corners at the ends of each edge of the cell."""
        return np.asarray(basix.cell.topology(self.cell)[1])


def _corner_functions(
    cell: basix.CellType, points: Float[np.ndarray, "points dimension"]
) -> Float[np.ndarray, "points corners"]:
    """The facet's (multi)linear functions, which carry its points into the cell."""
    facet = basix.cell.subentity_types(cell)[-2][0]
    if facet == basix.CellType.point:
        return np.ones((len(points), 1))
    linear = basix.create_element(basix.ElementFamily.P, facet, 1)
    return linear.tabulate(0, points)[0, :, :, 0]
