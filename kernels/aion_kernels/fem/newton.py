"""Newton's method with a line search, for residuals that come from forms.

    K(u) δ = −R(u),   u ← u + s δ,   s ∈ {1, ½, ¼, ...} the first that lets ‖R‖ fall.

The loop runs inside the program and carries no derivative. One more step from where it ended does:
u = u* − K⁻¹ R(u*, p) has ∂u/∂p = −K⁻¹ ∂R/∂p, which is the implicit-function theorem. Load stepping
solves for a rising fraction of the load, each from the solution before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.fem.direct import direct_solve
from aion_kernels.fem.sparse import SparseMatrix

__all__ = ["newton", "newton_in_steps"]

Residual = Callable[[Float[Array, " n"], Any], Float[Array, " n"]]
Tangent = Callable[[Float[Array, " n"], Any], SparseMatrix]

_HALVINGS = 8


def newton(
    residual: Residual,
    tangent: Tangent,
    start: Float[Array, " n"],
    parameters: PyTree,
    *,
    tolerance: float = 1e-10,
    limit: int = 25,
) -> Solution:
    """Solve ``residual(u, parameters) = 0`` from ``start``.

    ``residual`` and ``tangent`` are traceable, in the free unknowns; ``tangent`` is ∂R/∂u.
    Converged where ‖R‖ ≤ tolerance × its size at the start (or of 1, where that is smaller than
    round-off). ``stats`` has ``residual`` (relative) and ``iterations``.
    """
    fixed = jax.lax.stop_gradient(parameters)
    first = jax.lax.stop_gradient(start)

    def norm(u: Array) -> Array:
        return jnp.linalg.norm(residual(u, fixed))

    scale = norm(first)
    scale = jnp.where(scale > 0, scale, 1)

    def unfinished(state: tuple) -> Array:
        _, size, steps, moving = state
        return (size > tolerance * scale) & (steps < limit) & moving

    def step(state: tuple) -> tuple:
        u, size, steps, _ = state
        change = direct_solve(tangent(u, fixed), -residual(u, fixed))
        u, new_size = _line_search(norm, u, change, size)
        return u, new_size, steps + 1, jnp.isfinite(new_size)

    state = (first, norm(first), jnp.int32(0), jnp.asarray(True))
    u, size, steps, _ = jax.lax.while_loop(unfinished, step, state)
    u = jax.lax.stop_gradient(u)
    matrix = jax.lax.stop_gradient(tangent(u, fixed))
    u = u - direct_solve(matrix, residual(u, parameters))
    relative = size / scale
    outcome = jnp.where(relative <= tolerance, int(Outcome.ok), int(Outcome.not_converged))
    outcome = jnp.where(jnp.isfinite(relative), outcome, int(Outcome.non_finite))
    return Solution(u, outcome.astype(jnp.int32), {"residual": relative, "iterations": steps})


def newton_in_steps(
    residual: Callable[[Float[Array, " n"], Any, Float[Array, ""]], Float[Array, " n"]],
    tangent: Callable[[Float[Array, " n"], Any, Float[Array, ""]], SparseMatrix],
    start: Float[Array, " n"],
    parameters: PyTree,
    *,
    steps: int,
    tolerance: float = 1e-10,
    limit: int = 25,
) -> Solution:
    """Newton's method for load fractions 1/steps, 2/steps, ..., 1.

    ``residual(u, parameters, fraction)`` and ``tangent`` likewise. The derivative is that of the
    last step, which is that of the solution: it does not depend on the way there.
    """
    fractions = jnp.asarray(np.arange(1, steps) / steps, start.dtype)
    fixed = jax.lax.stop_gradient(parameters)

    def advance(u: Array, fraction: Array) -> tuple[Array, Array]:
        found = newton(
            lambda u, p: residual(u, p, fraction),
            lambda u, p: tangent(u, p, fraction),
            u,
            fixed,
            tolerance=1e-4,
            limit=limit,
        )
        return found.value, found.stats["iterations"]

    u, counts = jax.lax.scan(advance, jax.lax.stop_gradient(start), fractions)
    whole = jnp.ones((), start.dtype)
    last = newton(
        lambda u, p: residual(u, p, whole),
        lambda u, p: tangent(u, p, whole),
        u,
        parameters,
        tolerance=tolerance,
        limit=limit,
    )
    iterations = last.stats["iterations"] + jnp.sum(counts, dtype=jnp.int32)
    return last._replace(stats={**last.stats, "iterations": iterations})


def _line_search(
    norm: Callable[[Array], Array], u: Array, change: Array, size: Array
) -> tuple[Array, Array]:
    """The longest of the halved steps that lowers the residual, else the shortest tried."""

    def too_long(state: tuple) -> Array:
        _, new_size, halvings = state
        return ~(new_size < size) & (halvings < _HALVINGS)

    def halve(state: tuple) -> tuple:
        share, _, halvings = state
        share = 0.5 * share
        return share, norm(u + share * change), halvings + 1

    share = jnp.ones((), u.dtype)
    state = (share, norm(u + change), jnp.int32(0))
    share, new_size, _ = jax.lax.while_loop(too_long, halve, state)
    return u + share * change, new_size
