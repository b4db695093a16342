"""Fluxes of mass, momentum and energy that a shock cannot spoil and smooth flow sees at order five.

Finite volumes that reconstruct axis by axis are second order in more than one dimension. Finite
differences are not: with values at points, the numerical flux

    F̂ = F(w⁻, w⁺) − h²/24 ∂²F + 7h⁴/5760 ∂⁴F

has a difference that is the derivative of the flux to sixth order, axis by axis in any number of
dimensions, and F may be any Riemann solver (Jiang, Shu & Zhang 2013, doi 10.1137/120889885). Here
it is HLLC between states that :mod:`.weno` interpolates in characteristic variables; the two terms
come from central differences. Differences of F̂ telescope, so the sums of mass, momentum and energy
are conserved to round-off.

Near a vacuum no high-order flux is safe. Each is mixed with a Lax–Friedrichs flux, just so far that
both neighbours keep positive density and pressure for the step about to be taken (Hu, Adams & Shu
2013, doi 10.1016/j.jcp.2013.01.024); elsewhere the mixture is the high-order flux itself.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.compressible.gas import IdealGas, State
from aion_kernels.cfd.compressible.hllc import hllc_flux
from aion_kernels.cfd.compressible.weno import interpolate

__all__ = ["face_states", "positive_flux", "smooth_flux"]

_LEAST = 1e-10  # of the safe density or pressure is what a limited flux must leave in a cell


def face_states(gas: IdealGas, points: list[State], axis: int) -> tuple[State, State]:
    """Primitive states on both sides of the faces in the middle of six ``points``.

    The fields that are interpolated are those that travel undisturbed: two sound waves, entropy
    and the tangential velocities, with coefficients frozen at the mean of the two cells.
    """
    normal = 1 + axis
    near, far = points[2], points[3]
    square = gas.gamma * (near[-1] + far[-1]) / (near[0] + far[0])
    impedance = 0.5 * (near[0] + far[0]) * jnp.sqrt(square)

    def waves(state: State) -> State:
        rows = [*state]
        pressure, push = 0.5 * state[-1], 0.5 * impedance * state[normal]
        rows[0] = state[0] - state[-1] / square
        rows[normal] = pressure - push
        rows[-1] = pressure + push
        return tuple(rows)

    def state(waves: State) -> State:
        rows = [*waves]
        pressure = waves[-1] + waves[normal]
        rows[0] = waves[0] + pressure / square
        rows[normal] = (waves[-1] - waves[normal]) / impedance
        rows[-1] = pressure
        return tuple(rows)

    fields = _kept(list(zip(*map(waves, points), strict=True)))
    sides = _kept([interpolate(field) for field in fields])
    left, right = (state(side) for side in zip(*sides, strict=True))
    return _or_cell(left, near), _or_cell(right, far)


def smooth_flux(gas: IdealGas, extended: State, axis: int) -> State:
    """The fifth-order flux through all faces along ``axis`` of states with three ghost cells."""
    left, right = face_states(gas, _shifted(extended, axis), axis)
    a, b, c, d, e, f = _shifted(gas.flux(extended, axis), axis)
    flux = hllc_flux(gas, left, right, axis)
    corrections = (
        (57 * (a + f) - 411 * (b + e) + 354 * (c + d)) / 11520
        for a, b, c, d, e, f in zip(a, b, c, d, e, f, strict=True)
    )
    return _kept(tuple(map(jnp.add, flux, corrections)))


def positive_flux(
    gas: IdealGas, flux: State, extended: State, axis: int, ratio: Float[Array, ""]
) -> State:
    """``flux``, mixed with a safe one where a step would empty a cell.

    ``ratio`` is twice the number of axes times the time step over the cell width: each cell is the
    mean of as many parts, each of which has to stay positive on its own. The safe flux is so for
    steps up to a Courant number (|u| + c) ratio of one.
    """
    cells = _shifted(extended, axis)[2:4]
    conserved = [gas.conserved(cell) for cell in cells]
    fastest = jnp.maximum(*(jnp.abs(cell[1 + axis]) + gas.sound_speed(cell) for cell in cells))
    safe = tuple(
        0.5 * (a + b - fastest * (v - u))
        for a, b, u, v in zip(*(gas.flux(cell, axis) for cell in cells), *conserved, strict=True)
    )
    share = jnp.ones_like(fastest)
    for cell, sign in zip(conserved, (-ratio, ratio), strict=True):
        share = jnp.minimum(share, _allowed(gas, cell, sign, safe, flux))
    return _mixed(safe, flux, share)


def _allowed(
    gas: IdealGas, cell: State, ratio: Float[Array, ""], safe: State, flux: State
) -> Float[Array, "..."]:
    """How much of ``flux`` leaves the part of a cell next to a face positive."""

    def after(flux: State) -> State:
        return tuple(c + ratio * f for c, f in zip(cell, flux, strict=True))

    kept, found = after(safe), after(flux)
    share = _share(kept[0], found[0])
    # Pressure is a concave function of the state: what is positive at both ends is so between.
    found = _mixed(kept, found, share)
    return share * _share(gas.pressure(kept), gas.pressure(found))


def _share(safe: Float[Array, "..."], found: Float[Array, "..."]) -> Float[Array, "..."]:
    """How much of ``found`` may be mixed into ``safe`` to stay above zero."""
    low = found < _LEAST * safe
    gap = jnp.where(low, safe - found, 1.0)
    return jnp.where(low, (1 - _LEAST) * safe / gap, 1.0)


def _mixed(safe: State, found: State, share: Float[Array, "..."]) -> State:
    return tuple(s + share * (f - s) for s, f in zip(safe, found, strict=True))


def _or_cell(found: State, cell: State) -> State:
    """Through a near-vacuum the interpolant may be negative: then the cell itself is taken."""
    positive = (found[0] > 0) & (found[-1] > 0)
    return tuple(jnp.where(positive, f, c) for f, c in zip(found, cell, strict=True))


def _shifted(state: State, axis: int) -> list[State]:
    """The six states around each face along ``axis`` of a state with three ghost cells."""
    faces = state[0].shape[axis] - 5
    return [
        tuple(jax.lax.slice_in_dim(field, k, k + faces, axis=axis) for field in state)
        for k in range(6)
    ]


def _kept(tree: Any) -> Any:
    """Arrays that XLA computes once and keeps, where it would compute them anew for each use."""
    return jax.lax.optimization_barrier(tree)
