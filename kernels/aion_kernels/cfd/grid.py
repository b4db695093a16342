"""Staggered grids: pressure in the cells, each velocity component on the faces it crosses.

Harlow and Welch (1965) put the velocity normal to a face on that face. Then the discrete
divergence and gradient are each other's negative adjoint, pressure has no checkerboard mode, and
mass is conserved to round-off cell by cell.

Along one axis the faces follow a smooth map of the uniform grid ξ,

    x(ξ) = L/2 · (1 + tanh(s (2 ξ/L − 1)) / tanh s),

which gathers faces at both walls for s > 0 and is uniform at s = 0. Because the map does not
change with the number of cells, refinement keeps every truncation error a series in the cell count
and a second-order scheme stays second order.

An even number of cells puts a face on the middle of the axis, so that profiles on the mid-plane
are read off without interpolation.

A periodic axis is uniform and has no walls: its last face is its first one, and face i is the lower
one of cell i.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["GridAxis", "StaggeredGrid"]


@dataclass(frozen=True)
class GridAxis:
    """The faces x₀ … x_n of n cells between two walls or over a period, and what follows."""

    cells: int
    length: float = 1.0
    stretching: float = 0.0
    """s of the map above: 0 is uniform; 2 makes the cells at the wall 7 times thinner than the
    middle ones."""
    periodic: bool = False

    def __post_init__(self) -> None:
        if self.cells < 4 or self.cells % 2:
            raise ValueError(f"an axis has {self.cells} cells; it needs an even number, 4 or more")
        if not self.length > 0:
            raise ValueError(f"an axis has length {self.length}; it must be positive")
        if not 0 <= self.stretching <= 4:
            raise ValueError(f"stretching is {self.stretching}; it must lie between 0 and 4")
        if self.periodic and self.stretching:
            raise ValueError(f"stretching is {self.stretching}; a periodic axis is uniform")

    @cached_property
    def faces(self) -> NDArray[np.float64]:
        """Positions of the n + 1 faces, both ends included."""
        uniform = np.linspace(-1.0, 1.0, self.cells + 1)
        if self.stretching > 0:
            uniform = np.tanh(self.stretching * uniform) / np.tanh(self.stretching)
        return 0.5 * self.length * (1.0 + uniform)

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Positions of the n cell centres, midway between their faces."""
        return 0.5 * (self.faces[1:] + self.faces[:-1])

    @cached_property
    def widths(self) -> NDArray[np.float64]:
        """Widths of the n cells."""
        return np.diff(self.faces)

    @cached_property
    def spacings(self) -> NDArray[np.float64]:
        """Distances between neighbouring centres: the widths of cells around the unknown faces."""
        return self.widths if self.periodic else np.diff(self.centres)

    @cached_property
    def gaps(self) -> NDArray[np.float64]:
        """Distances across all n + 1 faces, a wall counting the mirror image of its cell."""
        if self.periodic:
            return np.full(self.cells + 1, self.length / self.cells)
        return np.concatenate([self.widths[:1], self.spacings, self.widths[-1:]])


@dataclass(frozen=True)
class StaggeredGrid:
    """A box of cells in two or three dimensions, one axis at a time."""

    axes: tuple[GridAxis, ...]

    def __post_init__(self) -> None:
        if len(self.axes) not in (2, 3):
            raise ValueError(f"a grid has {len(self.axes)} axes; flows live in 2 or 3 dimensions")

    @classmethod
    def square(cls, cells: int, *, stretching: float = 0.0, dimension: int = 2) -> StaggeredGrid:
        """The unit square (or cube) with the same axis in every direction."""
        return cls((GridAxis(cells, 1.0, stretching),) * dimension)

    @property
    def dimension(self) -> int:
        """2 or 3: how many axes there are."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a cell-centred field."""
        return tuple(axis.cells for axis in self.axes)

    def velocity_shape(self, component: int) -> tuple[int, ...]:
        """Shape of a velocity component: interior faces only, since walls carry given values.

        Over a period every face counts once.
        """
        shape = list(self.shape)
        shape[component] -= not self.axes[component].periodic
        return tuple(shape)

    def velocity_points(self, component: int) -> tuple[NDArray[np.float64], ...]:
        """Coordinates along each axis of a velocity component's unknown faces."""
        return tuple(
            axis.faces[0 if axis.periodic else 1 : -1] if number == component else axis.centres
            for number, axis in enumerate(self.axes)
        )

    def cell_points(self) -> tuple[NDArray[np.float64], ...]:
        """Coordinates along each axis of the cell centres."""
        return tuple(axis.centres for axis in self.axes)

    def volumes(self, component: int | None = None) -> NDArray[np.float64]:
        """Volumes of the cells, or of the cells around one component's interior faces."""
        volume = np.ones((1,) * self.dimension)
        for number, axis in enumerate(self.axes):
            width = axis.spacings if number == component else axis.widths
            volume = volume * width.reshape([-1 if i == number else 1 for i in range(volume.ndim)])
        return volume
