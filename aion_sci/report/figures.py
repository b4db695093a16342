"""Figures as SVG text, small enough to stand inside a page.

A figure shows what a verdict rests on: each run with its error bar, exploration hollow and evidence
filled, and over it what the hypothesis claims (a law, a level, a band) beside what was found.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Axis", "Band", "Curve", "Points", "ladder_figure", "scatter_figure"]

_SIZE = (6.2, 3.9)  # inches; about the width of the page's text
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ANONYMOUS = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_INK = "#1f2933"
_EVIDENCE = "#0b6e99"
_CLAIM = "#c2410c"


@dataclass(frozen=True)
class Axis:
    """A labelled axis."""

    label: str
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True)
class Points:
    """Measured values with their error bars."""

    x: Sequence[float]
    y: Sequence[float]
    error: Sequence[float]
    label: str
    evidence: bool = True
    """Evidence is drawn filled, exploration hollow."""


@dataclass(frozen=True)
class Curve:
    """A line that a hypothesis or a fit draws."""

    x: Sequence[float]
    y: Sequence[float]
    label: str


@dataclass(frozen=True)
class Band:
    """A region between two curves (or two constants, or two places on the x axis)."""

    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    label: str


def scatter_figure(
    title: str,
    x: Axis,
    y: Axis,
    points: Sequence[Points],
    curves: Sequence[Curve] = (),
    bands: Sequence[Band] = (),
) -> str:
    """Values with error bars, and what is claimed about them."""

    def draw(axes: Axes) -> None:
        for band in bands:
            axes.fill_between(
                band.x, band.low, band.high, color=_CLAIM, alpha=0.15, lw=0, label=band.label
            )
        for curve in curves:
            axes.plot(curve.x, curve.y, color=_CLAIM, lw=1.4, label=curve.label)
        for series in points:
            axes.errorbar(
                series.x,
                series.y,
                yerr=series.error,
                fmt="o",
                ms=5,
                capsize=2,
                color=_EVIDENCE,
                mfc=_EVIDENCE if series.evidence else "white",
                label=series.label,
                zorder=3,
            )
        axes.set(xlabel=x.label, ylabel=y.label, xscale=x.scale, yscale=y.scale)
        _label_powers(axes)
        if points or curves or bands:
            axes.legend(frameon=False, fontsize=8)

    return _svg(title, draw)


def ladder_figure(
    title: str, lines: Sequence[tuple[Sequence[float], Sequence[float]]], order: float
) -> str:
    """How a refinement ladder closes in on the reported value.

    ``lines`` holds for each run its mesh sizes and the relative distances at these.
    """
    ticks = sorted({size for sizes, _ in lines for size in sizes}, reverse=True)

    def draw(axes: Axes) -> None:
        for sizes, errors in lines:
            axes.plot(sizes, errors, "o-", ms=3, lw=0.8, color=_EVIDENCE, alpha=0.6)
        top = max(max(errors) for _, errors in lines)
        slope = [top * (size / ticks[0]) ** order for size in ticks]
        axes.plot(ticks, slope, "--", color=_CLAIM, lw=1.4, label=f"order {order:g}")
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="mesh size (1 / cells)",
            ylabel="relative distance to the reported value",
        )
        _label_powers(axes)
        axes.set_xticks(ticks, [f"1/{round(1 / size)}" for size in ticks])
        axes.minorticks_off()
        axes.legend(frameon=False, fontsize=8)

    return _svg(title, draw)


def _label_powers(axes: Axes) -> None:
    """Label logarithmic axes by plain text: typesetting formulas takes longer than all the rest."""
    from matplotlib.ticker import LogFormatter

    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter(lambda value, _: _power_text(value))
            axis.set_minor_formatter(LogFormatter())


def _power_text(value: float) -> str:
    exponent = round(math.log10(value))
    if abs(exponent) < 3:
        return f"{value:g}"
    return "10" + str(exponent).translate(_RAISED)


def _svg(title: str, draw: Any) -> str:
    """Draw on a figure of our own (no global state) and return it as an ``<svg>`` element."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # A fixed salt and no date: the same data draw the same bytes.
    with mpl.rc_context({"svg.hashsalt": "aion", "svg.fonttype": "path", "axes.edgecolor": _INK}):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.set_title(title, fontsize=10, loc="left", color=_INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, lw=0.5)
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata=_ANONYMOUS)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
