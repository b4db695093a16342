"""A reaction mechanism as arrays: what every kernel of kinetics takes.

A mechanism has K species that N reactions turn into each other,

    Σ ν'ₖᵣ Aₖ ⇌ Σ ν''ₖᵣ Aₖ,     q_r = k_f ∏ c^order − k_r ∏ c^order,     ω̇ₖ = Σ_r (ν'' − ν')ₖᵣ q_r .

Everything that differs from one mechanism to the next is data in one pytree, so that one program
serves all mechanisms of a size, rate parameters can be batched and differentiated, and the same
tables feed the native loops. Thermodynamics has one form: the nine coefficients of NASA hold those
of NASA-7, of Shomate and of a constant heat capacity as special cases.

Units are SI with kmol: concentrations kmol/m³, rates kmol/m³/s, activation temperatures K.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

__all__ = [
    "GAS_CONSTANT",
    "Chebyshev",
    "Falloff",
    "Mechanism",
    "PressureTable",
    "Thermodynamics",
    "ThirdBodies",
]

GAS_CONSTANT = 8314.46261815324
"""J/kmol/K, exact since 2019."""


class Thermodynamics(eqx.Module):
    """NASA-9 coefficients of every species in consecutive temperature zones.

    c_p/R = a₀T⁻² + a₁T⁻¹ + a₂ + a₃T + a₄T² + a₅T³ + a₆T⁴; a₇ and a₈ are the constants of enthalpy
    and entropy (McBride, Zehe & Gordon 2002, NASA/TP-2002-211556).
    """

    boundaries: Float[Array, "species limits"]
    """Where one zone ends and the next begins, K; infinite where a species has fewer zones."""
    coefficients: Float[Array, "species zones 9"]
    reference_pressure: Float[Array, ""]
    """Pa."""


class ThirdBodies(eqx.Module):
    """Distinct collision partners: [M] = default Σ c + Σ excess · c; number 0 is no partner."""

    default: Float[Array, " bodies"]
    """Efficiency of a species that is not named."""
    excess: Float[Array, "bodies species"]
    """Efficiency above the default."""


class Falloff(eqx.Module):
    """Rates between a low- and a high-pressure limit; the mechanism's own k is the high limit."""

    reaction: Int[Array, " falloff"]
    low: Float[Array, "falloff 3"]
    """A, temperature exponent, activation temperature of the low limit."""
    form: Int[Array, " falloff"]
    """0 Lindemann, 1 Troe, 2 SRI, 3 Tsang."""
    parameters: Float[Array, "falloff 5"]
    """Of the form; unused ones are zero."""
    activated: Float[Array, " falloff"]
    """1 where the reaction is chemically activated: k = k₀ / (1 + P_r) F."""


class PressureTable(eqx.Module):
    """Sums of Arrhenius terms at given pressures, logarithmically interpolated (PLOG)."""

    reaction: Int[Array, " plog"]
    log_pressure: Float[Array, "plog levels"]
    """Rising; the ends are ±1000, where the rates of the last real pressure are repeated."""
    rates: Float[Array, "plog levels terms 3"]
    """A, temperature exponent, activation temperature; A is zero in unused terms."""


class Chebyshev(eqx.Module):
    """log₁₀ k as a double Chebyshev series in 1/T and log₁₀ p."""

    reaction: Int[Array, " chebyshev"]
    temperature_range: Float[Array, "chebyshev 2"]
    pressure_range: Float[Array, "chebyshev 2"]
    coefficients: Float[Array, "chebyshev temperatures pressures"]


class Mechanism(eqx.Module):
    """Species, thermodynamics and reactions; make one with :func:`~.reader.read_mechanism`.

    A reaction's forward and backward products run over *slots*: a species with its order. A whole
    order n takes n slots of order one, so that products need no powers; any other order takes one
    slot. Unused slots name species K, whose concentration is one.
    """

    thermodynamics: Thermodynamics
    molecular_weights: Float[Array, " species"]
    """kg/kmol."""
    composition: Float[Array, "elements species"]
    """Atoms of each element in each species."""
    arrhenius: Float[Array, "reactions 3"]
    """A, temperature exponent, activation temperature E/R."""
    reversible: Float[Array, " reactions"]
    """1 where the backward rate follows from equilibrium, 0 where there is none."""
    forward: Int[Array, "reactions forward_slots"]
    forward_orders: Float[Array, "reactions forward_slots"]
    backward: Int[Array, "reactions backward_slots"]
    backward_orders: Float[Array, "reactions backward_slots"]
    net: Int[Array, "reactions net_slots"]
    """Species that a reaction makes or consumes."""
    net_coefficients: Float[Array, "reactions net_slots"]
    body: Int[Array, " reactions"]
    """Number of the collision partner in :attr:`bodies`; 0 for none."""
    body_multiplies: Float[Array, " reactions"]
    """1 where [M] multiplies the rate, 0 where it only decides the falloff."""
    bodies: ThirdBodies
    falloff: Falloff
    pressure_table: PressureTable
    chebyshev: Chebyshev
    species: tuple[str, ...] = eqx.field(static=True)
    elements: tuple[str, ...] = eqx.field(static=True)
    equations: tuple[str, ...] = eqx.field(static=True)

    @property
    def size(self) -> int:
        """Number of species."""
        return self.molecular_weights.shape[0]

    @property
    def tables(self) -> list[Array]:
        """Every array, in the order in which native code reads them."""
        return jax.tree.leaves(self)

    @staticmethod
    def of_tables(tables: Sequence[Array]) -> Mechanism:
        """A mechanism without names from its :attr:`tables`."""
        return _assembled(Mechanism, iter(tables))

    def with_arrhenius(
        self, reaction: int, factor: Array, exponent: Array, activation_temperature: Array
    ) -> Mechanism:
        """This mechanism with another k = A Tᵇ exp(−θ/T) for one reaction, traced values allowed.

        Units are those of :attr:`arrhenius`; a reverse rate follows. Of a falloff reaction it is
        the high-pressure limit.
        """
        rate = jnp.stack(
            [jnp.asarray(x, float) for x in (factor, exponent, activation_temperature)]
        )
        return eqx.tree_at(lambda m: m.arrhenius, self, self.arrhenius.at[reaction].set(rate))

    def scaled(self, factors: Float[Array, " reactions"]) -> Mechanism:
        """This mechanism with every rate constant, forward and backward, times a factor.

        The handle of sensitivities: d/dfactors at one is the derivative by ln k.
        """
        falloff, table, series = self.falloff, self.pressure_table, self.chebyshev
        constant = jnp.log10(factors[series.reaction])
        new = (
            self.arrhenius.at[:, 0].multiply(factors),
            falloff.low.at[:, 0].multiply(factors[falloff.reaction]),
            table.rates.at[..., 0].multiply(factors[table.reaction][:, None, None]),
            series.coefficients.at[:, 0, 0].add(constant),
        )
        return eqx.tree_at(
            lambda m: (
                m.arrhenius,
                m.falloff.low,
                m.pressure_table.rates,
                m.chebyshev.coefficients,
            ),
            self,
            new,
        )


_PARTS = {
    "thermodynamics": Thermodynamics,
    "bodies": ThirdBodies,
    "falloff": Falloff,
    "pressure_table": PressureTable,
    "chebyshev": Chebyshev,
}


def _assembled(kind: Any, leaves: Iterator[Array]) -> Any:
    """A module of this kind from arrays in the order in which its fields are declared."""

    def value(field: dataclasses.Field) -> Any:
        if field.metadata.get("static"):
            return ()
        if field.name in _PARTS:
            return _assembled(_PARTS[field.name], leaves)
        return next(leaves)

    return kind(**{field.name: value(field) for field in dataclasses.fields(kind)})
