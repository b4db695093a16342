"""Mixtures as a chemist writes them: compositions as text, and equivalence ratios.

``"H2:2, O2:1, N2:3.76"`` gives amounts by mole. The equivalence ratio compares fuel per oxidiser
with its stoichiometric value, at which all C, H and S burn to CO₂, H₂O and SO₂:

    oxygen that one kmol needs:  C + S + H/4 − O/2     (kmol of O₂; N and the rest do not burn)
"""

from __future__ import annotations

import difflib
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from aion_kernels.invalid import InvalidInputError
from aion_kernels.kinetics.mechanism import Mechanism

__all__ = ["equivalence_mixture", "equivalence_mixtures", "mole_fractions", "parse_composition"]

_OXYGEN_NEED = {"C": 1.0, "S": 1.0, "H": 0.25, "O": -0.5}


def parse_composition(mechanism: Mechanism, text: str) -> Float[np.ndarray, " species"]:
    """Mole fractions from ``"H2:2, O2:1"``; a name alone counts as one.

    Raises :class:`~aion_kernels.invalid.InvalidInputError` for an unknown species, an amount that
    is no positive number, or nothing at all.
    """
    amounts = np.zeros(mechanism.size)
    for part in filter(None, (piece.strip() for piece in text.replace(";", ",").split(","))):
        name, colon, number = part.rpartition(":")
        name, number = (name.strip(), number.strip()) if colon else (part, "1")
        if name not in mechanism.species:
            raise InvalidInputError(
                f"'{name}' in the composition '{text}' is no species of the mechanism; it has "
                + _some(mechanism.species, name)
            )
        try:
            amount = float(number)
        except ValueError:
            amount = math.nan
        if not (amount >= 0 and math.isfinite(amount)):
            raise InvalidInputError(
                f"the amount of {name} in the composition '{text}' is '{number}'; give a number "
                "that is not negative"
            )
        amounts[mechanism.species.index(name)] += amount
    if not amounts.sum() > 0:
        raise InvalidInputError(
            f"the composition '{text}' is empty; give amounts such as 'H2:2, O2:1, N2:3.76'"
        )
    return amounts / amounts.sum()


def equivalence_mixture(
    mechanism: Mechanism, ratio: Float[Array, ""] | float, fuel: str, oxidizer: str
) -> Float[Array, " species"]:
    """Mole fractions of fuel and oxidizer (texts, by mole) at an equivalence ratio; traced in it.

    Raises :class:`~aion_kernels.invalid.InvalidInputError` when the fuel cannot burn or the
    oxidizer has no oxygen to give.
    """
    burnt, given = parse_composition(mechanism, fuel), parse_composition(mechanism, oxidizer)
    per_species = np.array([_OXYGEN_NEED.get(e, 0.0) for e in mechanism.elements])
    need = per_species @ np.asarray(mechanism.composition)
    needed, spare = float(need @ burnt), -float(need @ given)
    if needed <= 0:
        raise InvalidInputError(
            f"the fuel '{fuel}' needs no oxygen to burn; name what burns as the fuel"
        )
    if spare <= 0:
        raise InvalidInputError(
            f"the oxidizer '{oxidizer}' has no oxygen to give; try 'O2:1, N2:3.76'"
        )
    return mole_fractions(jnp.asarray(ratio) * (spare / needed) * burnt + given)


def equivalence_mixtures(
    mechanism: Mechanism, ratios: Float[np.ndarray, " members"], fuel: str, oxidizer: str
) -> Float[np.ndarray, "members species"]:
    """:func:`equivalence_mixture` at each of many ratios."""
    mixtures = [equivalence_mixture(mechanism, float(ratio), fuel, oxidizer) for ratio in ratios]
    return np.array(mixtures)


def mole_fractions(amounts: Float[Array, " species"]) -> Float[Array, " species"]:
    """Amounts scaled to the sum one."""
    return amounts / jnp.sum(amounts)


def _some(names: tuple[str, ...], wanted: str) -> str:
    near = difflib.get_close_matches(wanted.upper(), names, 3, 0.5)
    listed = ", ".join(near or names[:10])
    return listed + (f" and {len(names) - 10} more" if not near and len(names) > 10 else "")
