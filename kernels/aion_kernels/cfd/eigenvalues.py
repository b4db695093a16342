"""The leading eigenvalue of a dense pencil A x = λ B x, and its derivative.

With the right vector x and the left vector y (yᴴ A = λ yᴴ B), a simple eigenvalue moves by

    dλ = yᴴ (dA − λ dB) x / (yᴴ B x),

so its derivative costs two vectors, and never passes through the iterations of LAPACK. The same
vectors tell how much round-off it holds: |δλ| ≤ ε ‖y‖ (‖A‖ + |λ| ‖B‖) ‖x‖ / |yᴴ B x| (Stewart & Sun
1990, Matrix Perturbation Theory). Where two leading eigenvalues cross, λ has a kink and the
derivative is that of the one found.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

__all__ = ["Leading", "leading_symmetric", "rightmost"]


class Leading(NamedTuple):
    """An eigenvalue with its vectors; only ``value`` carries a derivative."""

    value: Array
    right: Array
    left: Array
    error: Float[Array, ""]
    """What round-off may have done to the value."""


def leading_symmetric(matrix: Float[Array, "n n"], mass: Float[Array, "n n"]) -> Leading:
    """The largest eigenvalue of a symmetric ``matrix`` with a positive definite ``mass``."""
    vector = _largest_vector(*map(jax.lax.stop_gradient, (matrix, mass)))
    return _moving(matrix, mass, vector, vector)


def rightmost(matrix: Complex[Array, "n n"], mass: Float[Array, "n n"]) -> Leading:
    """The eigenvalue of largest real part, for a positive definite ``mass``."""
    right, left = _rightmost_vectors(*map(jax.lax.stop_gradient, (matrix, mass)))
    return _moving(matrix, mass, right, left)


def _moving(matrix: Array, mass: Array, right: Array, left: Array) -> Leading:
    """The two-sided Rayleigh quotient: its derivative at fixed vectors is that of λ."""
    weight = left.conj() @ (mass.astype(matrix.dtype) @ right)
    value = (left.conj() @ (matrix @ right)) / weight
    size = jnp.linalg.norm(matrix) + jnp.abs(value) * jnp.linalg.norm(mass)
    length = jnp.linalg.norm(left) * jnp.linalg.norm(right)
    error = float(jnp.finfo(mass.dtype).eps) * size * length / jnp.abs(weight)
    return Leading(value, right, left, jax.lax.stop_gradient(error))


def _largest_vector(matrix: Float[Array, "n n"], mass: Float[Array, "n n"]) -> Float[Array, " n"]:
    matrix, mass, finite = _sound(matrix, mass)
    root = jnp.linalg.cholesky(mass)
    half = jax.scipy.linalg.solve_triangular(root, matrix, lower=True)
    standard = jax.scipy.linalg.solve_triangular(root, half.T, lower=True)
    _, vectors = jnp.linalg.eigh(standard)
    vector = jax.scipy.linalg.solve_triangular(root, vectors[:, -1], lower=True, trans="T")
    return jnp.where(finite, vector / jnp.linalg.norm(vector), jnp.nan)


def _rightmost_vectors(
    matrix: Complex[Array, "n n"], mass: Float[Array, "n n"]
) -> tuple[Complex[Array, " n"], Complex[Array, " n"]]:
    matrix, mass, finite = _sound(matrix, mass)
    heavy = mass.astype(matrix.dtype)
    root = jax.scipy.linalg.cho_factor(mass)
    standard = jax.lax.complex(
        jax.scipy.linalg.cho_solve(root, matrix.real), jax.scipy.linalg.cho_solve(root, matrix.imag)
    )
    values, vectors = jnp.linalg.eig(standard)
    value = values[jnp.argmax(values.real)]
    right = vectors[:, jnp.argmax(values.real)]
    # Inverse iteration polishes the right vector and makes the left one. A shift beside the
    # eigenvalue keeps the factors regular; each turn gains the decimals by which it is beside.
    aside = (float(jnp.finfo(mass.dtype).eps) ** 0.5 * (1 + jnp.abs(value))).astype(matrix.dtype)
    factors = jax.scipy.linalg.lu_factor(matrix - (value + aside) * heavy)
    left = right
    for _ in range(3):
        right = _unit(jax.scipy.linalg.lu_solve(factors, heavy @ right))
        left = _unit(jax.scipy.linalg.lu_solve(factors, heavy @ left, trans=2))
    return jnp.where(finite, right, jnp.nan), jnp.where(finite, left, jnp.nan)


def _sound(matrix: Array, mass: Array) -> tuple[Array, Array, Array]:
    """The pencil, or unit matrices where it is not finite: LAPACK may not come back from a NaN."""
    finite = jnp.all(jnp.isfinite(matrix)) & jnp.all(jnp.isfinite(mass))
    unit = jnp.eye(len(mass), dtype=mass.dtype)
    matrix = jnp.where(finite, matrix, unit.astype(matrix.dtype))
    return matrix, jnp.where(finite, mass, unit), finite


def _unit(vector: Array) -> Array:
    return vector / jnp.linalg.norm(vector).astype(vector.dtype)
