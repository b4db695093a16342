"""The five-point Laplacian of fields with a halo: the smallest kernel that shows all of `native`.

    (Δf)ᵢⱼ = (fᵢ₋₁ⱼ − 2 fᵢⱼ + fᵢ₊₁ⱼ) / Δy² + (fᵢⱼ₋₁ − 2 fᵢⱼ + fᵢⱼ₊₁) / Δx²

The caller fills the halo of one cell, so every boundary condition is the caller's: a Dirichlet
value, a mirror, a period, a neighbour's edge. The operator is symmetric, so its adjoint is itself
on a cotangent padded with zeros, and the backward pass runs the same native loop.
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.core.native.dispatch import kernel

__all__ = ["laplacian"]


def laplacian(
    field: Float[Array, "rows columns"], spacing: Float[Array, "2"]
) -> Float[Array, "rows-2 columns-2"]:
    """Second-order Laplacian of the inside of ``field``.

    ``spacing`` holds the sizes of a cell along rows and columns, (Δy, Δx), in the field's type; the
    result is in units of the field per length squared. Batch it with ``vmap``.
    """
    return _laplacian(field, spacing**-2)


def _twin(
    field: Float[Array, "rows columns"], weights: Float[Array, "2"]
) -> Float[Array, "rows-2 columns-2"]:
    twice = 2 * field[1:-1, 1:-1]
    along_rows = field[:-2, 1:-1] - twice + field[2:, 1:-1]
    along_columns = field[1:-1, :-2] - twice + field[1:-1, 2:]
    return weights[0] * along_rows + weights[1] * along_columns


def _adjoint(
    args: tuple[Array, ...], cotangent: Float[Array, "rows columns"]
) -> tuple[Array, Array]:
    field, weights = args
    of_weights = jax.vjp(lambda w: _twin(field, w), weights)[1](cotangent)[0]
    return _laplacian(jnp.pad(cotangent, 2), weights), of_weights


_laplacian = kernel(
    "laplacian", source=Path(__file__).with_suffix(".cpp"), twin=_twin, vjp=_adjoint
)
