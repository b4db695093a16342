"""Three-dimensional incompressible flow in a periodic box, by its velocity.

    ∂u/∂t = −P ∇·(u u) + ν ∇²u + f,   P = 1 − k kᵀ / |k|²

The projection P takes out what is a gradient, so pressure never appears and divergence stays zero
to round-off. Advection is in divergence form. A multiple of the unit tensor is a gradient, so u₃²
is subtracted from the three squares: five products remain, eight transforms with the three of the
velocity. With aliasing removed this form conserves energy as exactly as the rotational one does.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["VelocityFlow", "project"]

Velocity = Complex[Array, "3 waves_x waves_y waves_z"]

_PAIRS = ((0, 0), (1, 1), (0, 1), (0, 2), (1, 2))
"""The products that are transformed; u₃² is subtracted from the first two."""
_STRESS = ((0, 2, 3), (2, 1, 4), (3, 4, None))
"""Where each entry of the tensor u u − u₃² 1 is found among them; the last one is zero."""


class VelocityFlow(Stepper):
    """Three-dimensional Navier–Stokes, ∂u/∂t = −P ∇·(u u) + ν ∇²u + f; see :meth:`create`.

    State      coefficients of the velocity, complex, shape ``(3, *grid.shape)``, no divergence.
    Units      the user's own: viscosity length²/time, forcing length/time².
    Expect     without forcing d(energy)/dt = −dissipation, to the order of the time step.
    Fails      where the step exceeds about 2.8 / (k_max |u|), and where the smallest eddies, of
               size η = (ν³/ε)^(1/4), are finer than the grid: k_max η should be at least 1.
    Good start viscosity 0.01, speed 1, box 2π, 48³ points, step 0.02.
    Reference  Canuto et al. 2007, Spectral Methods, doi 10.1007/978-3-540-30728-0.
    """

    grid: FourierGrid = eqx.field(static=True)
    viscosity: Float[Array, ""]
    time_step: Float[Array, ""]
    forcing: Float[Array, "2 3 waves_x waves_y waves_z"] | None
    """Real and imaginary parts of the coefficients of P f."""
    integrator: ExponentialRungeKutta

    @classmethod
    def create(
        cls,
        grid: FourierGrid,
        viscosity: Float[Array, ""],
        time_step: Float[Array, ""],
        *,
        forcing: Float[Array, "3 x y z"] | None = None,
        order: int = 4,
    ) -> VelocityFlow:
        """A flow of the precision of ``viscosity``; ``forcing`` is given at the points."""
        if len(grid.points) != 3:
            raise ValueError(f"the grid has {len(grid.points)} axes; three are needed")
        linear = (-viscosity * grid.squared(viscosity.dtype))[None]
        waves = None if forcing is None else project(grid, grid.to_spectral(forcing))
        return cls(
            grid,
            viscosity,
            time_step,
            None if waves is None else jnp.stack([waves.real, waves.imag]),
            ExponentialRungeKutta.create(linear, time_step, order=order),
        )

    def initial(self, key: PRNGKeyArray | None = None) -> Velocity:
        """Random large eddies (|m| ≤ 2) of unit mean kinetic energy; the same for no key."""
        keys = jax.random.split(jax.random.key(0) if key is None else key, 3)
        dtype = self.viscosity.dtype
        waves = jnp.stack([self.grid.random(k, dtype, shortest=2) for k in keys])
        velocity = project(self.grid, waves)
        return velocity / jnp.sqrt(self.energy(velocity)).astype(velocity.dtype)

    def step(self, state: Velocity) -> Velocity:
        """One time step of fourth (or second) order."""
        return self.integrator.step(self.tendency, state)

    def tendency(self, state: Velocity) -> Velocity:
        """Advection and forcing, without divergence: all of du/dt that is not linear."""
        with jax.named_scope("advection"):
            velocity = self.grid.to_physical(state)
            rest = velocity[2] * velocity[2]
            products = [velocity[i] * velocity[j] for i, j in _PAIRS]
            products = [p - rest if n < 2 else p for n, p in enumerate(products)]
            waves = self.grid.to_spectral(jnp.stack(products))
            flux = self._divergence(waves)
        with jax.named_scope("projection"):
            result = project(self.grid, flux)
        if self.forcing is None:
            return result
        return result + jax.lax.complex(self.forcing[0], self.forcing[1])

    def _divergence(self, stress: Complex[Array, "5 ..."]) -> Velocity:
        """−∇·T from the five entries of T."""
        waves = self.grid.wave_numbers(self.viscosity.dtype)
        rows = []
        for row in _STRESS:
            terms = [
                (k, stress[entry]) for k, entry in zip(waves, row, strict=True) if entry is not None
            ]
            real = sum(k * term.imag for k, term in terms)
            imag = sum(-k * term.real for k, term in terms)
            rows.append(jax.lax.complex(jnp.asarray(real), jnp.asarray(imag)))
        return jnp.stack(rows)

    def velocity(self, state: Velocity) -> Float[Array, "3 x y z"]:
        """The velocity at the points."""
        return self.grid.to_physical(state)

    def energy(self, state: Velocity) -> Float[Array, ""]:
        """⟨|u|²⟩/2, the mean kinetic energy per unit of mass."""
        return 0.5 * jnp.sum(self.grid.mean_square(state))

    def dissipation(self, state: Velocity) -> Float[Array, ""]:
        """ν ⟨|∇u|²⟩: what viscosity takes from the energy."""
        dtype = self.viscosity.dtype
        squares = jnp.sum(state.real**2 + state.imag**2, axis=0)
        weights = self.grid.weights(dtype) * self.grid.squared(dtype)
        return self.viscosity * jnp.sum(weights * squares)

    def courant(self, state: Velocity) -> Float[Array, ""]:
        """Step × largest Σ k_max |uⱼ|: stable below about 2.8."""
        speeds = jnp.abs(self.velocity(state))
        tops = [jnp.max(k) for k in self.grid.wave_numbers(self.viscosity.dtype)]
        return self.time_step * jnp.max(sum(k * s for k, s in zip(tops, speeds, strict=True)))

    def finest_eddy(self, state: Velocity) -> Float[Array, ""]:
        """k_max η: the Kolmogorov length in units of the shortest wave; resolved from about 1."""
        tops = [jnp.max(k) for k in self.grid.wave_numbers(self.viscosity.dtype)]
        shortest = jnp.min(jnp.stack(tops))
        return shortest * (self.viscosity**3 / self.dissipation(state)) ** 0.25

    @property
    def observables(self) -> tuple[Observable, ...]:
        """Energy and dissipation."""
        return (
            Observable("energy", "1", lambda flow, state: flow.energy(state)),
            Observable("dissipation", "1", lambda flow, state: flow.dissipation(state)),
        )


def project(grid: FourierGrid, field: Velocity) -> Velocity:
    """The part of a vector field without divergence."""
    dtype = field.real.dtype
    waves = grid.wave_numbers(dtype)
    inverse = grid.inverse_squared(dtype)
    real = inverse * sum(k * f.real for k, f in zip(waves, field, strict=True))
    imag = inverse * sum(k * f.imag for k, f in zip(waves, field, strict=True))
    return jnp.stack(
        [
            jax.lax.complex(f.real - k * real, f.imag - k * imag)
            for k, f in zip(waves, field, strict=True)
        ]
    )
