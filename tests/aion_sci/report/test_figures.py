"""Figures: the same bytes for the same data, and a drawing for whatever data there are."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as xml

import matplotlib
import pytest

from aion_sci.report.figures import Axis, Band, Curve, Points, ladder_figure, scatter_figure

POINTS = Points([1e3, 1e4, 1e5], [1.1, 2.2, 4.5], [0.01, 0.02, 0.05], "evidence")
LOG = Axis("rayleigh", "log")
CODE = """
from aion_sci.report.figures import *
points = Points([1e3, 1e4, 1e5], [1.1, 2.2, 4.5], [0.01, 0.02, 0.05], "evidence")
print(scatter_figure("t", Axis("rayleigh", "log"), Axis("nusselt"), [points]), end="")
"""


def test_the_same_data_draw_the_same_bytes_in_any_process():
    here = scatter_figure("t", LOG, Axis("nusselt"), [POINTS])
    there = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert there.stdout == here


def test_a_figure_is_one_element_that_refers_to_nothing_outside():
    drawn = xml.fromstring(scatter_figure("t", LOG, Axis("nusselt"), [POINTS]))
    assert drawn.tag.endswith("}svg")
    for element in drawn.iter():
        for name, value in element.attrib.items():
            if name.endswith("href"):
                assert value.startswith("#")
    assert not any(element.tag.endswith(("script", "image")) for element in drawn.iter())


def test_texts_are_escaped():
    hostile = "<script>&\"'"
    xml.fromstring(scatter_figure(hostile, Axis(hostile), Axis(hostile), [POINTS]))


def test_drawing_leaves_the_global_state_alone():
    before = dict(matplotlib.rcParams)
    scatter_figure("t", LOG, Axis("nusselt"), [POINTS])
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize(
    "points",
    [
        Points([1.0], [2.0], [0.0], "one"),
        Points([1.0, 1.0], [2.0, 2.0], [0.1, 3.0], "all alike, a bar across zero"),
        Points([1e-12, 1e12], [1e-30, 1e30], [0.0, 0.0], "far apart"),
        Points([], [], [], "none"),
    ],
    ids=lambda points: points.label,
)
def test_odd_data(scale, points):
    xml.fromstring(
        scatter_figure(
            "t", Axis("x", scale), Axis("y", scale), [points], [Curve([1.0], [1.0], "c")],
            [Band([1.0, 1.0], [1.0, 1.0], [1.0, 1.0], "no width")],
        )
    )  # fmt: skip


def test_ladders_of_different_grids_share_a_figure():
    lines = [([1 / 32, 1 / 64], [1e-2, 2e-3]), ([1 / 33, 1 / 66, 1 / 132], [1e-2, 3e-3, 1e-3])]
    xml.fromstring(ladder_figure("t", lines, 2.0))
