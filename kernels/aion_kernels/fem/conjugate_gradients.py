"""Conjugate gradients with a preconditioner, for symmetric positive definite matrices.

Each step costs one product with A and one with the preconditioner, and the residual falls by
(√κ − 1)/(√κ + 1) or better, κ the condition number of the preconditioned matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from aion_kernels.fem.sparse import SparseMatrix

__all__ = ["Iterated", "conjugate_gradients", "jacobi"]

Operator = Callable[[Float[Array, " n"]], Float[Array, " n"]]


class Iterated(NamedTuple):
    """What an iteration found and the number of its steps."""

    solution: Float[Array, " n"]
    iterations: Int[Array, ""]


def jacobi(matrix: SparseMatrix) -> Operator:
    """Division by the diagonal."""
    diagonal = matrix.diagonal()
    inverse = jnp.where(diagonal != 0, 1 / jnp.where(diagonal != 0, diagonal, 1), 1)
    return lambda residual: inverse * residual


def conjugate_gradients(
    operator: Operator,
    rhs: Float[Array, " n"],
    preconditioner: Operator,
    *,
    tolerance: float,
    limit: int,
) -> Iterated:
    """Solve until ‖b − A x‖ ≤ tolerance ‖b‖ or ``limit`` steps are made."""
    goal = tolerance * jnp.linalg.norm(rhs)

    def unfinished(state: tuple) -> Array:
        _, residual, _, _, steps = state
        return (jnp.linalg.norm(residual) > goal) & (steps < limit)

    def step(state: tuple) -> tuple:
        solution, residual, direction, energy, steps = state
        image = operator(direction)
        length = energy / jnp.dot(direction, image)
        solution = solution + length * direction
        residual = residual - length * image
        corrected = preconditioner(residual)
        next_energy = jnp.dot(residual, corrected)
        direction = corrected + (next_energy / energy) * direction
        return solution, residual, direction, next_energy, steps + 1

    first = preconditioner(rhs)
    start = (jnp.zeros_like(rhs), rhs, first, jnp.dot(rhs, first), jnp.int32(0))
    solution, _, _, _, steps = jax.lax.while_loop(unfinished, step, start)
    return Iterated(solution, steps)
