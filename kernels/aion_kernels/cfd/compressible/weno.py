"""WENO5-Z: fifth-order interpolation to the faces that does not look across a jump.

Three parabolas through three points each predict the value at a face. In a smooth field they are
blended with the weights 1/16, 10/16, 5/16 that make the whole fifth order. A parabola that crosses
a jump has a large smoothness indicator β (Jiang & Shu 1996, doi 10.1006/jcph.1996.0130), and the
weights of Borges et al. 2008 (doi 10.1016/j.jcp.2007.11.038),

    ω_k ∝ d_k (1 + (τ/(β_k + ε))²),   τ = β₀ − β₂,

turn away from it. With the square the order holds at smooth extrema too, and the weights are smooth
functions of the data, which derivatives need. ε keeps differences at the level of round-off from
being taken for jumps: it is relative to the values, so that results do not depend on the units.

Values are taken at points, not as cell averages: see :mod:`.convection` for what this buys.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["interpolate"]

_NOISE = 100.0  # differences below this many units of round-off carry no information


def interpolate(
    points: Sequence[Float[Array, "..."]],
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Values at the middle of six equidistant ``points``, seen from the left and from the right."""
    if len(points) != 6:
        raise ValueError(f"{len(points)} points are given; a face needs three on each side")
    curvatures = [a - 2 * b + c for a, b, c in zip(points, points[1:], points[2:], strict=False)]
    left = _biased(points[:5], curvatures[:3])
    right = _biased(points[:0:-1], curvatures[:0:-1])
    return left, right


def _biased(
    points: Sequence[Float[Array, "..."]], curvatures: Sequence[Float[Array, "..."]]
) -> Float[Array, "..."]:
    """The value halfway between the third and the fourth of five points."""
    a, b, c, d, e = points
    slopes = (a - 4 * b + 3 * c, b - d, 3 * c - 4 * d + e)
    smoothness = [
        13 / 12 * curvature**2 + 0.25 * slope**2
        for curvature, slope in zip(curvatures, slopes, strict=True)
    ]
    limits = jnp.finfo(c.dtype)
    noise = (_NOISE * limits.eps * c) ** 2 + 10 * float(limits.tiny) ** 0.5
    jump = (smoothness[0] - smoothness[2]) ** 2
    first, second, third = (
        share * (1 + jump / (beta + noise) ** 2)
        for share, beta in zip((1.0, 10.0, 5.0), smoothness, strict=True)
    )
    predictions = (3 * a - 10 * b + 15 * c, -b + 6 * c + 3 * d, 3 * c + 6 * d - e)
    blended = first * predictions[0] + second * predictions[1] + third * predictions[2]
    return blended / (8 * (first + second + third))
