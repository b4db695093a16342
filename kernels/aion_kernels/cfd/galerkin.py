"""Polynomials between two walls, and the integrals of their products.

A disturbance between walls at y = ±1 is expanded in polynomials that meet the wall conditions one
by one, so the equations are only projected (Galerkin's method): no boundary rows, hence none of
the spurious modes that collocation has. The highest derivative that the weak form needs is an
orthonormal set of Legendre polynomials L_n, and the lower ones follow from
∫ L_n = (L_{n+1} − L_{n−1}) / (2n + 1) (Shen 1994, doi 10.1137/0915089):

    pinned   φ(±1) = 0              φ_k′ = √((2k+3)/2) L_{k+1}
    clamped  φ(±1) = φ′(±1) = 0     φ_k″ = √((2k+5)/2) L_{k+2}

The convergence is faster than any power of the number of functions. Polynomials with an even index
are even in y, those with an odd index odd.

Everything here is computed once on the host, in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.polynomial.legendre import leggauss, legvander

__all__ = ["Ends", "PolynomialBasis", "inner_products"]

Ends = Literal["pinned", "clamped"]


@dataclass(frozen=True)
class PolynomialBasis:
    """The first ``size`` polynomials that vanish at ±1, ``clamped`` ones with their slopes."""

    ends: Ends
    size: int

    def values(self, derivative: int, points: Float[np.ndarray, " points"]) -> np.ndarray:
        """φ_k or its first or second derivative at ``points``: an array (points, size)."""
        columns = self._coefficients[derivative]
        return legvander(points, len(columns) - 1) @ columns

    @cached_property
    def _coefficients(self) -> tuple[np.ndarray, ...]:
        """Legendre coefficients of φ, φ′ and φ″, a polynomial a column."""
        smooth = 2 if self.ends == "clamped" else 1
        degree = np.arange(self.size) + smooth
        highest = np.zeros((self.size + smooth, self.size))
        highest[degree, np.arange(self.size)] = np.sqrt(degree + 0.5)
        orders: list[np.ndarray] = [highest]
        for _ in range(smooth):
            orders.insert(0, _integral(orders[0]))
        if smooth == 1:
            orders.append(np.polynomial.legendre.legder(highest, axis=0))
        return tuple(orders)


def inner_products(
    test: PolynomialBasis,
    trial: PolynomialBasis,
    derivatives: tuple[int, int],
    weight: tuple[float, ...] = (1.0,),
) -> Float[np.ndarray, "test trial"]:
    """∫ w(y) ∂ᵐψ_j ∂ⁿφ_k dy over [−1, 1], exact for a polynomial weight w = Σ weight_i yⁱ."""
    highest = test.size + trial.size + 6 + len(weight)
    points, weights = leggauss(highest // 2 + 1)
    weights = weights * np.polynomial.polynomial.polyval(points, weight)
    left, right = (
        basis.values(derivative, points)
        for basis, derivative in zip((test, trial), derivatives, strict=True)
    )
    return left.T @ (weights[:, None] * right)


def _integral(columns: np.ndarray) -> np.ndarray:
    """Coefficients of the integrals of functions without a constant part, zero at ±1."""
    scaled = columns / (2 * np.arange(len(columns)) + 1)[:, None]
    result = np.zeros((len(columns) + 1, columns.shape[1]))
    result[1:] += scaled
    result[: len(columns) - 1] -= scaled[1:]
    return result
