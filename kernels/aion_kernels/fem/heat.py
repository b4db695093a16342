"""Heat in a bar whose end swings in temperature, and in a plate that is cooled by air (NAFEMS).

    ρ c ∂T/∂t = ∇·(k ∇T),   −k ∂T/∂n = h (T − T∞) on cooled sides

Quadratic quadrilaterals. In time the trapezoidal rule (Crank & Nicolson 1947), second order:

    (M + ½ Δt K) Tⁿ⁺¹ = (M − ½ Δt K) Tⁿ

with the prescribed temperatures at both ends of the step.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import jax
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float, Int

from aion_kernels.core.outcome import finite_outcome
from aion_kernels.core.solution import Solution
from aion_kernels.fem.constraints import Constraints, fix
from aion_kernels.fem.direct import direct_solve
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, tag_sides, unknown_at
from aion_kernels.fem.problem import LinearProblem

__all__ = ["END_TIME", "cooled_plate", "heated_bar"]

Scalar = Float[Array, ""]

LENGTH = 0.1
"""Of the bar, in m."""
END_TIME = 32.0
"""When the bar is looked at, in s."""
_PERIOD = 80.0
_PEAK = 100.0
_COOLED = 1


class _Bar(NamedTuple):
    stiffness: CompiledForm
    mass: CompiledForm
    constraints: Constraints
    hot: Int[np.ndarray, " nodes"]
    probe: int


@functools.lru_cache(maxsize=4)
def _bar(cells: int) -> _Bar:
    strip = lattice("quadrilateral", (cells, 1))
    space = dolfinx.fem.functionspace(strip.mesh, ("Lagrange", 2))
    cold = boundary_unknowns(space, lambda x: np.isclose(x[0], 0))
    hot = boundary_unknowns(space, lambda x: np.isclose(x[0], 1))
    probe = unknown_at(space, (0.8, 0.0))
    strip.bend(lambda points: points * LENGTH)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    stiffness = compile_form(ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx)
    mass = compile_form(u * v * ufl.dx)
    assert stiffness.pattern is not None  # a bilinear form has one
    return _Bar(stiffness, mass, fix(stiffness.pattern, np.union1d(cold, hot)), hot, probe)


def heated_bar(diffusivity: Scalar, *, cells: int, steps: int) -> Solution:
    """A bar of 0.1 m, one end at 0 °C and the other at 100 sin(π t / 40 s) °C, cold at the start.

    ``diffusivity`` is k / ρc in m²/s. ``value`` has ``temperature`` in °C at 0.08 m after 32 s.
    """
    parts = _bar(cells)
    step = END_TIME / steps
    points = jnp.asarray(parts.mass.coordinates, diffusivity.dtype)
    stiffness = parts.stiffness(coordinates=points) * (0.5 * step * diffusivity)
    mass = parts.mass(coordinates=points)
    ahead = parts.constraints.reduce_matrix(mass + stiffness)

    def prescribed(time: Array) -> Array:
        end = _PEAK * jnp.sin(2 * jnp.pi * time / _PERIOD)
        return jnp.zeros(mass.shape[0], end.dtype).at[parts.hot].set(end)

    def advance(temperature: Array, time: Array) -> tuple[Array, None]:
        boundary = prescribed(time + step)
        known = mass @ temperature - stiffness @ temperature
        rhs = known - (mass + stiffness) @ boundary
        free = direct_solve(ahead, parts.constraints.reduce_vector(rhs))
        return parts.constraints.expand(free, boundary), None

    times = jnp.asarray(np.arange(steps) * step, diffusivity.dtype)
    start = jnp.zeros(mass.shape[0], diffusivity.dtype)
    temperature, _ = jax.lax.scan(advance, start, times)
    value = {"temperature": temperature[parts.probe]}
    return Solution(value, finite_outcome(value), {})


class _Plate(NamedTuple):
    problem: LinearProblem
    conductivity: Any
    exchange: Any
    hot: Int[np.ndarray, " nodes"]
    probe: int


@functools.lru_cache(maxsize=4)
def _plate(cells: int) -> _Plate:
    plate = lattice("quadrilateral", (3 * cells // 5, cells))
    mesh = plate.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2))
    hot = boundary_unknowns(space, lambda x: np.isclose(x[1], 0))
    probe = unknown_at(space, (1.0, 0.2))
    tags = tag_sides(mesh, {_COOLED: lambda x: np.isclose(x[0], 1) | np.isclose(x[1], 1)})
    plate.bend(lambda points: points * np.array([0.6, 1.0]))
    conductivity, exchange = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(2))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    air = ufl.ds(_COOLED, domain=mesh, subdomain_data=tags)
    problem = LinearProblem(
        bilinear=conductivity * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx
        + exchange * u * v * air,
        linear=dolfinx.fem.Constant(mesh, 0.0) * v * ufl.dx,
        fixed=hot,
    )
    return _Plate(problem, conductivity, exchange, hot, probe)


def cooled_plate(
    conductivity: Scalar, heat_transfer: Scalar, bottom_excess: Scalar, *, cells: int
) -> Solution:
    """A plate of 0.6 × 1 m: hot at the bottom, insulated at the left, cooled at the right and top.

    ``bottom_excess`` is the bottom's temperature over that of the air. ``value`` has
    ``temperature``, over that of the air, at (0.6, 0.2). ``cells`` is a multiple of five.
    """
    parts = _plate(cells)
    boundary = jnp.zeros(parts.problem.matrix.size[0], bottom_excess.dtype)
    solved = parts.problem.solve(
        {parts.conductivity: conductivity, parts.exchange: heat_transfer},
        coordinates=jnp.asarray(parts.problem.matrix.coordinates, bottom_excess.dtype),
        prescribed=boundary.at[parts.hot].set(bottom_excess),
    )
    return solved._replace(value={"temperature": solved.value[parts.probe]})
