"""A linear boundary-value problem: two UFL forms and the unknowns that are prescribed.

The forms stay at hand beside their compiled twins, so that DOLFINx can assemble the same problem
from the same objects (:func:`solve_by_dolfinx`), with code generated in C; it shares nothing with
this package but the mathematics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dolfinx.fem
import numpy as np
import scipy.sparse.linalg
from jaxtyping import Array, ArrayLike, Float, Int

from aion_kernels.core.solution import Solution
from aion_kernels.fem.constraints import Constraints, fix
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.linear import solve_constrained

__all__ = ["LinearProblem", "functional_by_dolfinx", "only", "solve_by_dolfinx"]


@dataclass(frozen=True, eq=False)
class LinearProblem:
    """Find u with a(u, v) = L(v) for all v, some unknowns of u prescribed."""

    bilinear: Any
    """a(u, v), a UFL form."""
    linear: Any
    """L(v), a UFL form."""
    fixed: Int[np.ndarray, " fixed"]
    """Prescribed unknowns; their value is zero unless a solve gives it."""
    matrix: CompiledForm = field(init=False)
    vector: CompiledForm = field(init=False)
    constraints: Constraints = field(init=False)

    def __post_init__(self) -> None:
        matrix = compile_form(self.bilinear)
        assert matrix.pattern is not None  # a bilinear form has one
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "vector", compile_form(self.linear))
        object.__setattr__(self, "constraints", fix(matrix.pattern, self.fixed))

    def solve(
        self,
        values: Mapping[Any, ArrayLike] | None = None,
        *,
        coordinates: Float[Array, "nodes space"] | None = None,
        prescribed: Float[Array, " unknowns"] | float = 0.0,
    ) -> Solution:
        """Assemble and solve; ``values`` are those of constants and coefficients, by UFL object.

        ``prescribed`` holds the values of the prescribed unknowns, zero elsewhere.
        """
        values = values or {}
        matrix = self.matrix(only(values, self.matrix), coordinates)
        rhs = self.vector(only(values, self.vector), coordinates)
        return solve_constrained(matrix, rhs, self.constraints, prescribed)


def only(values: Mapping[Any, ArrayLike], form: CompiledForm) -> dict[Any, ArrayLike]:
    """Those of the values that a form has a use for."""
    lowered = form.program.lowered
    known = (*lowered.coefficients, *lowered.constants)
    return {name: v for name, v in values.items() if any(name is thing for thing in known)}


def solve_by_dolfinx(
    problem: LinearProblem, prescribed: Float[np.ndarray, " unknowns"] | None = None
) -> Float[np.ndarray, " unknowns"]:
    """The solution as DOLFINx has it, for the values and coordinates its objects hold now."""
    space = problem.bilinear.arguments()[0].ufl_function_space()
    boundary = dolfinx.fem.Function(space)
    if prescribed is not None:
        boundary.x.array[:] = prescribed
    matrix = dolfinx.fem.assemble_matrix(dolfinx.fem.form(problem.bilinear))
    matrix.scatter_reverse()
    stiffness = matrix.to_scipy().tocsr()
    load = dolfinx.fem.assemble_vector(dolfinx.fem.form(problem.linear)).array
    free = np.setdiff1d(np.arange(len(load)), problem.fixed)
    solution = boundary.x.array.copy()
    right = (load - stiffness @ solution)[free]
    solution[free] = scipy.sparse.linalg.spsolve(stiffness[free][:, free].tocsc(), right)
    return solution


def functional_by_dolfinx(form: Any) -> float:
    """A functional's value as DOLFINx has it, for the values that its objects hold now."""
    return float(dolfinx.fem.assemble_scalar(dolfinx.fem.form(form)))
