"""Time steps: a kick, half a drift, the thermostat, half a drift.

    v ← v + Δt F(x)/m,   x ← x + Δt/2 v,   v ← thermostat(v),   x ← x + Δt/2 v

The velocity is that of the middle between two positions. Where the thermostat acts there, the
positions at which forces are computed follow Boltzmann's distribution exactly for a harmonic force,
whatever the step, and to fourth order otherwise; a thermostat that acts on velocities at the same
time as positions is wrong by ω²Δt²/4, a thousandth at common steps (Zhang et al. 2017, doi
10.1063/1.4991621; with friction it is the LangevinMiddleIntegrator of OpenMM). Without a thermostat
the scheme is leap-frog, and with it velocity Verlet: the same positions.

Two thermostats. :class:`Langevin` puts friction and noise on every atom: robust, and the dynamics
is that of a viscous medium. :class:`Rescaling` (Bussi, Donadio & Parrinello 2007, doi
10.1063/1.2408420) scales all velocities together by a random factor that makes the kinetic energy
canonical: diffusion and viscosity remain those of the undisturbed system.
"""

from __future__ import annotations

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

__all__ = ["Free", "Langevin", "Rescaling", "Thermostat", "kinetic_energy", "thermal_velocities"]


def kinetic_energy(
    velocities: Float[Array, "atoms 3"], masses: Float[Array, " atoms"]
) -> Float[Array, ""]:
    """Σ m v²/2."""
    return 0.5 * jnp.sum(masses[:, None] * velocities**2)


def thermal_velocities(
    key: PRNGKeyArray, masses: Float[Array, " atoms"], thermal_energy: Float[Array, ""]
) -> Float[Array, "atoms 3"]:
    """Maxwell's distribution at kT, with the momentum of the whole taken out."""
    noise = jax.random.normal(key, (len(masses), 3), masses.dtype)
    velocities = noise * jnp.sqrt(thermal_energy / masses)[:, None]
    momentum = jnp.sum(masses[:, None] * velocities, axis=0)
    return velocities - (momentum / jnp.sum(masses))[None]


class Thermostat(eqx.Module):
    """Abstract base; acts on the velocities in the middle of a drift."""

    @property
    @abstractmethod
    def each_step(self) -> bool:
        """Whether it acts at every step, or once for each neighbour list."""

    @abstractmethod
    def apply(
        self,
        key: PRNGKeyArray,
        velocities: Float[Array, "atoms 3"],
        masses: Float[Array, " atoms"],
        duration: Float[Array, ""],
    ) -> Float[Array, "atoms 3"]:
        """The velocities after ``duration`` in contact with the bath."""


class Free(Thermostat):
    """No thermostat: constant energy."""

    @property
    def each_step(self) -> bool:
        """It never acts."""
        return False

    def apply(
        self,
        key: PRNGKeyArray,
        velocities: Float[Array, "atoms 3"],
        masses: Float[Array, " atoms"],
        duration: Float[Array, ""],
    ) -> Float[Array, "atoms 3"]:
        """As they were."""
        return velocities


class Langevin(Thermostat):
    """Friction and noise on each atom."""

    thermal_energy: Float[Array, "*replicas"]
    """kT, in the unit of energy."""
    friction: Float[Array, "*replicas"]
    """One over the time in which a velocity is forgotten."""

    @property
    def each_step(self) -> bool:
        """It acts at every step."""
        return True

    def apply(
        self,
        key: PRNGKeyArray,
        velocities: Float[Array, "atoms 3"],
        masses: Float[Array, " atoms"],
        duration: Float[Array, ""],
    ) -> Float[Array, "atoms 3"]:
        """The exact solution of the Ornstein–Uhlenbeck process."""
        kept = jnp.exp(-self.friction * duration)
        noise = jax.random.normal(key, velocities.shape, velocities.dtype)
        width = jnp.sqrt((1 - kept**2) * self.thermal_energy / masses)
        return kept * velocities + width[:, None] * noise


class Rescaling(Thermostat):
    """One random factor for all velocities; the kinetic energy is canonical."""

    thermal_energy: Float[Array, "*replicas"]
    """kT, in the unit of energy."""
    relaxation: Float[Array, "*replicas"]
    """Time in which the kinetic energy forgets itself."""
    constraints: int = eqx.field(static=True, default=0)
    """Degrees of freedom that are held, besides the three of the whole."""

    @property
    def each_step(self) -> bool:
        """Once for each list is enough: it is exact for any duration."""
        return False

    def apply(
        self,
        key: PRNGKeyArray,
        velocities: Float[Array, "atoms 3"],
        masses: Float[Array, " atoms"],
        duration: Float[Array, ""],
    ) -> Float[Array, "atoms 3"]:
        """Bussi's exact propagation of the kinetic energy."""
        freedom = 3 * len(masses) - 3 - self.constraints
        kept = jnp.exp(-duration / self.relaxation)
        normal_key, gamma_key = jax.random.split(key)
        normal = jax.random.normal(normal_key, (), velocities.dtype)
        others = 2 * jax.random.gamma(gamma_key, 0.5 * (freedom - 1), (), velocities.dtype)
        now = kinetic_energy(velocities, masses)
        share = 0.5 * self.thermal_energy * (1 - kept) / now
        squared = kept + share * (normal**2 + others) + 2 * normal * jnp.sqrt(kept * share)
        return jnp.sqrt(squared) * velocities
