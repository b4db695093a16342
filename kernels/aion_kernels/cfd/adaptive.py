"""A flow whose time step follows its speed.

Explicit convection is stable up to a Courant number, so the longest safe step falls as the flow
speeds up. Each step is as long as that number allows, and never longer than the flow's own:

    Δt = C / max(max Σ|u|/Δx, C/Δt_max)

State      :class:`AdaptiveState`: the flow and the time that it has reached.
Expect     second order still: the scheme takes one step and carries no history from step to step.
Fails      like :class:`~aion_kernels.cfd.incompressible.IncompressibleFlow`; members of a batch
           reach different times after equally many steps.
Good start Courant number 0.8.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from aion_kernels.cfd.equations import FlowState
from aion_kernels.cfd.incompressible import IncompressibleFlow
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["AdaptiveFlow", "AdaptiveState"]


class AdaptiveState(NamedTuple):
    """A flow and the time at which it is."""

    flow: FlowState
    time: Float[Array, ""]


class AdaptiveFlow(Stepper):
    """``flow`` with steps of Courant number ``courant``, at most ``flow.time_step``."""

    flow: IncompressibleFlow
    courant: Float[Array, ""]

    def initial(self, key: PRNGKeyArray | None = None) -> AdaptiveState:
        """The start of the flow, at time zero."""
        return AdaptiveState(self.flow.initial(key), jnp.zeros_like(self.courant))

    def step(self, state: AdaptiveState) -> AdaptiveState:
        # The larger rate instead of the shorter step: at rest there is no division by zero.
        slowest = self.courant / self.flow.time_step
        time_step = self.courant / jnp.maximum(self.flow.courant_rate(state.flow), slowest)
        following = self.flow.with_time_step(time_step).step(state.flow)
        return AdaptiveState(following, state.time + time_step)

    @property
    def observables(self) -> tuple[Observable, ...]:
        """The time reached, and kinetic energy: the integral of u²/2 over the box."""
        return (
            Observable("time", "s", lambda _, state: state.time),
            Observable(
                "kinetic_energy",
                "m^5/s^2",
                lambda stepper, state: stepper.flow.kinetic_energy(state.flow),
            ),
        )
