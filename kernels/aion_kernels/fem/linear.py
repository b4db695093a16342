"""Linear systems behind one door: choose a method, solve, verify the residual.

Whatever found it, a solution is judged by ‖b − A x‖ ≤ tolerance ‖b‖ with A itself, and the outcome
says so: a singular system (a body that nothing holds) ends as ``non_finite`` or ``not_converged``,
never as numbers. Derivatives in both modes come from the equation A x = b and cost one more solve
by the same method, never from the iterations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.fem.conjugate_gradients import conjugate_gradients, jacobi
from aion_kernels.fem.constraints import Constraints
from aion_kernels.fem.direct import direct_solve
from aion_kernels.fem.sparse import SparseMatrix
from aion_kernels.invalid import InvalidInputError

__all__ = ["solve_constrained", "solve_linear"]

Operator = Callable[[Float[Array, " n"]], Float[Array, " n"]]

_DIRECT_TOLERANCE = 1e-5
_ITERATIVE_TOLERANCE = 1e-10
_LIMIT = 2000
"""Steps of an iteration before it counts as not converged."""


def solve_linear(
    matrix: SparseMatrix,
    rhs: Float[Array, " n"],
    *,
    method: str = "direct",
    preconditioner: Operator | None = None,
    tolerance: float | None = None,
) -> Solution:
    """Solve A x = b.

    Parameters
    ----------
    matrix
        Square; for ``cg`` symmetric positive definite.
    rhs
        The vector b.
    method
        ``direct`` factors on the host (any regular matrix); ``cg`` iterates in the program.
    preconditioner
        For ``cg``: an approximation of A⁻¹, such as a
        :class:`~aion_kernels.fem.multigrid.Multigrid`; None divides by the diagonal.
    tolerance
        Largest accepted ‖b − A x‖ / ‖b‖. None takes what the method leaves when all is well: 1e-10
        for ``cg``, 1e-5 for ``direct``, whose residual is round-off times the condition number (a
        slender beam has 1e10) and of order one where A is singular. In float32 at least 1e-4.

    Returns
    -------
    Solution
        ``value`` is x; ``stats`` has ``residual`` (relative) and ``iterations``.
    """
    if tolerance is None:
        tolerance = _DIRECT_TOLERANCE if method == "direct" else _ITERATIVE_TOLERANCE
    if rhs.dtype != jnp.float64:
        tolerance = max(tolerance, 1e-4)
    if method == "direct":
        x, iterations = direct_solve(matrix, rhs), jnp.int32(1)
    elif method == "cg":
        chosen = preconditioner or jacobi(jax.lax.stop_gradient(matrix))

        def solve(operator: Operator, b: Float[Array, " n"]):
            found = conjugate_gradients(
                operator, b, chosen, tolerance=0.5 * tolerance, limit=_LIMIT
            )
            return found.solution, found.iterations

        found: Any = jax.lax.custom_linear_solve(
            matrix.__matmul__, rhs, solve, solve, symmetric=True, has_aux=True
        )
        x, iterations = found
    else:
        raise InvalidInputError(f"method is '{method}'; 'direct' and 'cg' are known")
    left = jnp.linalg.norm(rhs - matrix @ x)
    scale = jnp.linalg.norm(rhs)
    residual = jax.lax.stop_gradient(left / jnp.where(scale > 0, scale, 1))
    outcome = jnp.where(residual <= tolerance, int(Outcome.ok), int(Outcome.not_converged))
    outcome = jnp.where(jnp.isfinite(residual), outcome, int(Outcome.non_finite))
    stats = {"residual": residual, "iterations": iterations}
    return Solution(x, outcome.astype(jnp.int32), stats)


def solve_constrained(
    matrix: SparseMatrix,
    rhs: Float[Array, " n"],
    constraints: Constraints,
    prescribed: Float[Array, " n"] | float = 0.0,
    *,
    method: str = "direct",
    preconditioner: Operator | None = None,
    tolerance: float | None = None,
) -> Solution:
    """Solve A u = b for u = P y + g, all unknowns returned.

    ``prescribed`` is g: the values of the prescribed unknowns, zero at the free ones.
    """
    if isinstance(prescribed, float) and prescribed == 0:
        g, left = 0.0, rhs
    else:
        g = jnp.broadcast_to(jnp.asarray(prescribed, rhs.dtype), rhs.shape)
        left = rhs - matrix @ g
    solved = solve_linear(
        constraints.reduce_matrix(matrix),
        constraints.reduce_vector(left),
        method=method,
        preconditioner=preconditioner,
        tolerance=tolerance,
    )
    return solved._replace(value=constraints.expand(solved.value, g))
