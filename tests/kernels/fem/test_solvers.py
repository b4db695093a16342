"""Constraints, linear and nonlinear solves, eigenvalues: right, differentiable, honest."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import ufl
from dolfinx import fem
from scipy.sparse.linalg import splu

from aion_kernels.core.outcome import Outcome
from aion_kernels.fem import direct
from aion_kernels.fem.constraints import fix, fix_and_tie
from aion_kernels.fem.eigen import smallest_eigenpairs
from aion_kernels.fem.forms import compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, unknown_at
from aion_kernels.fem.linear import solve_constrained, solve_linear
from aion_kernels.fem.multigrid import smoothed_aggregation
from aion_kernels.fem.newton import newton, newton_in_steps
from aion_kernels.fem.sparse import SparseMatrix
from aion_kernels.fem.stokes import stokes_cavity
from aion_kernels.invalid import InvalidInputError


class Square:
    """−∇·((1 + κ x) ∇u) = f on 8 × 8 squares, u given at x = 0."""

    def __init__(self, cell="quadrilateral"):
        self.mesh = lattice(cell, (8, 8)).mesh
        self.space = fem.functionspace(self.mesh, ("Lagrange", 1))
        u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        self.slope = fem.Constant(self.mesh, 0.5)
        self.x = ufl.SpatialCoordinate(self.mesh)
        diffusion = 1 + self.slope * self.x[0]
        self.bilinear = diffusion * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx
        self.stiffness = compile_form(self.bilinear)
        self.mass = compile_form(u * v * ufl.dx)
        self.load = compile_form(v * ufl.dx)()
        self.left = boundary_unknowns(self.space, lambda x: np.isclose(x[0], 0))
        self.held = fix(self.stiffness.pattern, self.left)


@pytest.fixture(scope="module")
def square():
    return Square()


def test_a_linear_solution_is_exact(square):
    """u = 1 + 2x solves the problem without load for κ = 0, where a face at x = 1 draws 2."""
    matrix = square.stiffness({square.slope: 0.0})
    given = jnp.zeros(matrix.shape[0]).at[square.left].set(1.0)
    v = ufl.TestFunction(square.space)
    right = ufl.conditional(ufl.gt(square.x[0], 1 - 1e-9), 2.0, 0.0) * v * ufl.ds
    solved = solve_constrained(matrix, compile_form(right)(), square.held, given)
    assert int(solved.outcome) == Outcome.ok
    x = square.space.tabulate_dof_coordinates()[:, 0]
    np.testing.assert_allclose(solved.value, 1 + 2 * x, atol=1e-12)


@pytest.mark.parametrize("method", ["direct", "cg"])
def test_derivatives_of_a_solve(square, method):
    """Forward equals reverse equals central differences, whose error is 1e-9 at this step."""

    def mean(slope):
        matrix = square.stiffness({square.slope: slope})
        solved = solve_constrained(matrix, square.load, square.held, method=method, tolerance=1e-12)
        return jnp.vdot(square.load, solved.value)

    slope = jnp.asarray(0.5)
    reverse, forward = jax.grad(mean)(slope), jax.jacfwd(mean)(slope)
    differences = (mean(slope + 1e-4) - mean(slope - 1e-4)) / 2e-4
    np.testing.assert_allclose([reverse, forward], [differences] * 2, rtol=1e-7)


@pytest.mark.slow
def test_multigrid_solves_and_many_right_hand_sides_share_a_factorisation(square):
    matrix = square.held.reduce_matrix(square.stiffness())
    rhs = square.held.reduce_vector(square.load)
    cycle = smoothed_aggregation(matrix)
    by_cycle = solve_linear(matrix, rhs, method="cg", preconditioner=cycle)
    loads = jnp.stack([rhs, 2 * rhs])
    direct = jax.vmap(lambda b: solve_linear(matrix, b).value)(loads)
    assert int(by_cycle.outcome) == Outcome.ok
    np.testing.assert_allclose(by_cycle.value, direct[0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(direct[1], 2 * direct[0], rtol=1e-12)
    factors = jnp.asarray([1.0, 4.0])
    scaled = jax.vmap(lambda s: solve_linear(matrix * s, rhs).value)(factors)
    np.testing.assert_allclose(scaled[1], direct[0] / 4, rtol=1e-12)


def test_a_body_that_nothing_holds_is_no_result(square):
    matrix = square.stiffness()
    for method in ("direct", "cg"):
        solved = solve_linear(matrix, square.load, method=method)
        assert int(solved.outcome) != Outcome.ok
    with pytest.raises(InvalidInputError, match="'magic'"):
        solve_linear(matrix, square.load, method="magic")


def test_factors_of_a_saddle_point_stay_sparse(monkeypatch):
    """Rows that leave their place fill in: 53 entries for one of the matrix, against 7 in place."""
    fill = []

    def counted(matrix, **options):
        factors = splu(matrix, **options)
        fill.append((factors.L.nnz + factors.U.nnz) / matrix.count_nonzero())
        return factors

    monkeypatch.setattr(direct, "splu", counted)
    solved = stokes_cavity(jnp.asarray(1.0), jnp.asarray(1.0), cells=28)
    assert int(solved.outcome) == Outcome.ok
    assert max(fill) < 12


@pytest.mark.slow
def test_periodic_sides_by_a_prolongation(square):
    """u(0, y) = u(1, y) with u = 0 at one corner: Pᵀ A P of the dense matrices."""
    places = square.space.tabulate_dof_coordinates()
    right = np.flatnonzero(np.isclose(places[:, 0], 1))
    ties = {int(r): {unknown_at(square.space, (0.0, places[r, 1])): 1.0} for r in right[1:]}
    constraints = fix_and_tie(square.stiffness.pattern, right[:1], ties)
    matrix = square.stiffness()
    prolongation = jax.vmap(constraints.expand)(jnp.eye(constraints.shape[1])).T
    dense = matrix.to_scipy().toarray()
    np.testing.assert_allclose(
        constraints.reduce_matrix(matrix).to_scipy().toarray(),
        prolongation.T @ dense @ prolongation,
        atol=1e-13,
    )
    np.testing.assert_allclose(
        constraints.reduce_vector(square.load), prolongation.T @ square.load, atol=1e-14
    )
    with pytest.raises(InvalidInputError, match="prescribed and tied"):
        fix_and_tie(square.stiffness.pattern, right[1:2], ties)


@pytest.mark.slow
def test_eigenvalues_and_their_derivatives(square):
    """Against LAPACK, and differences; the first mode is simple."""

    def lowest(slope):
        matrix = square.held.reduce_matrix(square.stiffness({square.slope: slope}))
        found = smallest_eigenpairs(matrix, square.held.reduce_matrix(square.mass()), 3, shift=1.0)
        return found.value[0]

    slope = jnp.asarray(0.5)
    dense = [
        square.held.reduce_matrix(m).to_scipy().toarray()
        for m in (square.stiffness(), square.mass())
    ]
    np.testing.assert_allclose(lowest(slope), scipy.linalg.eigh(*dense)[0][:3], rtol=1e-10)
    found = jax.jacrev(lowest)(slope)[0]
    differences = (lowest(slope + 1e-4) - lowest(slope - 1e-4))[0] / 2e-4
    np.testing.assert_allclose(found, differences, rtol=1e-6)


def diagonal(values):
    keys = np.arange(len(values), dtype=np.int64) * (len(values) + 1)
    from aion_kernels.fem.sparse import Pattern

    return SparseMatrix(values, Pattern.of(keys, (len(values), len(values))))


@pytest.mark.slow
def test_newton_finds_the_root_and_its_derivative():
    """u³ = p with its root p^(1/3), from where a full first step would overshoot."""

    def residual(u, p):
        return u**3 - p

    def tangent(u, p):
        return diagonal(3 * u**2)

    def root(p):
        return newton(residual, tangent, jnp.full(2, 0.2), p).value

    p = jnp.asarray([8.0, 27.0])
    np.testing.assert_allclose(root(p), [2.0, 3.0], rtol=1e-12)
    np.testing.assert_allclose(jnp.diag(jax.jacrev(root)(p)), 1 / (3 * p ** (2 / 3)), rtol=1e-9)
    stepped = newton_in_steps(
        lambda u, p, share: residual(u, share * p),
        lambda u, p, share: tangent(u, p),
        jnp.full(2, 1.0),
        p,
        steps=4,
    )
    np.testing.assert_allclose(stepped.value, [2.0, 3.0], rtol=1e-12)
    lost = newton(lambda u, p: u**2 + 1, lambda u, p: diagonal(2 * u), jnp.ones(2), p)
    assert int(lost.outcome) != Outcome.ok
