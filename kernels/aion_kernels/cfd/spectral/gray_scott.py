"""The Gray–Scott reaction: spots and stripes from two substances that diffuse unequally.

∂a/∂t = D_a ∇²a − a b² + F (1 − a)
∂b/∂t = D_b ∇²b + a b² − (F + K) b
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from aion_kernels.cfd.spectral.exponential import ExponentialRungeKutta
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.core.stepper import Observable, Stepper

__all__ = ["GrayScott"]

Waves = Complex[Array, "2 ..."]


class GrayScott(Stepper):
    """Two substances a (fed) and b (removed) on a period box; make one with :meth:`create`.

    State      coefficients of (a, b), complex, shape ``(2, *grid.shape)``.
    Units      diffusivities length²/time, feed and kill rates 1/time, a in its value in the feed.
    Expect     everywhere (1, 0) is a stable rest; a large enough blot of b grows into spots that
               divide, stripes, or dies out, as F and K have it.
    Fails      where spots (about 5 √(D_b/F)) hold fewer than about ten points. a b² is cubic, so
               the 2/3 rule leaves some aliasing, which falls exponentially with the resolution.
    Good start D_a = 2e-5, D_b = 1e-5, F = 0.04, K = 0.06, L = 2.5, 128² points, step 1.
    Reference  Pearson 1993, doi 10.1126/science.261.5118.189.
    """

    grid: FourierGrid = eqx.field(static=True)
    feed: Float[Array, ""]
    integrator: ExponentialRungeKutta

    @classmethod
    def create(
        cls,
        grid: FourierGrid,
        diffusivities: Float[Array, "2"],
        feed: Float[Array, ""],
        kill: Float[Array, ""],
        time_step: Float[Array, ""],
    ) -> GrayScott:
        """Of the precision of ``feed``, on a grid of one to three axes."""
        squared = grid.squared(feed.dtype)
        linear = jnp.stack(
            [-diffusivities[0] * squared - feed, -diffusivities[1] * squared - feed - kill]
        )
        return cls(grid, feed, ExponentialRungeKutta.create(linear, time_step))

    def initial(self, key: PRNGKeyArray | None = None) -> Waves:
        """A blot of b in the middle of a; with a key, shaped by random long waves."""
        dtype = self.feed.dtype
        places = zip(self.grid.mesh(), self.grid.lengths, strict=True)
        distance = sum((x / length - 0.5) ** 2 for x, length in places)
        blot = jnp.exp(jnp.asarray(-100 * distance, dtype))
        if key is not None:
            blot = blot * (
                1 + 0.1 * self.grid.to_physical(self.grid.random(key, dtype, shortest=2))
            )
        return self.grid.to_spectral(jnp.stack([1 - 0.5 * blot, 0.25 * blot]))

    def step(self, state: Waves) -> Waves:
        """One time step of fourth order."""
        return self.integrator.step(self.tendency, state)

    def tendency(self, state: Waves) -> Waves:
        """The reaction and the feed of a."""
        a, b = self.grid.to_physical(state)
        reaction = a * b * b
        return self.grid.to_spectral(jnp.stack([self.feed - reaction, reaction]))

    @property
    def observables(self) -> tuple[Observable, ...]:
        """Mean amounts of both."""
        origin = (0,) * len(self.grid.points)
        return (
            Observable("mean_a", "1", lambda mix, state: state[(0, *origin)].real),
            Observable("mean_b", "1", lambda mix, state: state[(1, *origin)].real),
        )
