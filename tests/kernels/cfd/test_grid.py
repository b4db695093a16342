"""A staggered grid covers the box, stretches smoothly and refuses what the scheme cannot use."""

from __future__ import annotations

import numpy as np
import pytest

from aion_kernels.cfd.grid import GridAxis, StaggeredGrid


@pytest.mark.parametrize("stretching", [0.0, 1.5, 3.0])
@pytest.mark.parametrize("cells", [4, 10, 64])
def test_cells_fill_the_axis(cells, stretching):
    """1e-14: sums of a few dozen numbers of order one."""
    axis = GridAxis(cells, 2.5, stretching)
    assert axis.faces[0] == 0.0
    assert axis.faces[-1] == pytest.approx(2.5, abs=1e-14)
    assert axis.widths.sum() == pytest.approx(2.5, abs=1e-14)
    assert np.all(axis.widths > 0)
    np.testing.assert_allclose(axis.faces + axis.faces[::-1], 2.5, atol=1e-14)
    assert axis.faces[cells // 2] == pytest.approx(1.25, abs=1e-14), "a face on the middle"
    assert axis.gaps.shape == axis.faces.shape


def test_stretching_thins_the_cells_at_the_walls():
    widths = GridAxis(64, stretching=1.5).widths
    assert np.all(np.diff(widths[:32]) > 0)
    assert 4 < widths[32] / widths[0] < 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5,), "even number"),
        ((2,), "even number"),
        ((8, 0.0), "positive"),
        ((8, 1.0, -1.0), "between 0 and 4"),
    ],
)
def test_an_axis_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        GridAxis(*arguments)


def test_a_grid_has_two_or_three_axes():
    with pytest.raises(ValueError, match="2 or 3 dimensions"):
        StaggeredGrid((GridAxis(8),))


def test_shapes_points_and_volumes_agree():
    grid = StaggeredGrid((GridAxis(4, 1.0), GridAxis(6, 2.0, 1.0), GridAxis(8, 3.0)))
    assert grid.shape == (4, 6, 8)
    assert grid.velocity_shape(1) == (4, 5, 8)
    assert tuple(p.size for p in grid.velocity_points(1)) == (4, 5, 8)
    assert tuple(p.size for p in grid.cell_points()) == grid.shape
    assert grid.volumes().sum() == pytest.approx(6.0, rel=1e-13)
    assert grid.volumes(2).shape == grid.velocity_shape(2)
