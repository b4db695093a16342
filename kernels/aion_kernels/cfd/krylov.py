"""GMRES that stops early, alone or in a batch that moves in lockstep.

Arnoldi builds an orthonormal basis V of the Krylov space with A V_k = V_{k+1} H_k. The residual
that GMRES would leave after k steps needs neither rotations nor a least-squares solve: the vector

    g₀ = 1,   g_{k+1} = −(Σ_{i≤k} g_i h_{ik}) / h_{k+1,k}

is orthogonal to the columns of H, so the smallest residual is ‖b‖ g/‖g‖² in the basis V and its
norm ‖b‖/‖g‖. The coefficients of the solution follow from one triangular solve at the end.

A batched ``while_loop`` with a condition per member copies its whole state at each turn, so that
finished members stand still: here that state is the basis. Within ``vmap(..., axis_name=members)``
the loop asks instead whether *any* member still needs a step. Then the condition is one scalar,
nothing is copied, and a member that is done only becomes more accurate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

__all__ = ["KrylovResult", "any_member", "gmres"]


class KrylovResult(NamedTuple):
    """The solution, the matrix-vector products it took, and the norm of what is left."""

    solution: Float[Array, " n"]
    iterations: Int[Array, ""]
    residual: Float[Array, ""]


def any_member(flag: Bool[Array, ""], members: str | None) -> Bool[Array, ""]:
    """Whether the flag holds here or, with a named batch axis, for any member of the batch."""
    return flag if members is None else jax.lax.pmax(flag.astype(jnp.int32), members) > 0


def gmres(
    operator: Callable[[Float[Array, " n"]], Float[Array, " n"]],
    rhs: Float[Array, " n"],
    *,
    tolerance: Float[Array, ""] | float,
    basis_size: int = 60,
    cycles: int = 1,
    members: str | None = None,
) -> KrylovResult:
    """Solve ``operator(x) = rhs`` until ‖rhs − operator(x)‖ ≤ ``tolerance`` (absolute).

    At most ``cycles`` restarts of ``basis_size`` products each. With ``cycles > 1`` the residual is
    recomputed at every restart, which also repairs a basis that lost its orthogonality.
    """
    tolerance = jnp.asarray(tolerance, rhs.dtype)

    def needs(state: tuple) -> Bool[Array, ""]:
        _, _, norm, _, cycle = state
        return any_member((norm > tolerance) & (cycle < cycles), members)

    def cycle(state: tuple) -> tuple:
        solution, residual, norm, iterations, count = state
        update, steps, _ = _arnoldi_cycle(operator, residual, norm, tolerance, basis_size, members)
        solution = solution + update
        if cycles > 1:
            residual = rhs - operator(solution)
            norm = jnp.linalg.norm(residual)
        return solution, residual, norm, iterations + steps, count + 1

    start = (jnp.zeros_like(rhs), rhs, jnp.linalg.norm(rhs), jnp.int32(0), jnp.int32(0))
    if cycles == 1:
        update, steps, norm = _arnoldi_cycle(
            operator, rhs, start[2], tolerance, basis_size, members
        )
        return KrylovResult(update, steps, norm)
    solution, _, norm, iterations, _ = jax.lax.while_loop(needs, cycle, start)
    return KrylovResult(solution, iterations, norm)


def _arnoldi_cycle(
    operator: Callable,
    residual: Float[Array, " n"],
    norm: Float[Array, ""],
    tolerance: Float[Array, ""],
    size: int,
    members: str | None,
) -> tuple[Float[Array, " n"], Int[Array, ""], Float[Array, ""]]:
    """Best update of one Krylov space, the products it took and the norm it leaves."""
    tiny = jnp.finfo(residual.dtype).tiny ** 0.5
    arange = jnp.arange(size, dtype=jnp.int32)
    basis = jnp.zeros((size + 1, residual.size), residual.dtype)
    basis = basis.at[0].set(residual / jnp.maximum(norm, tiny))
    triangle = jnp.eye(size, dtype=residual.dtype)
    null = jnp.zeros(size + 1, residual.dtype).at[0].set(1.0)

    def needs(state: tuple) -> Bool[Array, ""]:
        count, _, _, null = state
        unfinished = norm > tolerance * jnp.linalg.norm(null)
        return (count < size) & any_member(unfinished, members)

    def extend(state: tuple) -> tuple:
        count, basis, triangle, null = state
        new = operator(jax.lax.dynamic_index_in_dim(basis, count, keepdims=False))
        with jax.named_scope("orthogonalise"):
            # Rows beyond `count` are still zero, so the whole basis can take part.
            shadow = basis @ new
            new = new - shadow @ basis
            length = jnp.linalg.norm(new)
        lucky = length <= tiny
        inverse = jnp.where(lucky, 0.0, 1.0 / jnp.where(lucky, 1.0, length))
        basis = jax.lax.dynamic_update_index_in_dim(basis, new * inverse, count + 1, 0)
        # Column k of H below its first row: row k of the triangle holds h_{k+1,k}.
        column = shadow[1:] + jnp.where(arange == count, length, 0.0)
        column = jnp.where(lucky, (arange == count).astype(column.dtype), column)
        triangle = jax.lax.dynamic_update_index_in_dim(triangle, column, count, 1)
        entry = -(null @ shadow) * inverse
        null = jax.lax.dynamic_update_index_in_dim(null, entry, count + 1, 0)
        return count + 1, basis, triangle, null

    count, basis, triangle, null = jax.lax.while_loop(
        needs, extend, (jnp.int32(0), basis, triangle, null)
    )
    length = jnp.linalg.norm(null)
    left = -norm * null[1:] / length**2
    weights = jax.scipy.linalg.solve_triangular(triangle, left)
    return weights @ basis[:-1], count, norm / length
