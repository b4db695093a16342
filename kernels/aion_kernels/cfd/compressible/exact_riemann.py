"""The exact solution of the Riemann problem: two states of an ideal gas that meet at a point.

It depends on ξ = x/t only: a shock or a fan to the left, a contact, a shock or a fan to the right
(Toro 2009, chapter 4, doi 10.1007/b79761). The pressure p* between the outer waves is the root of

    f(p; left) + f(p; right) + u_right − u_left = 0,

concave and increasing, so Newton's method rises to it from wherever its first step lands. The
derivative of the root comes from one more step (the implicit function theorem), never from the
iteration. Where the gases part faster than they can expand, a vacuum opens between two fans, and
p* = 0.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["RiemannSolution", "mean_density", "sample_riemann", "solve_riemann"]

_ITERATIONS = 40  # a dozen do for pressure ratios of 1e10

Scalar = Float[Array, ""]
Primitive = Float[Array, "3"]
"""Density, velocity, pressure."""


class RiemannSolution(NamedTuple):
    """The states between the waves, and how fast each wave runs."""

    left: Primitive
    right: Primitive
    gamma: Scalar
    pressure: Scalar
    """p*, zero in a vacuum."""
    velocity: Scalar
    """u*; in a vacuum the mean of its two fronts."""
    density_left: Scalar
    """Between the left wave and the contact."""
    density_right: Scalar
    head_left: Scalar
    """Left end of the left wave; a shock's head and tail are one."""
    tail_left: Scalar
    tail_right: Scalar
    head_right: Scalar
    vacuum: Bool[Array, ""]


def solve_riemann(left: Primitive, right: Primitive, gamma: Scalar) -> RiemannSolution:
    """All waves of the problem; densities and pressures have to be above zero."""
    sound_left, sound_right = (jnp.sqrt(gamma * s[2] / s[0]) for s in (left, right))
    jump = right[1] - left[1]
    vacuum = 2 * (sound_left + sound_right) <= (gamma - 1) * jump
    # Parting gases that leave a vacuum have no root; any will do for what is then overwritten.
    pressure = _root(left, right, gamma, jnp.where(vacuum, 0.0, jump))

    def star(side: Primitive, sound: Scalar, sign: float) -> tuple[Scalar, Scalar, Scalar, Scalar]:
        """Velocity and density behind one outer wave, and the wave's head and tail."""
        ratio = pressure / side[2]
        shock = ratio > 1
        slope = (gamma - 1) / (gamma + 1)
        squeezed = side[0] * (ratio + slope) / (slope * ratio + 1)
        expanded = side[0] * ratio ** (1 / gamma)
        density = jnp.where(shock, squeezed, expanded)
        velocity = side[1] + sign * _velocity_jump(pressure, side, gamma)
        mach = jnp.sqrt(jnp.maximum(((gamma + 1) * ratio + gamma - 1) / (2 * gamma), 1e-30))
        front = side[1] + sign * sound * mach
        head = jnp.where(shock, front, side[1] + sign * sound)
        inner = sound * ratio ** ((gamma - 1) / (2 * gamma))
        return velocity, density, head, jnp.where(shock, front, velocity + sign * inner)

    from_left, density_left, head_left, tail_left = star(left, sound_left, -1.0)
    from_right, density_right, head_right, tail_right = star(right, sound_right, 1.0)
    escape_left = left[1] + 2 * sound_left / (gamma - 1)
    escape_right = right[1] - 2 * sound_right / (gamma - 1)

    def unless_vacuum(value: Scalar, otherwise: Scalar | float) -> Scalar:
        return jnp.where(vacuum, otherwise, value)

    return RiemannSolution(
        left,
        right,
        gamma,
        pressure=unless_vacuum(pressure, 0.0),
        velocity=unless_vacuum(0.5 * (from_left + from_right), 0.5 * (escape_left + escape_right)),
        density_left=unless_vacuum(density_left, 0.0),
        density_right=unless_vacuum(density_right, 0.0),
        head_left=unless_vacuum(head_left, left[1] - sound_left),
        tail_left=unless_vacuum(tail_left, escape_left),
        tail_right=unless_vacuum(tail_right, escape_right),
        head_right=unless_vacuum(head_right, right[1] + sound_right),
        vacuum=vacuum,
    )


def sample_riemann(
    solution: RiemannSolution, similarity: Float[Array, " points"]
) -> Float[Array, "3 points"]:
    """Density, velocity and pressure at ξ = x/t; in a vacuum the velocity is ξ itself."""
    inner = [
        [solution.density_left, solution.velocity, solution.pressure],
        [solution.density_right, solution.velocity, solution.pressure],
    ]
    left = _fan(solution.left, solution.gamma, similarity, 1.0)
    right = _fan(solution.right, solution.gamma, similarity, -1.0)
    empty = [jnp.zeros_like(similarity), similarity, jnp.zeros_like(similarity)]
    rows = []
    for row in range(3):
        values = [
            solution.left[row],
            left[row],
            jnp.where(solution.vacuum, empty[row], inner[0][row]),
            jnp.where(solution.vacuum, empty[row], inner[1][row]),
            right[row],
            solution.right[row],
        ]
        fronts = (
            solution.head_left,
            solution.tail_left,
            solution.velocity,
            solution.tail_right,
            solution.head_right,
        )
        found = jnp.broadcast_to(values[0], similarity.shape)
        for front, value in zip(fronts, values[1:], strict=True):
            found = jnp.where(similarity > front, value, found)
        rows.append(found)
    return jnp.stack(rows)


def mean_density(
    solution: RiemannSolution, edges: Float[Array, " edges"]
) -> Float[Array, " cells"]:
    """The mean density between neighbouring ``edges``, places in ξ.

    A self-similar flow has ρ = −d/dξ [ρ (u − ξ)], and ρ (u − ξ) passes unchanged through shocks and
    contacts, so the integral needs no quadrature.
    """
    density, velocity, _ = sample_riemann(solution, edges)
    return jnp.diff(density * (edges - velocity)) / jnp.diff(edges)


def _velocity_jump(pressure: Scalar, side: Primitive, gamma: Scalar) -> Scalar:
    """f(p): the change of velocity through a shock or a fan that leads to ``pressure``."""
    density, _, before = side
    sound = jnp.sqrt(gamma * before / density)
    ratio = pressure / before
    inertia = 0.5 * density * ((gamma + 1) * pressure + (gamma - 1) * before)
    shock = (pressure - before) / jnp.sqrt(inertia)
    fan = 2 * sound / (gamma - 1) * (ratio ** ((gamma - 1) / (2 * gamma)) - 1)
    return jnp.where(ratio > 1, shock, fan)


def _root(left: Primitive, right: Primitive, gamma: Scalar, jump: Scalar) -> Scalar:
    def parting(pressure: Scalar, left: Primitive, right: Primitive, gamma, jump) -> Scalar:
        sides = (_velocity_jump(pressure, side, gamma) for side in (left, right))
        return sum(sides, jump)

    fixed = jax.lax.stop_gradient((left, right, gamma, jump))
    slope = jax.grad(parting)

    def newton(_, pressure: Scalar) -> Scalar:
        step = parting(pressure, *fixed) / slope(pressure, *fixed)
        return jnp.maximum(pressure - step, 0.01 * pressure)

    # Both waves fans: exact where they are, above the root where they are not.
    power = (fixed[2] - 1) / (2 * fixed[2])
    sounds = [jnp.sqrt(fixed[2] * side[2] / side[0]) for side in fixed[:2]]
    speed = sounds[0] + sounds[1] - 0.5 * (fixed[2] - 1) * fixed[3]
    weight = sum(c / side[2] ** power for c, side in zip(sounds, fixed[:2], strict=True))
    start = (jnp.maximum(speed, 1e-6 * sounds[0]) / weight) ** (1 / power)
    least = 1e-12 * jnp.minimum(fixed[0][2], fixed[1][2])
    found = jax.lax.fori_loop(0, _ITERATIONS, newton, jnp.maximum(start, least))
    found = jax.lax.stop_gradient(found)
    return found - parting(found, left, right, gamma, jump) / slope(found, *fixed)


def _fan(
    side: Primitive, gamma: Scalar, similarity: Float[Array, " points"], sign: float
) -> tuple[Float[Array, " points"], ...]:
    """The state inside a fan of the left (``sign`` 1) or the right (−1) side."""
    density, speed, pressure = side
    sound = jnp.sqrt(gamma * pressure / density)
    inner = (2 * sound + sign * (gamma - 1) * (speed - similarity)) / (gamma + 1)
    # Outside the fan the formula means nothing, and must not be a power of a negative number.
    ratio = jnp.maximum(inner / sound, 1e-12)
    velocity = 2 / (gamma + 1) * (sign * sound + 0.5 * (gamma - 1) * speed + similarity)
    fallen = pressure * ratio ** (2 * gamma / (gamma - 1))
    return density * ratio ** (2 / (gamma - 1)), velocity, fallen
