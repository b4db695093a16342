"""Steady states of manufactured problems converge at second order; failures are outcomes."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from aion_kernels.cfd.boundaries import ScalarWalls, VelocityWalls
from aion_kernels.cfd.equations import Boussinesq, FlowState, Heat
from aion_kernels.cfd.grid import StaggeredGrid
from aion_kernels.cfd.steady import SteadySolver, steady_state
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.verify import advection, laplacian, manufactured, observed_order

VISCOSITY, DIFFUSIVITY, BUOYANCY = 0.05, 0.08, 1.5


@cache
def exact():
    """u, v, p, T and the force and heat source that make them a steady solution.

    The velocity is the curl of a streamfunction that vanishes with its slope on all walls;
    temperature is 1 at x = 0, 0 at x = 1, and flat at floor and ceiling.
    """
    x, y = symbols = sympy.symbols("x y")
    psi = (sympy.sin(sympy.pi * x) * sympy.sin(sympy.pi * y)) ** 2 * (1 + x * y)
    u, v = psi.diff(y), -psi.diff(x)
    p = sympy.cos(sympy.pi * x) * sympy.sin(sympy.pi * y / 2)
    t = 1 - x + sympy.sin(sympy.pi * x) * sympy.cos(sympy.pi * y) / 2
    fu = advection((u, v), u, symbols) + p.diff(x) - VISCOSITY * laplacian(u, symbols)
    fv = advection((u, v), v, symbols) + p.diff(y) - VISCOSITY * laplacian(v, symbols)
    heat = advection((u, v), t, symbols) - DIFFUSIVITY * laplacian(t, symbols)
    return tuple(manufactured(e, symbols) for e in (u, v, p, t, fu, fv - BUOYANCY * t, heat))


def on(points, function):
    x, y = points
    return function(
        jnp.asarray(x)[:, None] + 0 * y[None, :], jnp.asarray(y)[None, :] + 0 * x[:, None]
    )


def problem(cells: int, stretching: float, dtype=jnp.float64):
    """The flow, its start, and the exact state on the grid."""
    grid = StaggeredGrid.square(cells, stretching=stretching)
    u, v, p, t, fu, fv, heat = exact()
    faces = [grid.velocity_points(axis) for axis in (0, 1)]
    one, zero = jnp.ones((), dtype), jnp.zeros((), dtype)
    walls = ScalarWalls((("value", "value"), ("flux", "flux")), ((one, zero), (zero, zero)))
    flow = Boussinesq(
        grid,
        jnp.asarray(VISCOSITY, dtype),
        VelocityWalls.no_slip(2, dtype),
        Heat(
            jnp.asarray(DIFFUSIVITY, dtype),
            (zero, jnp.asarray(BUOYANCY, dtype)),
            walls,
            on(grid.cell_points(), heat).astype(dtype),
        ),
        (on(faces[0], fu).astype(dtype), on(faces[1], fv).astype(dtype)),
    )
    pressure = on(grid.cell_points(), p)
    pressure = pressure - jnp.sum(pressure * grid.volumes())
    truth = FlowState((on(faces[0], u), on(faces[1], v)), pressure, on(grid.cell_points(), t))
    return flow, flow.rest(), truth


@cache
def program(**options):
    solver = SteadySolver(**options)
    return jax.jit(
        lambda flow, start: steady_state(flow, start, jnp.ones_like(flow.viscosity), solver=solver)
    )


@cache
def solve(cells: int, stretching: float, dtype=jnp.float64, **options):
    flow, start, truth = problem(cells, stretching, dtype)
    return flow, program(**options)(flow, start), truth


@pytest.mark.slow
@pytest.mark.parametrize("stretching", [0.0, 1.5])
def test_second_order_in_space(stretching):
    """Root-mean-square errors of u, v, p, T over three grids; 0.15 for the next order's part."""
    sizes, errors = [], []
    for cells in (16, 32, 64):
        flow, solution, truth = solve(cells, stretching)
        assert int(solution.outcome) == Outcome.ok
        assert np.abs(flow.divergence(solution.value.velocity)).max() < 1e-10, "round-off"
        volumes = [flow.grid.volumes(axis) for axis in (0, 1, None, None)]
        errors.append(
            [
                float(jnp.sqrt(jnp.sum((a - b) ** 2 * w)))
                for a, b, w in zip(
                    jax.tree.leaves(solution.value), jax.tree.leaves(truth), volumes, strict=True
                )
            ]
        )
        sizes.append(1 / cells)
    orders = [observed_order(sizes, series).value for series in zip(*errors, strict=True)]
    assert orders == pytest.approx([2] * 4, abs=0.15)


def test_single_precision_stays_single():
    """3e-5 of the residual and 1e-3 of the state: single precision through 1e3 of condition."""
    _, solution, _ = solve(16, 1.0, jnp.float32)
    assert int(solution.outcome) == Outcome.ok
    assert {x.dtype for x in jax.tree.leaves(solution.value)} == {jnp.dtype("float32")}
    _, double, _ = solve(16, 1.0)
    np.testing.assert_allclose(solution.value.velocity[0], double.value.velocity[0], atol=1e-3)


def test_iteration_limit_is_an_outcome():
    _, solution, _ = solve(16, 0.0, newton_limit=2)
    assert int(solution.outcome) == Outcome.not_converged
    assert int(solution.stats["newton_iterations"]) == 2


def test_nonsense_is_an_outcome():
    flow, start, _ = problem(16, 0.0)
    broken = start._replace(temperature=jnp.full(flow.grid.shape, jnp.nan))
    solution = program(newton_limit=2)(flow, broken)
    assert int(solution.outcome) == Outcome.non_finite


def test_rate_of_the_solution_vanishes():
    """1e-7: the tolerance of 1e-10 times rates of up to 1e2 at the start, and a margin of ten."""
    flow, solution, _ = solve(16, 0.0)
    rate = flow.rate(solution.value)
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(rate)) < 1e-7
