"""The error that remains on the finest grid, from a ladder of three.

A consistent scheme of order p has, once the cells of size h are small enough,

    f(h) = f(0) + C hᵖ + ...

so three grids tell f(0), C and p (Richardson 1911). The order is the check: where the observed one
is not the stated one, the grids are too coarse for the formula to hold, the extrapolated value is
no better than a guess, and the result says so instead of giving a small error. The safety factor of
1.25 is that of the grid convergence index (Roache 1994, doi 10.1115/1.2910291) in the procedure of
Celik et al. 2008 (doi 10.1115/1.2960953); that noise and mixed orders must widen the bound rather
than be ignored is the lesson of Eça & Hoekstra 2014 (doi 10.1016/j.jcp.2014.01.006).

All functions work on the host, on numbers or arrays of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from aion_kernels.core.outcome import Outcome

__all__ = ["Refinement", "observed_order_of_three", "richardson"]

SAFETY = 1.25
"""Factor on the error of the finest grid when the observed order confirms the stated one."""
CAUTION = 3.0
"""Factor on the largest difference of the ladder when it does not."""
ORDER_TOLERANCE = 0.3
"""Relative deviation of the observed order from the stated one that still confirms it."""
_ORDER_LIMIT = 16.0
"""Observed orders beyond this, of either sign, are reported as infinite."""
_ROUND_OFF = 4 * np.finfo(np.float64).eps


class Refinement(NamedTuple):
    """What a ladder of grids says; each field has the shape of one grid's values."""

    value: Float[np.ndarray, "..."]
    """The best value: extrapolated where the order is confirmed, else that of the finest grid."""
    error: Float[np.ndarray, "..."]
    """A bound on the error of ``value`` from the size of the cells and from ``noise``."""
    observed_order: Float[np.ndarray, " points"]
    """NaN where the differences alternate or vanish, negative where they grow."""
    outcome: Int[np.ndarray, "..."]
    """``ok``, ``unresolved`` or ``non_finite``."""


def richardson(
    values: Sequence[Any] | np.ndarray,
    sizes: Sequence[Any] | np.ndarray,
    *,
    order: float | int | None,
    noise: ArrayLike = 0.0,
    negligible: float | int = 1e-4,
) -> Refinement:
    """Value and error bound from the same quantity on successively finer grids.

    Let D be the larger of the two differences between the three finest grids, and 2·noise the
    uncertainty of a difference. The first rule that applies decides:

    1. D ≤ 2·noise: there is nothing left to refine. Value of the finest grid, error D + noise.
    2. The observed order is within 30 % of ``order`` (or noise leaves room for it to be): value
       extrapolated from the two finest grids with ``order``; error 1.25 times the correction that
       the smaller of the two orders implies, plus the noise that extrapolation amplifies.
    3. D ≤ negligible·|finest|: the differences are too small to matter, though their order shows
       nothing (terms of unlike order may cancel). Value of the finest grid, error 3 D + noise.
    4. Otherwise, an order too low or *too high* as well as alternating or growing differences:
       value of the finest grid, error 3 D + noise, ``Outcome.unresolved``.

    Parameters
    ----------
    values
        At least three grids, coarse to fine, all of one shape.
    sizes
        Cell size of each grid, strictly decreasing, in any unit and with any ratios.
    order
        Order of accuracy that the scheme is known to have. ``None`` for a spectral method, whose
        error falls faster than any power: then two grids suffice, the value is the finest one and
        the error the last difference plus noise, and only differences that grow are unresolved.
    noise
        Bound on the error of each value from other sources, such as a solver's tolerance.
    negligible
        Relative size of differences below which rule 3 accepts them.
    """
    ladder, cells = _check(values, sizes, order)
    ladder, cells = ladder[-3:], cells[-3:]
    shape, ladder = ladder.shape[1:], ladder.reshape(len(ladder), -1)
    finest = ladder[-1]
    round_off = _ROUND_OFF * np.max(np.abs(ladder), axis=0)
    uncertain = np.maximum(np.broadcast_to(_noise(noise), shape).reshape(-1), round_off)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        differences = np.diff(ladder, axis=0)
        largest = np.max(np.abs(differences), axis=0)
        calm = largest <= 2 * uncertain
        tiny = largest <= negligible * np.abs(finest)
        cautious = CAUTION * largest + uncertain
        if order is None:
            observed = np.full_like(finest, np.nan)
            confirmed = np.abs(differences[-1]) <= np.abs(differences[0])
            value, confirmed_error = finest, np.abs(differences[-1]) + uncertain
        else:
            observed = _order(differences[0] / differences[1], cells)
            confirmed = _confirmed(differences, cells, order, 2 * uncertain)
            ratio = cells[-2] / cells[-1]
            gain = 1 / (ratio**order - 1)
            extrapolated = finest + differences[-1] * gain
            lowest = (1 - ORDER_TOLERANCE) * order
            smaller = np.clip(np.nan_to_num(observed, nan=lowest), lowest, order)
            remaining = np.abs(differences[-1]) / (ratio**smaller - 1)
            confirmed_error = SAFETY * remaining + (1 + 2 * gain) * uncertain
            value = np.where(confirmed & ~calm, extrapolated, finest)
        error = np.where(calm, largest + uncertain, np.where(confirmed, confirmed_error, cautious))
    outcome = np.where(calm | confirmed | tiny, Outcome.ok, Outcome.unresolved)
    finite = np.all(np.isfinite(ladder), axis=0) & np.isfinite(uncertain)
    return Refinement(
        value=np.where(finite, value, np.nan).reshape(shape),
        error=np.where(finite, error, np.nan).reshape(shape),
        observed_order=np.where(finite, observed, np.nan).reshape(shape),
        outcome=np.where(finite, outcome, Outcome.non_finite).astype(np.int32).reshape(shape),
    )


def observed_order_of_three(
    values: Sequence[Any] | np.ndarray, sizes: Sequence[Any] | np.ndarray
) -> Float[np.ndarray, "..."]:
    """The p for which f(0) + C hᵖ passes through the three finest values.

    Infinite beyond ±16 and NaN where the differences have unlike signs or both vanish.
    """
    ladder, cells = _check(values, sizes, order=1.0)
    coarse, fine = np.diff(ladder[-3:].reshape(3, -1), axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return _order(coarse / fine, cells[-3:]).reshape(ladder.shape[1:])


def _order(
    quotient: Float[np.ndarray, " points"], cells: Float[np.ndarray, "3"]
) -> Float[np.ndarray, " points"]:
    """The order whose :func:`_quotient` is given, by bisection."""
    low = np.full(np.shape(quotient), -_ORDER_LIMIT)
    high = -low
    below, above = quotient < _quotient(low, cells), quotient > _quotient(high, cells)
    for _ in range(60):  # 32 / 2⁶⁰ is below round-off
        middle = 0.5 * (low + high)
        too_low = _quotient(middle, cells) < quotient
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    order = np.where(below, -np.inf, np.where(above, np.inf, 0.5 * (low + high)))
    return np.where(quotient > 0, order, np.nan)


def _quotient(
    order: Float[np.ndarray, " points"], cells: Float[np.ndarray, "3"]
) -> Float[np.ndarray, " points"]:
    """(h₁ᵖ − h₂ᵖ) / (h₂ᵖ − h₃ᵖ), which grows with p: the differences that an order implies."""
    first, second = np.log(cells[:-1] / cells[1:])
    order = np.where(order == 0, 1e-12, order)  # removable: the limit is first / second
    return np.expm1(order * first) / -np.expm1(-order * second)


def _confirmed(
    differences: Float[np.ndarray, "2 points"],
    cells: Float[np.ndarray, "3"],
    order: float | int,
    uncertainty: Float[np.ndarray, " points"],
) -> Bool[np.ndarray, " points"]:
    """Whether an order within tolerance of the stated one fits differences known to a margin."""
    coarse, fine = np.abs(differences)
    smallest = np.maximum(coarse - uncertainty, 0) / (fine + uncertainty)
    margin = fine - uncertainty
    greatest = np.where(margin > 0, (coarse + uncertainty) / margin, np.inf)
    lowest, highest = (
        _quotient(np.array([order * (1 + sign * ORDER_TOLERANCE)]), cells) for sign in (-1, 1)
    )
    one_sign = (differences[0] * differences[1] > 0) | (np.minimum(coarse, fine) <= uncertainty)
    return one_sign & (greatest >= lowest) & (smallest <= highest)


def _noise(noise: ArrayLike) -> np.ndarray:
    bound = np.asarray(noise, dtype=np.float64)
    if np.any(bound < 0):
        raise ValueError(f"noise is {noise}; a bound is zero or positive")
    return bound


def _check(
    values: Sequence[Any] | np.ndarray,
    sizes: Sequence[Any] | np.ndarray,
    order: float | int | None,
) -> tuple[np.ndarray, np.ndarray]:
    ladder = np.asarray(values, dtype=np.float64)
    cells = np.asarray(sizes, dtype=np.float64)
    needed = 2 if order is None else 3
    if len(ladder) < needed:
        raise ValueError(f"{len(ladder)} grids are given; the error needs at least {needed}")
    if cells.shape != (len(ladder),):
        raise ValueError(f"{len(ladder)} grids are given but sizes has shape {cells.shape}")
    if not (np.all(np.isfinite(cells)) and np.all(cells > 0) and np.all(np.diff(cells) < 0)):
        raise ValueError(f"sizes are {cells.tolist()}; they must be positive and decreasing")
    if order is not None and not order > 0:
        raise ValueError(f"order is {order}; it must be positive, or None for a spectral method")
    return ladder, cells
