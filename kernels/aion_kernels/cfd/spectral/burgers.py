"""Burgers' equation: what steepens, and what smooths.

∂u/∂t + u ∂u/∂x = ν ∂²u/∂x²
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta, Multiplier
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["Burgers"]

Waves = Complex[Array, " waves"]


class Burgers(Stepper):
    """∂u/∂t + u ∂u/∂x = ν ∂²u/∂x² on a period; make one with :meth:`create`.

    State      coefficients of u, complex, shape ``grid.shape``.
    Units      the user's own: u in length/time, ν in length²/time.
    Expect     slopes steepen into fronts of thickness about ν/|u|, which merge; the mean is kept,
               energy falls.
    Fails      where a front is thinner than two or three points: oscillations around it.
    Good start ν = 0.05, u = sin x on 2π, 128 points, step 0.01.
    Reference  exact by the transformation of Cole 1951, doi 10.1090/qam/42889.
    """

    grid: FourierGrid = eqx.field(static=True)
    time_step: Float[Array, ""]
    integrator: ExponentialRungeKutta

    @classmethod
    def create(
        cls, grid: FourierGrid, viscosity: Float[Array, ""], time_step: Float[Array, ""]
    ) -> Burgers:
        """Of the precision of ``viscosity``, on a grid of one axis."""
        (k,) = grid.wave_numbers(viscosity.dtype)
        return cls(grid, time_step, ExponentialRungeKutta.create(-viscosity * k * k, time_step))

    def initial(self, key: PRNGKeyArray | None = None) -> Waves:
        """One wave, u = sin(2π x / L); with a key, random long waves."""
        dtype = self.time_step.dtype
        if key is not None:
            return self.grid.random(key, dtype)
        phase = 2 * jnp.pi / self.grid.lengths[0] * jnp.asarray(self.grid.coordinates()[0], dtype)
        return self.grid.to_spectral(jnp.sin(phase))

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
            Observable("mean", "1", lambda wave, state: state[0].real),
            Observable("energy", "1", lambda wave, state: 0.5 * wave.grid.mean_square(state)),
        )
