"""The Kuramoto–Sivashinsky equation: the simplest chaos of a flame front.

∂u/∂t + u ∂u/∂x + ∂²u/∂x² + ∂⁴u/∂x⁴ = 0
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta, Multiplier
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["KuramotoSivashinsky"]

Waves = Complex[Array, " waves"]


class KuramotoSivashinsky(Stepper):
    """∂u/∂t + u ∂u/∂x + ∂²u/∂x² + ν ∂⁴u/∂x⁴ = 0 on a period; make one with :meth:`create`.

    State      coefficients of u, complex, shape ``grid.shape``.
    Units      lengths and times in those of the instability.
    Expect     waves with k² < 1/ν grow, at most by 1/4ν, and feed shorter ones; beyond a period of
               about 17 (ν = 1) cells of width 2π√2 that split and merge without end. Two
               trajectories part by about e^(0.09 t) at L = 60: compare statistics, not fields.
    Fails      with fewer than about two points a unit of length.
    Good start ν = 1, L = 32π, 256 points, step 0.1.
    Reference  Kassam & Trefethen 2005, doi 10.1137/S1064827502410633.
    """

    grid: FourierGrid = eqx.field(static=True)
    time_step: Float[Array, ""]
    integrator: ExponentialRungeKutta

    @classmethod
    def create(
        cls, grid: FourierGrid, hyperviscosity: Float[Array, ""], time_step: Float[Array, ""]
    ) -> KuramotoSivashinsky:
        """Of the precision of ``hyperviscosity`` ν, on a grid of one axis."""
        (k,) = grid.wave_numbers(hyperviscosity.dtype)
        linear = k**2 - hyperviscosity * k**4
        return cls(grid, time_step, ExponentialRungeKutta.create(linear, time_step))

    def initial(self, key: PRNGKeyArray | None = None) -> Waves:
        """cos(2πx/L) (1 + sin(2πx/L)); with a key, random long waves."""
        dtype = self.time_step.dtype
        if key is not None:
            return self.grid.random(key, dtype)
        phase = 2 * jnp.pi / self.grid.lengths[0] * jnp.asarray(self.grid.coordinates()[0], dtype)
        return self.grid.to_spectral(jnp.cos(phase) * (1 + jnp.sin(phase)))

    def step(self, state: Waves) -> Waves:
        """One time step of fourth order."""
        return self.integrator.step(self.tendency, state)

    def tendency(self, state: Waves) -> Waves:
        """−∂(u²/2)/∂x."""
        (k,) = self.grid.wave_numbers(self.time_step.dtype)
        field = self.grid.to_physical(state)
        return Multiplier(jnp.zeros_like(k), -0.5 * k)(self.grid.to_spectral(field * field))

    @property
    def observables(self) -> tuple[Observable, ...]:
        """⟨u⟩, which is kept, and ⟨u²⟩/2."""
        return (
            Observable("mean", "1", lambda front, state: state[0].real),
            Observable("energy", "1", lambda front, state: 0.5 * front.grid.mean_square(state)),
        )
