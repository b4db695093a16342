"""The Korteweg–de Vries equation: waves that steepen and disperse in balance.

∂u/∂t + 6 u ∂u/∂x + ∂³u/∂x³ = 0
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta, Multiplier
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["KortewegDeVries"]

Waves = Complex[Array, " waves"]


class KortewegDeVries(Stepper):
    """∂u/∂t + 6 u ∂u/∂x + δ ∂³u/∂x³ = 0 on a period; make one with :meth:`create`.

    State      coefficients of u, complex, shape ``grid.shape``.
    Units      the user's own.
    Expect     for δ = 1 solitons (c/2) sech²(√c (x − c t)/2), which pass through each other;
               ⟨u⟩ exactly and ⟨u²⟩ to the order of the step are kept.
    Fails      where a soliton (width about 4 √(δ/c)) holds fewer than about eight points.
    Good start δ = 1, c = 4, L = 20, 128 points, step 1e-3.
    Reference  Zabusky & Kruskal 1965, doi 10.1103/PhysRevLett.15.240; the soliton is exact.
    """

    grid: FourierGrid = eqx.field(static=True)
    time_step: Float[Array, ""]
    integrator: ExponentialRungeKutta

    @classmethod
    def create(
        cls,
        grid: FourierGrid,
        dispersion: Float[Array, ""],
        time_step: Float[Array, ""],
        *,
        order: int = 4,
    ) -> KortewegDeVries:
        """Of the precision of ``dispersion`` δ, on a grid of one axis."""
        (k,) = grid.wave_numbers(dispersion.dtype)
        linear = jax.lax.complex(jnp.zeros_like(k), dispersion * k**3)
        return cls(grid, time_step, ExponentialRungeKutta.create(linear, time_step, order=order))

    def soliton(self, speed: Float[Array, ""], place: float, dispersion: float = 1.0) -> Waves:
        """The soliton of a given speed centred at ``place``, from the nearest of its images."""
        (length,) = self.grid.lengths
        distance = self.grid.coordinates()[0] - place
        distance = jnp.asarray(distance - length * (distance / length).round(), speed.dtype)
        shape = 1 / jnp.cosh(0.5 * jnp.sqrt(speed / dispersion) * distance) ** 2
        return self.grid.to_spectral(0.5 * speed * shape)

    def initial(self, key: PRNGKeyArray | None = None) -> Waves:
        """A soliton of speed 4 in the middle; with a key, random long waves."""
        dtype = self.time_step.dtype
        if key is not None:
            return self.grid.random(key, dtype)
        return self.soliton(jnp.asarray(4.0, dtype), self.grid.lengths[0] / 2)

    def step(self, state: Waves) -> Waves:
        """One time step."""
        return self.integrator.step(self.tendency, state)

    def tendency(self, state: Waves) -> Waves:
        """−3 ∂(u²)/∂x."""
        (k,) = self.grid.wave_numbers(self.time_step.dtype)
        field = self.grid.to_physical(state)
        return Multiplier(jnp.zeros_like(k), -3 * k)(self.grid.to_spectral(field * field))

    @property
    def observables(self) -> tuple[Observable, ...]:
        """The two simplest of the infinitely many conserved quantities."""
        return (
            Observable("mean", "1", lambda wave, state: state[0].real),
            Observable("mean_square", "1", lambda wave, state: wave.grid.mean_square(state)),
        )
