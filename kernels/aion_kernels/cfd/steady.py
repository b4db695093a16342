"""Steady flows, found by Newton's method, differentiated by the implicit function theorem.

A steady state has zero rate R(x) = 0 (see :mod:`aion_kernels.cfd.equations`). From rest, Newton's
method alone fails at any interesting Reynolds or Rayleigh number. Pseudo-transient continuation
(Kelley & Keyes 1998, doi 10.1137/S0036142996304796) solves a sequence of implicit Euler steps,

    (M/τ − R'(x)) δ = R(x),   x ← x + δ,

whose length τ grows as the residual falls: a transient far from the solution, Newton's method near
it. M is the identity on velocity and temperature and zero on pressure.

Each linear system is solved by GMRES, preconditioned by one step of the fractional-step method
(Tuckerman 1989; Cahouet & Chabat 1988, doi 10.1002/fld.1650080802): with a = 1/τ + 1/τ_s,

    (a − κ∇²) δT = r_T,   (a − ν∇²) δu* = r_u + b δT,
    ∇²φ = ∇·δu* + r_p,   δu = δu* − ∇φ,   δp = a φ − ν (∇·δu* + r_p),

all direct solves. The preconditioned velocity is free of divergence to round-off, so a Krylov
vector holds momentum and energy only, and pressure follows from the last line.

Derivatives come from one linear solve at the solution, R'(x) dx = −∂R/∂θ dθ, whatever the number of
Newton steps that led there; the transposed solve gives gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float

from aion_kernels.cfd.equations import Boussinesq, FlowState
from aion_kernels.cfd.krylov import any_member, gmres
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution

__all__ = ["SteadySolver", "linear_response", "packing", "precondition", "steady_state"]


@dataclass(frozen=True)
class SteadySolver:
    """How hard to try. The defaults serve boxes up to Rayleigh 1e7 and Reynolds 3000."""

    tolerance: float | None = None
    """Largest residual, relative to that of the start; 1e-10 in float64, 3e-5 in float32."""
    first_step: float = 0.7
    """First τ in units of the time scale of the flow; larger ones leave the transient behind too
    early and Newton's method wanders."""
    splitting_step: float = 1.0
    """τ_s in the same unit."""
    growth: float = 4.0
    """Largest ratio of one τ to the one before."""
    newton_limit: int = 60
    krylov_size: int = 30
    transient_forcing: float = 0.1
    """Relative residual of a linear solve while τ is short."""
    final_forcing: float = 0.03
    """The same once τ is long."""

    def relative(self, dtype: Any) -> float:
        """The tolerance, or the default of a floating-point type."""
        if self.tolerance is not None:
            return self.tolerance
        return 1e-10 if jnp.finfo(dtype).bits == 64 else 3e-5


def steady_state(
    flow: Boussinesq,
    start: FlowState,
    time_scale: Float[Array, ""],
    *,
    solver: SteadySolver | None = None,
) -> Solution:
    """The steady state that a transient from ``start`` leads to.

    Parameters
    ----------
    flow
        The equations. The result can be differentiated with respect to all of its leaves.
    start
        A state whose velocity is free of divergence; rest will do.
    time_scale
        Turnover or free-fall time: length over the velocity to expect, to within a factor of two.

    Returns
    -------
    Solution
        ``value`` is the steady state; ``outcome`` is ``ok``, ``not_converged`` or ``non_finite``;
        ``stats`` has ``newton_iterations``, ``krylov_iterations`` and ``residual`` (relative).
    """
    solver = solver or SteadySolver()
    state, residual, newton, krylov = _steady(solver, flow, start, time_scale)
    limit = solver.relative(flow.viscosity.dtype)
    outcome = jnp.where(
        jnp.isfinite(residual),
        jnp.where(residual <= limit, int(Outcome.ok), int(Outcome.not_converged)),
        int(Outcome.non_finite),
    ).astype(jnp.int32)
    stats = {
        "newton_iterations": newton.astype(jnp.int32),
        "krylov_iterations": krylov.astype(jnp.int32),
        "residual": residual,
    }
    return Solution(state, outcome, stats)


def precondition(flow: Boussinesq, rate: FlowState, shift: Float[Array, ""]) -> FlowState:
    """An approximate solution δ of (shift − R') δ = ``rate``; exact for its divergence."""
    momentum, temperature = rate.velocity, rate.temperature
    if flow.heat is not None and temperature is not None:
        temperature = flow.heat.diffuse(flow.grid, temperature, shift, flow.heat.diffusivity)
        lift = flow.heat.lift(flow.grid, temperature)
        momentum = tuple(r + b for r, b in zip(momentum, lift, strict=True))
    velocity = flow.diffuse_velocity(momentum, shift, flow.viscosity)
    excess = flow.divergence_at_rest(velocity) + rate.pressure
    velocity, potential = flow.project(velocity, excess)
    return FlowState(velocity, shift * potential - flow.viscosity * excess, temperature)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _steady(solver: SteadySolver, flow: Boussinesq, start: FlowState, time_scale: Array):
    """State, relative residual, Newton and Krylov iterations (as floats, which have tangents)."""
    leaves, structure = jax.tree.flatten((flow, start, time_scale))

    def march(members: str | None, *leaves: Array):
        flow, start, time_scale = jax.tree.unflatten(structure, leaves)
        return _continuation(solver, flow, start, time_scale, members)

    alone = custom_vmap(partial(march, None))

    @alone.def_vmap
    def in_lockstep(axis_size: int, in_batched: list[bool], *leaves: Array):
        together = jax.vmap(
            partial(march, "members"),
            in_axes=tuple(0 if batched else None for batched in in_batched),
            axis_size=axis_size,
            axis_name="members",
        )
        result = together(*leaves)
        return result, jax.tree.map(lambda _: True, result)

    return alone(*leaves)


@_steady.defjvp
def _steady_jvp(solver: SteadySolver, primals, tangents):
    flow, start, time_scale = primals
    result = _steady(solver, flow, start, time_scale)
    state = result[0]
    _, change = jax.jvp(lambda flow: flow.rate(state), (flow,), (tangents[0],))
    tangent = linear_response(flow, state, change, solver.splitting_step * time_scale)
    return result, (tangent, *jax.tree.map(jnp.zeros_like, result[1:]))


def _continuation(
    solver: SteadySolver,
    flow: Boussinesq,
    start: FlowState,
    time_scale: Float[Array, ""],
    members: str | None,
):
    """Pseudo-transient continuation, alone or as a member of the batch axis ``members``."""
    pack, unpack = packing(flow, time_scale)
    limit = solver.relative(flow.viscosity.dtype)
    splitting = 1.0 / (solver.splitting_step * time_scale)

    # A linear solve only has to take a decimal place or two off the residual, which single
    # precision does in half the time; the residual itself and the update keep full precision.
    rough_flow = _single(flow)
    rough_pack, rough_unpack = packing(rough_flow, _single(time_scale))

    def newton_step(state: FlowState, rate: FlowState, norm, inverse_step, active):
        shift = splitting + inverse_step
        rough_shift, rough_inverse_step = _single((shift, inverse_step))
        _, slope = jax.linearize(rough_flow.rate, _single(state))

        def operator(vector: Float[Array, " n"]) -> Float[Array, " n"]:
            change = precondition(rough_flow, rough_unpack(vector), rough_shift)
            return rough_inverse_step * rough_pack(change) - rough_pack(slope(change))

        forcing = jnp.where(
            inverse_step * time_scale > 1e-2, solver.transient_forcing, solver.final_forcing
        )
        solved = gmres(
            operator,
            _single(pack(rate) / norm),
            tolerance=_single(jnp.where(active, forcing, jnp.inf)),
            basis_size=solver.krylov_size,
            members=members,
        )
        # The Krylov vector has no divergence; what round-off left of it goes with this step.
        vector = norm * solved.solution.astype(norm.dtype)
        change = precondition(flow, unpack(vector)._replace(pressure=rate.pressure), shift)
        return jax.tree.map(jnp.add, state, change), solved.iterations

    def unfinished(carry) -> Bool[Array, ""]:
        _, _, norm, _, count, _, _ = carry
        return (count < solver.newton_limit) & any_member(norm > limit * scale, members)

    def advance(carry):
        state, rate, norm, inverse_step, count, newton, krylov = carry
        active = norm > limit * scale
        new, products = newton_step(state, rate, norm, inverse_step, active)
        state = jax.tree.map(partial(jnp.where, active), new, state)
        rate = flow.rate(state)
        before, norm = norm, jnp.linalg.norm(pack(rate))
        ratio = jnp.clip(norm / jnp.maximum(before, tiny), 1.0 / solver.growth, 2.0)
        return (
            state,
            rate,
            norm,
            inverse_step * ratio,
            count + 1,
            newton + jnp.where(active, 1, 0).astype(newton.dtype),
            krylov + jnp.where(active, products, 0).astype(krylov.dtype),
        )

    rate = flow.rate(start)
    scale = jnp.linalg.norm(pack(rate))
    tiny = jnp.finfo(scale.dtype).tiny
    zero = jnp.zeros((), scale.dtype)
    carry = (start, rate, scale, 1.0 / (solver.first_step * time_scale), jnp.int32(0), zero, zero)
    state, _, norm, _, _, newton, krylov = jax.lax.while_loop(unfinished, advance, carry)
    residual = jnp.where(scale > 0, norm / jnp.maximum(scale, tiny), norm)
    return state, residual, newton, krylov


def _single(tree: Any) -> Any:
    """Every leaf in single precision."""
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)


def linear_response(
    flow: Boussinesq,
    state: FlowState,
    change: FlowState,
    splitting_step: Float[Array, ""],
    *,
    growth: Float[Array, ""] | float = 0.0,
) -> FlowState:
    """The solution of (``growth`` M − R'(state)) δ = ``change``, transposable."""
    pack, unpack = packing(flow, splitting_step)
    shift = 1.0 / splitting_step + growth
    _, tangent = jax.linearize(flow.rate, state)

    def slope(change: FlowState) -> FlowState:
        grown = jax.tree.map(lambda x: growth * x, change)
        grown = grown._replace(pressure=jnp.zeros_like(change.pressure))
        return jax.tree.map(jnp.subtract, tangent(change), grown)

    def operator(vector: Float[Array, " n"]) -> Float[Array, " n"]:
        return -pack(slope(precondition(flow, unpack(vector), shift)))

    def solve(operator, rhs: Float[Array, " n"]) -> Float[Array, " n"]:
        accuracy = 100 * jnp.finfo(rhs.dtype).eps
        return gmres(
            operator, rhs, tolerance=accuracy * jnp.linalg.norm(rhs), basis_size=80, cycles=20
        ).solution

    # The first term takes the divergence of `change` away; what is left is momentum and energy.
    first = precondition(flow, change, shift)
    left = pack(jax.tree.map(jnp.add, change, slope(first)))
    vector = jax.lax.custom_linear_solve(operator, left, solve, transpose_solve=solve)
    return jax.tree.map(jnp.add, first, precondition(flow, unpack(vector), shift))


def packing(flow: Boussinesq, time_scale: Float[Array, ""]):
    """Momentum and energy as one vector whose norm is the root mean square over the volume.

    Rates are made comparable by the time scale, the box and a unit of temperature; pressure, whose
    equation holds exactly, is left out.
    """
    grid, dtype = flow.grid, flow.viscosity.dtype
    length = max(axis.length for axis in grid.axes)
    momentum = [
        jnp.asarray(np.sqrt(grid.volumes(axis)) / length, dtype) * time_scale**2
        for axis in range(grid.dimension)
    ]
    energy = jnp.asarray(np.sqrt(grid.volumes()), dtype) * time_scale

    def pack(rate: FlowState) -> Float[Array, " n"]:
        # Fused with the loops that make the rate, flattening costs them a division per element.
        rate = jax.lax.optimization_barrier(rate)
        fields = [w * r for w, r in zip(momentum, rate.velocity, strict=True)]
        if rate.temperature is not None:
            fields.append(energy * rate.temperature)
        return jnp.concatenate([field.ravel() for field in fields])

    def unpack(vector: Float[Array, " n"]) -> FlowState:
        fields, begin = [], 0
        for weight in (*momentum, energy)[: grid.dimension + (flow.heat is not None)]:
            fields.append(vector[begin : begin + weight.size].reshape(weight.shape) / weight)
            begin += weight.size
        temperature = None if flow.heat is None else fields.pop()
        return FlowState(tuple(fields), jnp.zeros(grid.shape, dtype), temperature)

    return pack, unpack
