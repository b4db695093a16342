"""How energy is spread over the sizes of eddies.

E(m) = Σ |û(k)|² / 2 over the shell  m − 1/2 ≤ |k| L / 2π < m + 1/2,   Σ E(m) = energy
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from aion_kernels.cfd.spectral.fourier import FourierGrid

__all__ = ["energy_spectrum"]


def energy_spectrum(
    grid: FourierGrid, velocity: Complex[Array, "components ..."]
) -> Float[Array, " shells"]:
    """Mean kinetic energy in each shell of whole radius m = 0, 1, ...; the sum is the energy.

    ``velocity`` holds coefficients, one set a component. Shells beyond the highest kept wave of an
    axis are incomplete: the corners of the box of kept waves. Wave numbers are counted in the
    box's longest period.
    """
    unit = 2 * math.pi / max(grid.lengths)
    shells = jnp.rint(jnp.sqrt(grid.squared(velocity.real.dtype)) / unit).astype(jnp.int32)
    corner = math.hypot(
        *(
            2 * math.pi * top / length
            for top, length in zip(grid.highest, grid.lengths, strict=True)
        )
    )
    squares = 0.5 * jnp.sum(velocity.real**2 + velocity.imag**2, axis=0)
    squares = squares * grid.weights(squares.dtype)
    return jnp.zeros(round(corner / unit) + 1, squares.dtype).at[shells].add(squares)
