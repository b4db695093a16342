"""Net production rates of species, and their derivatives by temperature and concentrations.

q_r = [M]_r (k_f ∏ cᵢ^ν' − k_r ∏ cᵢ^ν''),   ω̇ₖ = Σ_r νₖᵣ q_r,
k_r = k_f / K_c,   ln K_c = −Σ νₖ gₖ/RT + Δν ln(p°/RT)
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.kinetics.mechanism import GAS_CONSTANT, Mechanism
from aion_kernels.kinetics.rate_constants import collision_partners, forward_constants
from aion_kernels.kinetics.thermodynamics import gibbs_energy

__all__ = [
    "production_rates",
    "rates_of_progress",
    "rates_with_derivatives",
    "reciprocal_equilibrium",
]

_LARGEST_EXPONENT = 690.7755278982137
"""ln 1e300: beyond it Cantera holds a reciprocal equilibrium constant, and so do we."""


def rates_of_progress(
    mechanism: Mechanism,
    temperature: Float[Array, ""],
    concentrations: Float[Array, " species"],
) -> Float[Array, " reactions"]:
    """q of every reaction, kmol/m³/s, forward minus backward."""
    pressure = GAS_CONSTANT * temperature * jnp.sum(concentrations)
    partners = collision_partners(mechanism, concentrations)
    constants = forward_constants(mechanism, temperature, pressure, partners)
    with_one = jnp.append(concentrations, 1.0)
    ahead = constants * _product(with_one, mechanism.forward, mechanism.forward_orders)
    back = constants * reciprocal_equilibrium(mechanism, temperature)
    back = back * _product(with_one, mechanism.backward, mechanism.backward_orders)
    multiplied = mechanism.body_multiplies > 0
    multiplier = jnp.where(multiplied, partners[mechanism.body], 1.0)
    return multiplier * (ahead - back)


def production_rates(
    mechanism: Mechanism,
    temperature: Float[Array, ""],
    concentrations: Float[Array, " species"],
) -> Float[Array, " species"]:
    """ω̇ of every species, kmol/m³/s, from temperature in K and concentrations in kmol/m³."""
    progress = rates_of_progress(mechanism, temperature, concentrations)
    made = mechanism.net_coefficients * progress[:, None]
    # Unused slots name one species more than there are: it is dropped.
    total = jnp.zeros(mechanism.size + 1, made.dtype).at[mechanism.net].add(made)
    return total[:-1]


def rates_with_derivatives(
    mechanism: Mechanism,
    temperature: Float[Array, ""],
    concentrations: Float[Array, " species"],
) -> tuple[Float[Array, " species"], Float[Array, " species"], Float[Array, "species species"]]:
    """ω̇, ∂ω̇/∂T at fixed concentrations, and ∂ω̇ₖ/∂cⱼ at fixed temperature."""

    def rates(temperature: Array, concentrations: Array) -> tuple[Array, Array]:
        found = production_rates(mechanism, temperature, concentrations)
        return found, found

    slopes, found = jax.jacfwd(rates, (0, 1), has_aux=True)(temperature, concentrations)
    return found, *slopes


def reciprocal_equilibrium(
    mechanism: Mechanism, temperature: Float[Array, ""]
) -> Float[Array, " reactions"]:
    """1/K_c in powers of m³/kmol; zero for what goes one way only."""
    gibbs = jnp.append(gibbs_energy(mechanism.thermodynamics, temperature), 0.0)
    standard = mechanism.thermodynamics.reference_pressure / (GAS_CONSTANT * temperature)
    change = jnp.sum(mechanism.net_coefficients * gibbs[mechanism.net], axis=1)
    growth = jnp.sum(mechanism.net_coefficients, axis=1)
    exponent = change - growth * jnp.log(standard)
    return mechanism.reversible * jnp.exp(jnp.minimum(exponent, _LARGEST_EXPONENT))


def _product(with_one: Array, slots: Array, orders: Array) -> Array:
    """∏ c^order over the slots; a power other than one is zero where nothing is left."""
    found = with_one[slots]
    positive = found > 0
    power = jnp.where(positive, jnp.where(positive, found, 1.0) ** orders, 0.0)
    return jnp.prod(jnp.where(orders == 1, found, power), axis=1)
