"""Two classic steady flows in a closed unit square: one driven by heat, one by its lid."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.boundaries import ScalarWalls, VelocityWalls
from aion_kernels.cfd.equations import Boussinesq, FlowState, Heat
from aion_kernels.cfd.grid import StaggeredGrid
from aion_kernels.cfd.operators import at_cells
from aion_kernels.cfd.profiles import extremum
from aion_kernels.cfd.steady import SteadySolver, steady_state
from aion_kernels.core.solution import Solution

__all__ = ["heated_cavity", "heated_cavity_equations", "lid_cavity", "lid_cavity_equations"]

_STRETCHING = 1.5
"""Cells at the walls are 4.5 times thinner than in the middle: boundary layers at Rayleigh 1e6 and
Reynolds 3000 then hold four cells or more on the default grid of 64."""

_LID_SOLVER = SteadySolver(first_step=0.1, krylov_size=80, newton_limit=100)
"""The lid starts with a jump, so the first implicit steps are short."""

Scalar = Float[Array, ""]


def heated_cavity(
    rayleigh: Scalar | float,
    prandtl: Scalar | float = 0.71,
    *,
    cells: int = 64,
    stretching: float = _STRETCHING,
    solver: SteadySolver | None = None,
) -> Solution:
    """Steady natural convection in a square with one hot and one cold side wall.

    In de Vahl Davis' scaling (lengths in L, velocities in α/L, temperature in the difference of
    the walls), with T = 1 at x = 0, T = 0 at x = 1, adiabatic floor and ceiling, no slip:

        ∇·(u u) = −∇p + Pr ∇²u + Ra Pr T ŷ,   ∇·u = 0,   ∇·(u T) = ∇²T.

    Method     staggered second-order finite volumes stretched towards the walls, Newton–Krylov.
    Value      ``nusselt``, the mean heat flux through the hot wall over that of pure conduction;
               ``u_max`` on x = 1/2 and ``v_max`` on y = 1/2, in α/L; and ``fields``: ``x``, ``y``,
               ``u``, ``v``, ``temperature``, ``pressure`` at the cell centres.
    Expect     conduction below Ra ≈ 1e3 (Nu → 1); boundary layers of thickness Ra^(−1/4) and
               Nu ≈ 0.14 Ra^0.30 from 1e4 on; a stratified core.
    Fails      where boundary layers hold fewer than about four cells (the ladder of grids says so),
               and beyond Ra ≈ 2e8, where air has no stable steady state.
    Good start Ra = 1e4, Pr = 0.71, 64 cells.
    Reference  de Vahl Davis 1983, doi 10.1002/fld.1650030305: Nu 1.118, 2.243, 4.519, 8.800 at
               Ra 1e3, 1e4, 1e5, 1e6; spectral at 1e6: Nu 8.8252 (Le Quéré 1991,
               doi 10.1016/0045-7930(91)90025-D).
    """
    flow, start, time_scale = heated_cavity_equations(
        rayleigh, prandtl, cells=cells, stretching=stretching
    )
    steady = steady_state(flow, start, time_scale, solver=solver)
    state = steady.value
    horizontal, vertical = flow.grid.axes
    hot = jnp.asarray(2 / horizontal.widths[0] * vertical.widths, state.pressure.dtype)
    value = {
        "nusselt": jnp.sum((1 - state.temperature[0]) * hot),
        "u_max": extremum(_middle_row(state.velocity[0], 0), "maximum"),
        "v_max": extremum(_middle_row(state.velocity[1], 1), "maximum"),
        "fields": _fields(flow, state),
    }
    return Solution(value, steady.outcome, steady.stats)


def heated_cavity_equations(
    rayleigh: Scalar | float,
    prandtl: Scalar | float = 0.71,
    *,
    cells: int,
    stretching: float = _STRETCHING,
) -> tuple[Boussinesq, FlowState, Scalar]:
    """The equations of :func:`heated_cavity`, conducting fluid at rest, the free-fall time."""
    rayleigh = jnp.asarray(rayleigh, _dtype(rayleigh))
    prandtl = jnp.asarray(prandtl, rayleigh.dtype)
    one, zero = jnp.ones((), rayleigh.dtype), jnp.zeros((), rayleigh.dtype)
    grid = StaggeredGrid.square(cells, stretching=stretching)
    walls = ScalarWalls((("value", "value"), ("flux", "flux")), ((one, zero), (zero, zero)))
    flow = Boussinesq(
        grid,
        viscosity=prandtl,
        walls=VelocityWalls.no_slip(2, rayleigh.dtype),
        heat=Heat(one, (zero, rayleigh * prandtl), walls),
    )
    conduction = jnp.asarray(1 - grid.axes[0].centres[:, None], rayleigh.dtype)
    start = flow.rest(jnp.broadcast_to(conduction, grid.shape))
    return flow, start, 1 / jnp.sqrt(rayleigh * prandtl)


def lid_cavity(
    reynolds: Scalar | float,
    *,
    cells: int = 64,
    stretching: float = _STRETCHING,
    solver: SteadySolver | None = None,
) -> Solution:
    """Steady flow in a square whose lid slides at unit speed.

        ∇·(u u) = −∇p + ∇²u / Re,   ∇·u = 0,   u = (1, 0) on y = 1 and zero on the other walls.

    Method     staggered second-order finite volumes stretched towards the walls, Newton–Krylov.
    Value      ``u_min`` on x = 1/2, ``v_max`` and ``v_min`` on y = 1/2, ``psi_min`` of the
               streamfunction (u = ∂ψ/∂y, zero on the walls); and ``fields``: ``x``, ``y``, ``u``,
               ``v``, ``pressure``, ``streamfunction`` at the cell centres.
    Expect     one vortex whose centre moves to the middle as Re grows, corner eddies below it. The
               velocity jumps where the lid meets the walls: pressure is singular there, and only
               quantities away from the corners converge at second order.
    Fails      beyond Re ≈ 8000, where the steady state is unstable; on 64 cells beyond Re ≈ 3000.
    Good start Re = 100, 64 cells.
    Reference  Botella & Peyret 1998, doi 10.1016/S0045-7930(98)00002-4, Re 1000: u_min −0.3885698,
               v_max 0.3769447, v_min −0.5270771, ψ_min −0.1189366; Ghia, Ghia & Shin 1982,
               doi 10.1016/0021-9991(82)90058-4.
    """
    flow, start, time_scale = lid_cavity_equations(reynolds, cells=cells, stretching=stretching)
    steady = steady_state(flow, start, time_scale, solver=solver or _LID_SOLVER)
    state = steady.value
    streamfunction = _streamfunction(flow, state)
    upright = _middle_row(state.velocity[1], 1)
    value = {
        "u_min": extremum(_middle_row(state.velocity[0], 0), "minimum"),
        "v_max": extremum(upright, "maximum"),
        "v_min": extremum(upright, "minimum"),
        "psi_min": extremum(streamfunction, "minimum"),
        "fields": _fields(flow, state) | {"streamfunction": _corner_mean(streamfunction)},
    }
    return Solution(value, steady.outcome, steady.stats)


def lid_cavity_equations(
    reynolds: Scalar | float, *, cells: int, stretching: float = _STRETCHING
) -> tuple[Boussinesq, FlowState, Scalar]:
    """The equations of :func:`lid_cavity`, fluid at rest, and the turnover time."""
    reynolds = jnp.asarray(reynolds, _dtype(reynolds))
    one = jnp.ones((), reynolds.dtype)
    flow = Boussinesq(
        StaggeredGrid.square(cells, stretching=stretching),
        viscosity=1 / reynolds,
        walls=VelocityWalls.no_slip(2, reynolds.dtype).moving(1, 1, 0, one),
    )
    return flow, flow.rest(), one


def _dtype(number: Any) -> Any:
    """The precision of an array; of a Python number the widest that JAX has switched on."""
    return getattr(number, "dtype", None) or jnp.result_type(float)


def _middle_row(component: Float[Array, "..."], axis: int) -> Float[Array, " cells"]:
    """A velocity component on the middle plane across its own axis."""
    return jnp.take(component, component.shape[axis] // 2, axis=axis)


def _streamfunction(flow: Boussinesq, state: FlowState) -> Float[Array, "nodes nodes"]:
    """ψ on the corners of all cells, walls included, from u = ∂ψ/∂y."""
    widths = jnp.asarray(flow.grid.axes[1].widths[None, :], state.pressure.dtype)
    return jnp.pad(jnp.cumsum(state.velocity[0] * widths, axis=1), ((1, 1), (1, 0)))


def _corner_mean(nodes: Float[Array, "nodes nodes"]) -> Float[Array, "cells cells"]:
    rows = 0.5 * (nodes[1:] + nodes[:-1])
    return 0.5 * (rows[:, 1:] + rows[:, :-1])


def _fields(flow: Boussinesq, state: FlowState) -> dict[str, Array]:
    """State and coordinates at the cell centres."""
    dtype = state.pressure.dtype
    x, y = (jnp.asarray(points, dtype) for points in flow.grid.cell_points())
    u, v = at_cells(flow.grid, state.velocity, flow.walls)
    fields = {"x": x, "y": y, "u": u, "v": v, "pressure": state.pressure}
    if state.temperature is not None:
        fields["temperature"] = state.temperature
    return fields
