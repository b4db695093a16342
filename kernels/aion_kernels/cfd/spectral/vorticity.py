"""Two-dimensional incompressible flow in a periodic box, by its vorticity.

    ∂ω/∂t + u·∇ω = ν ∇²ω − α ω + g,   u = (∂ψ/∂y, −∂ψ/∂x),   ω = ∂v/∂x − ∂u/∂y = −∇²ψ

One scalar is all there is to know, pressure is gone, and mass is conserved exactly. Advection is
taken in the form of Basdevant (1983, doi 10.1016/0021-9991(83)90064-5),

    −u·∇ω = ∂x∂y (u² − v²) − (∂x² − ∂y²)(u v),

which needs four Fourier transforms where the plain form needs five; transforms are most of the
time.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["VorticityFlow"]

Vorticity = Complex[Array, "waves_x waves_y"]


class VorticityFlow(Stepper):
    """Two-dimensional Navier–Stokes, ∂ω/∂t + u·∇ω = ν ∇²ω − α ω + g; make one with :meth:`create`.

    State      coefficients of the vorticity, complex, shape ``grid.shape``.
    Units      the user's own: viscosity length²/time, drag 1/time, forcing 1/time².
    Expect     without drag and forcing energy falls at 2ν times the enstrophy; energy gathers in
               the largest vortices, enstrophy goes to the thinnest filaments.
    Fails      where the step exceeds about 2.8 / (k_max |u|), and where filaments are thinner than
               the shortest wave: :meth:`outer_share` then exceeds about 1e-3.
    Good start viscosity 1e-3, speed 1, box 2π, 256² points, step 0.01.
    Reference  Canuto et al. 2007, Spectral Methods, doi 10.1007/978-3-540-30728-0.
    """

    grid: FourierGrid = eqx.field(static=True)
    viscosity: Float[Array, ""]
    drag: Float[Array, ""]
    time_step: Float[Array, ""]
    forcing: Float[Array, "2 waves_x waves_y"] | None
    """Real and imaginary parts of the coefficients of g."""
    integrator: ExponentialRungeKutta

    @classmethod
    def create(
        cls,
        grid: FourierGrid,
        viscosity: Float[Array, ""],
        time_step: Float[Array, ""],
        *,
        drag: Float[Array, ""] | None = None,
        forcing: Float[Array, "x y"] | None = None,
        order: int = 4,
    ) -> VorticityFlow:
        """A flow of the precision of ``viscosity``.

        ``forcing`` is the curl of the force at the points, ``drag`` Rayleigh's friction. The time
        step is a traced value too, so that it may follow from the other parameters.
        """
        if len(grid.points) != 2:
            raise ValueError(f"the grid has {len(grid.points)} axes; vorticity is a scalar on two")
        dtype = viscosity.dtype
        drag = jnp.zeros((), dtype) if drag is None else drag
        linear = -viscosity * grid.squared(dtype) - drag
        waves = None if forcing is None else grid.to_spectral(forcing)
        return cls(
            grid,
            viscosity,
            drag,
            time_step,
            None if waves is None else jnp.stack([waves.real, waves.imag]),
            ExponentialRungeKutta.create(linear, time_step, order=order),
        )

    def initial(self, key: PRNGKeyArray | None = None) -> Vorticity:
        """Random large vortices (|m| ≤ 4) of unit mean kinetic energy; the same for no key."""
        key = jax.random.key(0) if key is None else key
        vorticity = self.grid.random(key, self.viscosity.dtype)
        energy = self.energy(vorticity)
        return vorticity / jnp.sqrt(energy).astype(vorticity.dtype)

    def step(self, state: Vorticity) -> Vorticity:
        """One time step of fourth (or second) order."""
        return self.integrator.step(self.tendency, state)

    def tendency(self, state: Vorticity) -> Vorticity:
        """Advection and forcing: all of dω/dt that is not linear."""
        dtype = self.viscosity.dtype
        kx, ky = self.grid.wave_numbers(dtype)
        with jax.named_scope("advection"):
            u, v = self.grid.to_physical(self.velocity_waves(state))
            waves = self.grid.to_spectral(jnp.stack([v * v - u * u, u * v]))
            normal, shear = kx * ky, kx * kx - ky * ky
            result = jax.lax.complex(
                normal * waves[0].real + shear * waves[1].real,
                normal * waves[0].imag + shear * waves[1].imag,
            )
        if self.forcing is None:
            return result
        return result + jax.lax.complex(self.forcing[0], self.forcing[1])

    def velocity_waves(self, state: Vorticity) -> Complex[Array, "2 waves_x waves_y"]:
        """Coefficients of u and v; the mean flow is zero."""
        dtype = self.viscosity.dtype
        kx, ky = self.grid.wave_numbers(dtype)
        inverse = self.grid.inverse_squared(dtype)
        return jnp.stack([_times_i(state, ky * inverse), _times_i(state, -kx * inverse)])

    def velocity(self, state: Vorticity) -> Float[Array, "2 x y"]:
        """u and v at the points."""
        return self.grid.to_physical(self.velocity_waves(state))

    def energy(self, state: Vorticity) -> Float[Array, ""]:
        """⟨|u|²⟩/2, the mean kinetic energy per unit of mass."""
        return 0.5 * jnp.sum(self.grid.mean_square(self.velocity_waves(state)))

    def enstrophy(self, state: Vorticity) -> Float[Array, ""]:
        """⟨ω²⟩/2."""
        return 0.5 * self.grid.mean_square(state)

    def dissipation(self, state: Vorticity) -> Float[Array, ""]:
        """ν ⟨ω²⟩: what viscosity takes from the energy."""
        return 2 * self.viscosity * self.enstrophy(state)

    def drag_loss(self, state: Vorticity) -> Float[Array, ""]:
        """α ⟨|u|²⟩: what drag takes from the energy."""
        return 2 * self.drag * self.energy(state)

    def input(self, state: Vorticity) -> Float[Array, ""]:
        """⟨u·f⟩ = ⟨ψ g⟩: what the forcing gives to the energy."""
        dtype = self.viscosity.dtype
        if self.forcing is None:
            return jnp.zeros((), dtype)
        work = self.forcing[0] * state.real + self.forcing[1] * state.imag
        return jnp.sum(self.grid.weights(dtype) * self.grid.inverse_squared(dtype) * work)

    def outer_share(self, state: Vorticity) -> Float[Array, ""]:
        """The share of ⟨ω²⟩ in the outer fifth of the kept waves: small in a resolved flow."""
        kx, ky = (jnp.abs(k) / jnp.max(jnp.abs(k)) for k in self._wave_numbers())
        outer = jnp.where(jnp.maximum(kx, ky) > 0.8, state, 0)
        whole = self.grid.mean_square(state)
        return self.grid.mean_square(outer) / jnp.where(whole > 0, whole, 1)

    def courant(self, state: Vorticity) -> Float[Array, ""]:
        """Step × largest (k_max |u| + k_max |v|): stable below about 2.8."""
        speeds = jnp.abs(self.velocity(state))
        tops = [jnp.max(k) for k in self._wave_numbers()]
        return self.time_step * jnp.max(tops[0] * speeds[0] + tops[1] * speeds[1])

    def _wave_numbers(self) -> tuple[Any, ...]:
        return self.grid.wave_numbers(self.viscosity.dtype)

    @property
    def observables(self) -> tuple[Observable, ...]:
        """Energy, enstrophy and the terms of the energy's budget."""
        return (
            Observable("energy", "1", lambda flow, state: flow.energy(state)),
            Observable("enstrophy", "1", lambda flow, state: flow.enstrophy(state)),
            Observable("dissipation", "1", lambda flow, state: flow.dissipation(state)),
            Observable("input", "1", lambda flow, state: flow.input(state)),
        )


def _times_i(state: Vorticity, factor: Float[Array, "..."]) -> Vorticity:
    """i × factor × state."""
    return jax.lax.complex(-factor * state.imag, factor * state.real)
