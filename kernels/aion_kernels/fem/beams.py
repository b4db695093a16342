"""A cantilever as a body in plane stress: how far a load bends it, and how fast it swings.

Slender, it follows Euler and Bernoulli: tip displacement F L³ / 3EI and frequency
(1.875104² / 2π) √(EI / ρ A L⁴), with I = b h³/12 and A = b h. Short ones shear as well (Timoshenko)
and the clamped corners are held harder than beam theory holds them; the body knows both.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import jax.numpy as jnp
import numpy as np
import scipy.sparse.linalg
import ufl
from jaxtyping import Array, Float

from aion_kernels.core.outcome import worst
from aion_kernels.core.solution import Solution
from aion_kernels.fem.eigen import smallest_eigenpairs
from aion_kernels.fem.elasticity import plane_stress_lame, strain, stress
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import Lattice, boundary_unknowns, lattice, tag_sides, unknown_at
from aion_kernels.fem.problem import LinearProblem, only, solve_by_dolfinx

__all__ = ["cantilever", "cantilever_by_dolfinx"]

Scalar = Float[Array, ""]

_CELLS_ACROSS = 4
"""Quadratic cells over the height; bending is linear there."""


class _Beam(NamedTuple):
    lattice: Lattice
    problem: LinearProblem
    mass: CompiledForm
    young_modulus: Any
    poisson_ratio: Any
    traction: Any
    density: Any
    tip: int
    mass_form: Any


@functools.lru_cache(maxsize=4)
def _set_up(cells: int) -> _Beam:
    beam = lattice("quadrilateral", (cells, _CELLS_ACROSS))
    mesh = beam.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (2,)))
    fixed = boundary_unknowns(space, lambda x: np.isclose(x[0], 0))
    tip = unknown_at(space, (1.0, 0.5), component=1)
    tags = tag_sides(mesh, {1: lambda x: np.isclose(x[0], 1)})
    modulus, ratio, traction, density = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(4))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    problem = LinearProblem(
        bilinear=ufl.inner(stress(u, plane_stress_lame(modulus, ratio)), strain(v)) * ufl.dx,
        linear=-traction * v[1] * ufl.ds(1, domain=mesh, subdomain_data=tags),
        fixed=fixed,
    )
    mass = density * ufl.inner(u, v) * ufl.dx
    return _Beam(beam, problem, compile_form(mass), modulus, ratio, traction, density, tip, mass)


def cantilever(
    length: Scalar,
    height: Scalar,
    width: Scalar,
    young_modulus: Scalar,
    poisson_ratio: Scalar,
    density: Scalar,
    load: Scalar,
    *,
    cells: int,
) -> Solution:
    """A beam clamped at one end, a force spread over the other; SI units.

    ``value`` has ``tip_displacement`` (m, downward, at half height) and ``frequency_1`` (Hz).
    """
    parts = _set_up(cells)
    box = jnp.asarray(parts.lattice.points, jnp.result_type(length))
    coordinates = box * jnp.stack([length, height])[None, :]
    values = {
        parts.young_modulus: young_modulus,
        parts.poisson_ratio: poisson_ratio,
        parts.traction: load / (width * height),
        parts.density: density,
    }
    solved = parts.problem.solve(values, coordinates=coordinates)
    # Frequencies in units of an estimate by beam theory: ARPACK then sees numbers near one.
    expected = 1.0302 * height / length**2 * jnp.sqrt(young_modulus / density)
    reduce = parts.problem.constraints.reduce_matrix
    modes = smallest_eigenpairs(
        reduce(parts.problem.matrix(only(values, parts.problem.matrix), coordinates)),
        reduce(parts.mass({parts.density: density}, coordinates)),
        1,
        shift=1e-3 * expected**2,
    )
    value = {
        "tip_displacement": -solved.value[parts.tip],
        "frequency_1": jnp.sqrt(modes.value[0][0]) / (2 * np.pi),
    }
    stats = {"residual": jnp.maximum(solved.stats["residual"], modes.stats["residual"])}
    outcome = worst(jnp.asarray(solved.outcome), jnp.asarray(modes.outcome))
    return Solution(value, outcome, stats)


def cantilever_by_dolfinx(
    length: float,
    height: float,
    width: float,
    young_modulus: float,
    poisson_ratio: float,
    density: float,
    load: float,
    *,
    cells: int,
) -> dict[str, float]:
    """The same, assembled by DOLFINx and solved by SciPy."""
    parts = _set_up(cells)
    parts.lattice.bend(lambda points: points * np.array([length, height]))
    parts.young_modulus.value, parts.poisson_ratio.value = young_modulus, poisson_ratio
    parts.traction.value, parts.density.value = load / (width * height), density
    tip = solve_by_dolfinx(parts.problem)[parts.tip]
    stiffness, mass = (
        _free(form, parts.problem.fixed) for form in (parts.problem.bilinear, parts.mass_form)
    )
    values = scipy.sparse.linalg.eigsh(
        stiffness, 1, mass, sigma=0, return_eigenvectors=False, v0=np.ones(stiffness.shape[0])
    )
    return {"tip_displacement": -float(tip), "frequency_1": float(np.sqrt(values[0]) / 2 / np.pi)}


def _free(form: Any, fixed: np.ndarray) -> Any:
    matrix = dolfinx.fem.assemble_matrix(dolfinx.fem.form(form))
    matrix.scatter_reverse()
    rows: Any = matrix.to_scipy().tocsr()
    free = np.setdiff1d(np.arange(rows.shape[0]), fixed)
    return rows[free][:, free].tocsc()
