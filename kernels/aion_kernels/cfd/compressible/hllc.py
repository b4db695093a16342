"""The HLLC flux: three waves between two states, so that a contact at rest stays sharp.

Between the fastest waves S_L and S_R lies a contact of speed S*; mass, momentum and energy balance
across each (Toro, Spruce & Speares 1994, doi 10.1007/BF01414629). Wave speeds after Einfeldt 1988
(doi 10.1137/0725021) from Roe's averages, which keeps density and pressure positive (Batten et al.
1997, doi 10.1137/S1064827593260140).
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.compressible.gas import IdealGas, State

__all__ = ["hllc_flux"]


def hllc_flux(gas: IdealGas, left: State, right: State, axis: int) -> State:
    """The flux through faces normal to ``axis`` between two fields of primitive states."""
    normal = 1 + axis
    speed_left, speed_right = left[normal], right[normal]
    sound_left, sound_right = gas.sound_speed(left), gas.sound_speed(right)
    slowest, fastest = _fronts(gas, left, right, normal)
    slowest = jnp.minimum(slowest, speed_left - sound_left)
    fastest = jnp.maximum(fastest, speed_right + sound_right)
    inertia_left = left[0] * (slowest - speed_left)
    inertia_right = right[0] * (fastest - speed_right)
    contact = (right[-1] - left[-1] + inertia_left * speed_left - inertia_right * speed_right) / (
        inertia_left - inertia_right
    )

    # The face lies on the left or on the right of the contact: one star state is enough.
    on_left = contact >= 0
    here = tuple(jnp.where(on_left, *fields) for fields in zip(left, right, strict=True))
    front = jnp.where(on_left, slowest, fastest)
    reach = jnp.where(on_left, jnp.minimum(slowest, 0), jnp.maximum(fastest, 0))

    density, speed, pressure = here[0], here[normal], here[-1]
    conserved = gas.conserved(here)
    approach = front - speed
    squeezed = density * approach / (front - contact)
    push = (contact - speed) * (contact + pressure / (density * approach))
    star = [squeezed * field for field in here]
    star[0] = squeezed
    star[normal] = squeezed * contact
    star[-1] = squeezed * (conserved[-1] / density + push)
    return tuple(
        f + reach * (s - c) for f, s, c in zip(gas.flux(here, axis), star, conserved, strict=True)
    )


def _fronts(
    gas: IdealGas, left: State, right: State, normal: int
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Speeds of the outer waves of Roe's average state."""
    root_left, root_right = jnp.sqrt(left[0]), jnp.sqrt(right[0])
    share = root_left / (root_left + root_right)
    speed = share * left[normal] + (1 - share) * right[normal]
    jump = right[normal] - left[normal]
    square = (
        share * gas.gamma * left[-1] / left[0]
        + (1 - share) * gas.gamma * right[-1] / right[0]
        + 0.5 * (gas.gamma - 1) * share * (1 - share) * jump**2
    )
    sound = jnp.sqrt(square)
    return speed - sound, speed + sound
