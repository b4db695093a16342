"""Forward rate constants of every reaction from temperature, collision partners and pressure.

    Arrhenius          k = A Tᵇ exp(−θ/T)
    falloff            k = k_∞ P/(1 + P) F,  P = k₀ [M]/k_∞      chemically activated: k₀/(1 + P) F
      Troe             log F = log F_c / (1 + x²),  x = (log P + c)/(n − 0.14 (log P + c)),
                       c = −0.4 − 0.67 log F_c,  n = 0.75 − 1.27 log F_c,
                       F_c = (1 − a) e^(−T/T₃) + a e^(−T/T₁) + e^(−T₂/T)
      Tsang            the same with F_c = A + B T
      SRI              F = d Tᵉ (a e^(−b/T) + e^(−T/c))^X,  X = 1/(1 + log² P)
    PLOG               ln k linear in ln p between the pressures of a table
    Chebyshev          log k = Σ αᵢⱼ φᵢ(T̃) φⱼ(p̃)

(Gilbert, Luther & Troe 1983, doi 10.1002/bbpc.19830870218; Stewart, Larson & Golden 1989,
doi 10.1016/0010-2180(89)90112-1.) Logarithms in the falloff forms are decimal.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.kinetics.mechanism import Chebyshev, Falloff, Mechanism, PressureTable

__all__ = ["collision_partners", "forward_constants"]

_TINY = 1e-300
_LN10 = 2.302585092994046


def collision_partners(
    mechanism: Mechanism, concentrations: Float[Array, " species"]
) -> Float[Array, " bodies"]:
    """[M] of every distinct collision partner, kmol/m³; the first is one, for no partner."""
    bodies = mechanism.bodies
    found = bodies.default * jnp.sum(concentrations) + bodies.excess @ concentrations
    return found.at[0].set(1.0)


def forward_constants(
    mechanism: Mechanism,
    temperature: Float[Array, ""],
    pressure: Float[Array, ""],
    partners: Float[Array, " bodies"],
) -> Float[Array, " reactions"]:
    """k_f of every reaction, kmol, m³ and s; without the factor [M] of three-body reactions."""
    constants = _arrhenius(mechanism.arrhenius, temperature)
    falloff, table, series = mechanism.falloff, mechanism.pressure_table, mechanism.chebyshev
    if falloff.reaction.size:
        high = constants[falloff.reaction]
        body = partners[mechanism.body[falloff.reaction]]
        constants = constants.at[falloff.reaction].set(_falloff(falloff, high, body, temperature))
    if table.reaction.size:
        constants = constants.at[table.reaction].set(_plog(table, temperature, pressure))
    if series.reaction.size:
        constants = constants.at[series.reaction].set(_chebyshev(series, temperature, pressure))
    return constants


def _arrhenius(rates: Float[Array, "*rates 3"], temperature: Float[Array, ""]) -> Array:
    exponent = rates[..., 1] * jnp.log(temperature) - rates[..., 2] / temperature
    return rates[..., 0] * jnp.exp(exponent)


def _falloff(
    falloff: Falloff, high: Array, partner: Array, temperature: Float[Array, ""]
) -> Float[Array, " falloff"]:
    low = _arrhenius(falloff.low, temperature)
    reduced = low * partner / (high + _TINY)
    factor = _broadening(falloff, reduced, temperature)
    limit = jnp.where(falloff.activated > 0, low, high * reduced)
    return limit / (1 + reduced) * factor


def _broadening(falloff: Falloff, reduced: Array, temperature: Float[Array, ""]) -> Array:
    """F of each reaction by its form."""
    p, form = falloff.parameters.T, falloff.form
    log_reduced = jnp.log10(jnp.maximum(reduced, _TINY))
    # The parameters of another form stand where a form's own do not: keep them harmless.
    troe, sri, tsang = (form == number for number in (1, 2, 3))
    t3, t1 = (jnp.where(troe, p[index], 1.0) for index in (1, 2))
    c = jnp.where(sri, p[2], 1.0)
    centre = (1 - p[0]) * _decay(temperature, t3) + p[0] * _decay(temperature, t1)
    centre = centre + p[4] * jnp.exp(-jnp.where(troe, p[3], 0.0) / temperature)
    centre = jnp.where(tsang, p[0] + p[1] * temperature, centre)
    log_centre = jnp.log10(jnp.where(troe | tsang, jnp.maximum(centre, _TINY), 1.0))
    shifted = log_reduced - 0.4 - 0.67 * log_centre
    x = shifted / (0.75 - 1.27 * log_centre - 0.14 * shifted)
    by_troe = jnp.exp(_LN10 * log_centre / (1 + x**2))
    base = jnp.where(sri, p[0] * jnp.exp(-p[1] / temperature) + _decay(temperature, c), 1.0)
    power = jnp.exp(jnp.log(base) / (1 + log_reduced**2) + p[4] * jnp.log(temperature))
    return jnp.where(sri, p[3] * power, jnp.where(troe | tsang, by_troe, 1.0))


def _decay(temperature: Float[Array, ""], scale: Array) -> Array:
    """exp(−T/scale); a vanishing scale stands for an absent term, as in Cantera."""
    absent = jnp.abs(scale) < _TINY
    return jnp.exp(-temperature * jnp.where(absent, 1000.0, 1 / jnp.where(absent, 1.0, scale)))


def _plog(
    table: PressureTable, temperature: Float[Array, ""], pressure: Float[Array, ""]
) -> Float[Array, " plog"]:
    log_pressure = jnp.log(pressure)
    above = jnp.sum(log_pressure >= table.log_pressure, axis=1)
    above = jnp.clip(above, 1, table.log_pressure.shape[1] - 1)
    ends = above[:, None] - jnp.array([[1, 0]])
    low, high = jnp.take_along_axis(table.log_pressure, ends, axis=1).T
    rates = jnp.take_along_axis(table.rates, ends[:, :, None, None], axis=1)
    log_low, log_high = jnp.log(jnp.sum(_arrhenius(rates, temperature), axis=-1)).T
    step = jnp.where(high > low, high - low, 1.0)
    return jnp.exp(log_low + (log_high - log_low) * (log_pressure - low) / step)


def _chebyshev(
    series: Chebyshev, temperature: Float[Array, ""], pressure: Float[Array, ""]
) -> Float[Array, " chebyshev"]:
    in_temperature = _scaled(1 / temperature, 1 / series.temperature_range)
    in_pressure = _scaled(jnp.log10(pressure), jnp.log10(series.pressure_range))
    rows, columns = series.coefficients.shape[1:]
    log = jnp.einsum(
        "nij,in,jn->n",
        series.coefficients,
        _polynomials(in_temperature, rows),
        _polynomials(in_pressure, columns),
    )
    return jnp.exp(_LN10 * log)


def _scaled(value: Float[Array, ""], limits: Float[Array, "chebyshev 2"]) -> Array:
    """−1 at the first limit, 1 at the second."""
    first, second = limits.T
    return (2 * value - first - second) / (second - first)


def _polynomials(x: Array, count: int) -> Array:
    """Chebyshev polynomials of the first kind, degrees 0 to count − 1."""
    found = [jnp.ones_like(x), x]
    while len(found) < count:
        found.append(2 * x * found[-1] - found[-2])
    return jnp.stack(found[:count])
