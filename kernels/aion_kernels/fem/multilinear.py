"""A number at every quadrature point that may depend linearly on basis functions.

An integrand of a matrix is linear in the test and in the trial function. Evaluated node by node,
each number is a sum of terms: a coefficient, an array over (points, entities), times a product of
at most one *basis factor* for each argument. A basis factor names a component of an argument and
the derivatives taken of it; the table of its basis functions is filled in only at the end. So the
many terms that vanish never enter the program, and what remains is the smallest set of coefficient
arrays that the element tensor needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp

__all__ = ["BasisFactor", "Multilinear", "choose", "lift", "plain"]

Coefficient = Any
"""A Python number, or an array of shape (points or 1, entities or 1)."""


class BasisFactor(NamedTuple):
    """A component of an argument, or a derivative of one."""

    argument: int
    """0 for the test function, 1 for the trial function."""
    side: str
    """``+`` or ``-`` at an interior facet, else empty."""
    component: int
    """Of the reference value."""
    derivatives: tuple[int, ...]
    """How often by each reference axis."""


@dataclass(frozen=True)
class Multilinear:
    """Coefficients by the basis factors they multiply; no factor stands for the plain number."""

    terms: dict[tuple[BasisFactor, ...], Coefficient]

    def __add__(self, other: Multilinear) -> Multilinear:
        terms = dict(self.terms)
        for factors, coefficient in other.terms.items():
            terms[factors] = terms[factors] + coefficient if factors in terms else coefficient
        return _without_zeros(terms)

    def __mul__(self, other: Multilinear) -> Multilinear:
        terms: dict[tuple[BasisFactor, ...], Coefficient] = {}
        for mine, a in self.terms.items():
            for theirs, b in other.terms.items():
                factors = tuple(sorted(mine + theirs))
                product = _product(a, b)
                terms[factors] = terms[factors] + product if factors in terms else product
        return _without_zeros(terms)

    def map(self, function: Callable[[Coefficient], Coefficient]) -> Multilinear:
        """A linear function of every coefficient."""
        return _without_zeros({factors: function(c) for factors, c in self.terms.items()})


def lift(number: Coefficient) -> Multilinear:
    """A number without basis factors."""
    return _without_zeros({(): number})


def plain(value: Multilinear) -> Coefficient:
    """The number of a value that holds no basis factor."""
    if not value.terms:
        return 0.0
    if set(value.terms) != {()}:
        raise ValueError("the form is not linear in its arguments")
    return value.terms[()]


def choose(condition: Any, where_true: Multilinear, where_false: Multilinear) -> Multilinear:
    """The first value where the condition holds, else the second, term by term."""
    if isinstance(condition, bool):
        return where_true if condition else where_false
    return _without_zeros(
        {
            factors: jnp.where(
                condition, where_true.terms.get(factors, 0.0), where_false.terms.get(factors, 0.0)
            )
            for factors in {**where_true.terms, **where_false.terms}
        }
    )


def _product(a: Coefficient, b: Coefficient) -> Coefficient:
    for number, other in ((a, b), (b, a)):
        if isinstance(number, float | int) and number in (0, 1):
            return other if number else 0.0
    return a * b


def _without_zeros(terms: dict[tuple[BasisFactor, ...], Coefficient]) -> Multilinear:
    return Multilinear(
        {
            factors: coefficient
            for factors, coefficient in terms.items()
            if not (isinstance(coefficient, float | int) and math.fabs(coefficient) == 0)
        }
    )
