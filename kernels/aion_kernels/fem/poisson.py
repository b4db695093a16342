"""The Poisson problem on the unit square, zero on its boundary.

    −∇·(κ ∇u) = f in Ω,   u = 0 on ∂Ω

Quadratic triangles. For constant κ and f the solution is f/κ times that of −Δw = 1, whose mean
is 0.0351442568 and whose energy ½ ∫ |∇w|² is half of that.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import dolfinx.fem
import numpy as np
import ufl
from jaxtyping import Array, Float

from aion_kernels.core.solution import Solution
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice
from aion_kernels.fem.problem import LinearProblem, functional_by_dolfinx, solve_by_dolfinx

__all__ = ["poisson", "poisson_by_dolfinx"]

Scalar = Float[Array, ""]


class _Poisson(NamedTuple):
    problem: LinearProblem
    diffusivity: Any
    source: Any
    solution: Any
    mean: tuple[Any, CompiledForm]
    energy: tuple[Any, CompiledForm]


@functools.lru_cache(maxsize=4)
def _set_up(cells: int) -> _Poisson:
    mesh = lattice("triangle", (cells, cells)).mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    diffusivity, source = (dolfinx.fem.Constant(mesh, 1.0) for _ in range(2))
    solution = dolfinx.fem.Function(space)
    problem = LinearProblem(
        bilinear=diffusivity * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx,
        linear=source * v * ufl.dx,
        fixed=boundary_unknowns(space, lambda x: np.ones(x.shape[1], bool)),
    )
    mean = solution * ufl.dx
    energy = 0.5 * diffusivity * ufl.inner(ufl.grad(solution), ufl.grad(solution)) * ufl.dx
    return _Poisson(
        problem,
        diffusivity,
        source,
        solution,
        (mean, compile_form(mean)),
        (energy, compile_form(energy)),
    )


def poisson(diffusivity: Scalar, source: Scalar, *, cells: int) -> Solution:
    """Solve on ``cells`` × ``cells`` squares of two triangles.

    ``value`` has ``mean`` = ∫ u dx and ``energy`` = ½ ∫ κ |∇u|² dx.
    """
    parts = _set_up(cells)
    values = {parts.diffusivity: diffusivity, parts.source: source}
    solved = parts.problem.solve(values)
    mean = parts.mean[1]({parts.solution: solved.value})
    energy = parts.energy[1]({parts.solution: solved.value, parts.diffusivity: diffusivity})
    return solved._replace(value={"mean": mean, "energy": energy})


def poisson_by_dolfinx(diffusivity: float, source: float, *, cells: int) -> dict[str, float]:
    """The same, assembled by DOLFINx and solved by SciPy."""
    parts = _set_up(cells)
    parts.diffusivity.value, parts.source.value = diffusivity, source
    parts.solution.x.array[:] = solve_by_dolfinx(parts.problem)
    return {
        "mean": functional_by_dolfinx(parts.mean[0]),
        "energy": functional_by_dolfinx(parts.energy[0]),
    }
