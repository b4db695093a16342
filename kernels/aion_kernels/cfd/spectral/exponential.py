"""Exponential time differencing: the linear part exactly, the rest by Runge and Kutta.

    du/dt = L u + N(u),   u(t+h) = exp(hL) u(t) + ∫₀ʰ exp((h−s)L) N(u(t+s)) ds

In Fourier space L is diagonal, so its exponential is one number a wave and no stiffness is left;
the integral of N needs the functions φₖ₊₁(z) = (φₖ(z) − 1/k!)/z with φ₀ = exp and z = hL (Cox &
Matthews 2002, doi 10.1006/jcph.2002.6995). Near zero these quotients cancel catastrophically; there
each is the mean of itself over a circle around z that stays clear of zero (Cauchy's formula; Kassam
& Trefethen 2005, doi 10.1137/S1064827502410633).

L may be complex. For dispersive terms, such as a third derivative, the coefficients are complex
too: dropping their imaginary parts leaves what is linear exact and lowers the order of the rest to
one. They are kept as two real arrays, which multiply a complex state in fewer operations than a
complex number whose imaginary part is zero would, and as one where L is real.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

__all__ = ["ExponentialRungeKutta", "Multiplier", "phi_functions"]

_RADIUS = 2.0
"""Of the circle, used where |z| < 1: its points then stay at least 1 away from zero."""
_CIRCLE_POINTS = 24
"""The trapezoidal rule misses by radius^n / n!, here 3e-17."""

Coefficients = Complex[Array, "..."]


class Multiplier(eqx.Module):
    """A diagonal operator on coefficients, real or complex, in real arithmetic."""

    real: Float[Array, "..."]
    imag: Float[Array, "..."] | None = None

    @classmethod
    def of(cls, values: Inexact[Array, "..."]) -> Multiplier:
        """From its values, whose type decides whether it is complex."""
        if jnp.issubdtype(values.dtype, jnp.complexfloating):
            return cls(values.real, values.imag)
        return cls(values)

    def __call__(self, state: Coefficients) -> Coefficients:
        """The product with each coefficient."""
        if self.imag is None:
            return jax.lax.complex(state.real * self.real, state.imag * self.real)
        return jax.lax.complex(
            state.real * self.real - state.imag * self.imag,
            state.real * self.imag + state.imag * self.real,
        )


def phi_functions(z: Inexact[Array, "..."], count: int) -> tuple[Inexact[Array, "..."], ...]:
    """φ₁ to φ_count of real or complex z, each to about round-off, of z's type."""
    real = not jnp.issubdtype(z.dtype, jnp.complexfloating)
    near = jnp.abs(z) < 1
    far = _quotients(jnp.where(near, jnp.ones((), z.dtype), z), count)
    # Conjugate points of the circle give conjugate values where z is real: half of them do.
    points = _CIRCLE_POINTS // 2 if real else _CIRCLE_POINTS
    angles = 2 * np.pi * (np.arange(points) + 0.5) / _CIRCLE_POINTS
    centre = jnp.where(near, z, jnp.zeros((), z.dtype))
    complex_type = _complex(z.dtype) if real else z.dtype
    centre = centre.astype(complex_type)

    def add(sums: tuple[Array, ...], offset: Array) -> tuple[tuple[Array, ...], None]:
        values = _quotients(centre + offset, count)
        return tuple(s + (v.real if real else v) for s, v in zip(sums, values, strict=True)), None

    # A loop, since the same few lines written out two dozen times take seconds to compile.
    nothing = (jnp.zeros(z.shape, z.dtype),) * count
    sums, _ = jax.lax.scan(add, nothing, jnp.asarray(_RADIUS * np.exp(1j * angles), complex_type))
    scale = jnp.asarray(1 / points, z.dtype)
    return tuple(jnp.where(near, s * scale, f) for s, f in zip(sums, far, strict=True))


def _complex(dtype: Any) -> Any:
    return jnp.complex128 if dtype == jnp.float64 else jnp.complex64


def _quotients(z: Inexact[Array, "..."], count: int) -> list[Inexact[Array, "..."]]:
    """φ₁ to φ_count by their definition, for z away from zero."""
    found = []
    value = jnp.exp(z)
    for k in range(count):
        value = (value - jnp.asarray(1 / math.factorial(k), z.dtype)) / z
        found.append(value)
    return found


class ExponentialRungeKutta(eqx.Module):
    """One step of given length for du/dt = L u + N(u), second or fourth order.

    Expect     the stated order in the step for any diagonal L, and no limit on the step from L; the
               explicit limit from N, about 2.8 over the largest imaginary eigenvalue of its
               Jacobian in fourth order.
    Fails      by overflow where h L has a large positive real part.
    Reference  Cox & Matthews 2002, doi 10.1006/jcph.2002.6995: ETD2RK and ETD4RK.
    """

    order: int = eqx.field(static=True)
    coefficients: tuple[Multiplier, ...]

    @classmethod
    def create(
        cls, linear: Inexact[Array, "..."], time_step: Float[Array, ""], *, order: int = 4
    ) -> ExponentialRungeKutta:
        """From the diagonal of L, which broadcasts against the state, and the step."""
        if order not in (2, 4):
            raise ValueError(f"order is {order}; 2 and 4 exist")
        h = time_step.astype(linear.dtype)
        z = h * linear
        if order == 2:
            first, second = phi_functions(z, 2)
            values: Sequence[Array] = (jnp.exp(z), h * first, h * second)
        else:
            first, second, third = phi_functions(z, 3)
            values = (
                jnp.exp(z),
                jnp.exp(z / 2),
                h / 2 * phi_functions(z / 2, 1)[0],
                h * (first - 3 * second + 4 * third),
                h * (2 * second - 4 * third),
                h * (4 * third - second),
            )
        return cls(order, tuple(map(Multiplier.of, values)))

    def step(
        self, nonlinear: Callable[[Coefficients], Coefficients], state: Coefficients
    ) -> Coefficients:
        """The state one time step later."""
        if self.order == 2:
            decay, weight, correction = self.coefficients
            start = nonlinear(state)
            guess = decay(state) + weight(start)
            return guess + correction(nonlinear(guess) - start)
        decay, half_decay, half, weight_start, weight_middle, weight_end = self.coefficients
        start = nonlinear(state)
        halfway = half_decay(state)
        first = halfway + half(start)
        at_first = nonlinear(first)
        second = halfway + half(at_first)
        at_second = nonlinear(second)
        last = half_decay(first) + half(2 * at_second - start)
        at_last = nonlinear(last)
        middle = weight_middle(at_first + at_second)
        return decay(state) + weight_start(start) + middle + weight_end(at_last)
