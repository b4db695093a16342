"""Heat capacity, enthalpy, entropy and Gibbs energy of every species, and of mixtures.

    c_p/R = a₀T⁻² + a₁T⁻¹ + a₂ + a₃T + a₄T² + a₅T³ + a₆T⁴
    h/RT  = −a₀T⁻² + a₁ ln T/T + a₂ + a₃T/2 + a₄T²/3 + a₅T³/4 + a₆T⁴/5 + a₇/T
    s/R   = −a₀T⁻²/2 − a₁T⁻¹ + a₂ ln T + a₃T + a₄T²/2 + a₅T³/3 + a₆T⁴/4 + a₈

in the zone that T lies in; beyond the first and last zone the polynomials go on. All functions take
one temperature and give one number a species.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.kinetics.mechanism import Mechanism, Thermodynamics

__all__ = ["enthalpy", "entropy", "gibbs_energy", "heat_capacity", "mean_weight"]


def heat_capacity(
    thermodynamics: Thermodynamics, temperature: Float[Array, ""]
) -> Float[Array, " species"]:
    """c_p/R of each species at constant pressure."""
    a, t = _zone(thermodynamics, temperature), temperature
    return a[0] / t**2 + a[1] / t + a[2] + t * (a[3] + t * (a[4] + t * (a[5] + t * a[6])))


def enthalpy(
    thermodynamics: Thermodynamics, temperature: Float[Array, ""]
) -> Float[Array, " species"]:
    """h/RT of each species, formation included."""
    a, t = _zone(thermodynamics, temperature), temperature
    powers = a[2] + t * (a[3] / 2 + t * (a[4] / 3 + t * (a[5] / 4 + t * a[6] / 5)))
    return powers - a[0] / t**2 + (a[1] * jnp.log(t) + a[7]) / t


def entropy(
    thermodynamics: Thermodynamics, temperature: Float[Array, ""]
) -> Float[Array, " species"]:
    """s/R of each species at the reference pressure."""
    a, t = _zone(thermodynamics, temperature), temperature
    powers = t * (a[3] + t * (a[4] / 2 + t * (a[5] / 3 + t * a[6] / 4)))
    return powers - a[0] / (2 * t**2) - a[1] / t + a[2] * jnp.log(t) + a[8]


def gibbs_energy(
    thermodynamics: Thermodynamics, temperature: Float[Array, ""]
) -> Float[Array, " species"]:
    """g/RT of each species at the reference pressure."""
    return enthalpy(thermodynamics, temperature) - entropy(thermodynamics, temperature)


def mean_weight(mechanism: Mechanism, mass_fractions: Float[Array, " species"]) -> Float[Array, ""]:
    """Mean molecular weight of a mixture, kg/kmol."""
    return 1 / jnp.sum(mass_fractions / mechanism.molecular_weights)


def _zone(
    thermodynamics: Thermodynamics, temperature: Float[Array, ""]
) -> Float[Array, "9 species"]:
    """The coefficients in force; a boundary itself belongs to the zone below, as in Cantera."""
    zone = jnp.sum(temperature > thermodynamics.boundaries, axis=1)
    chosen = jnp.take_along_axis(thermodynamics.coefficients, zone[:, None, None], axis=1)
    return chosen[:, 0].T
