"""Linear stability of any steady state, without ever forming a matrix.

A small disturbance q of a steady state obeys M ∂q/∂t = J q, with J the derivative of the rate of
change (:func:`jax.jvp` gives its products) and M the identity, save that pressure has no rate of
its own. Modes q exp(λ t) are found by Arnoldi's method, which needs the wanted eigenvalues to be
the largest ones. Two transforms make them so:

    shift and invert   B = (σ M − J)⁻¹ M,  θ = 1/(σ − λ): the λ nearest a chosen real σ. The solves
                       are GMRES with the steady solver's preconditioner, so that every vector is
                       free of divergence.
    time stepper       B = derivative of n steps,  θ = exp(λ n Δt): the λ of largest real part, for
                       any :class:`~aion_kernels.core.stepper.Stepper`, to the order of its scheme
                       (Tuckerman & Barkley 2000, doi 10.1007/978-1-4612-1208-9_20).

The basis is restarted by keeping the best part of it, in the manner of Krylov–Schur (Stewart 2001,
doi 10.1137/S0895479800371529): V_k Q for an orthonormal basis Q of the wanted eigenvectors of the
small matrix satisfies the same recurrence with a full matrix in place of the Hessenberg one.

With the left vector y of a simple λ (yᴴ J = λ yᴴ M) the derivative is dλ = yᴴ dJ x / (yᴴ M x); dJ
includes the change of the steady state, where that was found by an implicit solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Complex, Float, PyTree

from aion_kernels.cfd.equations import Boussinesq, FlowState
from aion_kernels.cfd.steady import linear_response, packing
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.core.stepper import Stepper

__all__ = ["Arnoldi", "Ritz", "flow_mode", "flow_spectrum", "stepper_spectrum"]


class Ritz(NamedTuple):
    """Eigenvalues of largest magnitude, their vectors as rows, and what they leave over."""

    values: Complex[Array, " wanted"]
    vectors: Complex[Array, "wanted n"]
    residuals: Float[Array, " wanted"]
    """‖B x − θ x‖ for unit vectors x."""
    cycles: Float[Array, ""]


@dataclass(frozen=True)
class Arnoldi:
    """Restarted Arnoldi iteration: how many eigenvalues, how large a basis, how accurate."""

    wanted: int = 1
    basis_size: int = 24
    cycles: int = 40
    tolerance: float | None = None
    """Residual relative to the largest |θ|: 1e-9 in double precision, 1e-4 in single."""

    def __post_init__(self) -> None:
        if not 0 < self.wanted <= self.basis_size // 2:
            raise ValueError(
                f"{self.wanted} eigenvalues are wanted of a basis of {self.basis_size}; "
                "at most half of it is possible"
            )

    def limit(self, dtype: Any) -> float:
        """The tolerance, or the default of a floating-point type."""
        if self.tolerance is not None:
            return self.tolerance
        return 1e-9 if jnp.finfo(dtype).bits == 64 else 1e-4

    def solve(
        self,
        operator: Callable[[Float[Array, " n"]], Float[Array, " n"]],
        start: Float[Array, " n"],
    ) -> Ritz:
        """The eigenvalues of largest magnitude of a real linear ``operator``."""
        size, kept = self.basis_size, (self.basis_size + self.wanted) // 2
        tolerance = self.limit(start.dtype)
        kind = jax.lax.complex(start, start).dtype

        def extend(index: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            basis, matrix = carry
            vector = jax.lax.dynamic_index_in_dim(basis, index, keepdims=False)
            parts = jax.vmap(operator)(jnp.stack([vector.real, vector.imag]))
            new = jax.lax.complex(parts[0], parts[1])
            # Rows beyond `index` are zero. Orthogonalised twice, or large |θ| would spoil the rest.
            shadow = basis.conj() @ new
            new = new - shadow @ basis
            again = basis.conj() @ new
            new = new - again @ basis
            length = jnp.linalg.norm(new)
            unit = new / jnp.where(length > 0, length, 1).astype(kind)
            column = (shadow + again).at[index + 1].add(length.astype(kind))
            return (
                jax.lax.dynamic_update_index_in_dim(basis, unit, index + 1, 0),
                jax.lax.dynamic_update_index_in_dim(matrix, column, index, 1),
            )

        def ritz(matrix: Array) -> tuple[Array, Array, Array]:
            """Eigenpairs of the small matrix, largest first, and their residuals."""
            values, vectors = jnp.linalg.eig(matrix[:size])
            order = jnp.argsort(-jnp.abs(values))
            values, vectors = values[order], vectors[:, order]
            return values, vectors, jnp.abs(matrix[size, size - 1]) * jnp.abs(vectors[size - 1])

        def cycle(carry: tuple) -> tuple:
            basis, matrix, first, _, count = carry
            basis, matrix = jax.lax.fori_loop(first, size, extend, (basis, matrix))
            values, vectors, residuals = ritz(matrix)
            found = Ritz(
                values[: self.wanted],
                vectors[:, : self.wanted].T @ basis[:size],
                residuals[: self.wanted],
                (count + 1).astype(start.dtype),
            )
            best, _ = jnp.linalg.qr(vectors[:, :kept])
            lesser = jnp.zeros_like(matrix)
            lesser = lesser.at[:kept, :kept].set(best.conj().T @ matrix[:size] @ best)
            lesser = lesser.at[kept, :kept].set(matrix[size, size - 1] * best[size - 1])
            shorter = jnp.zeros_like(basis).at[:kept].set(best.T @ basis[:size])
            shorter = shorter.at[kept].set(basis[size])
            return shorter, lesser, jnp.int32(kept), found, count + 1

        def unfinished(carry: tuple) -> Array:
            _, _, _, found, count = carry
            needs = jnp.any(found.residuals > tolerance * jnp.abs(found.values[0]))
            return (count == 0) | (needs & (count < self.cycles))

        basis = jnp.zeros((size + 1, start.size), kind)
        basis = basis.at[0].set((start / jnp.linalg.norm(start)).astype(kind))
        nothing = Ritz(
            jnp.zeros(self.wanted, kind),
            jnp.zeros((self.wanted, start.size), kind),
            jnp.zeros(self.wanted, start.dtype),
            jnp.zeros((), start.dtype),
        )
        carry = (basis, jnp.zeros((size + 1, size), kind), jnp.int32(0), nothing, jnp.int32(0))
        return jax.lax.while_loop(unfinished, cycle, carry)[3]

    def outcome(self, found: Ritz) -> Array:
        """Whether the residuals of what was found are within the tolerance."""
        limit = self.limit(found.residuals.dtype) * jnp.max(jnp.abs(found.values))
        code = jnp.where(
            jnp.max(found.residuals) <= limit, int(Outcome.ok), int(Outcome.not_converged)
        )
        finite = jnp.all(jnp.isfinite(found.residuals)) & jnp.all(jnp.isfinite(found.vectors))
        return jnp.where(finite, code, int(Outcome.non_finite)).astype(jnp.int32)


def flow_spectrum(
    flow: Boussinesq,
    state: FlowState,
    shift: Float[Array, ""],
    time_scale: Float[Array, ""],
    *,
    arnoldi: Arnoldi | None = None,
) -> Solution:
    """The eigenvalues nearest ``shift`` of the flow's rate of change about a steady ``state``.

    Parameters
    ----------
    shift
        σ, a real rate. Choose it a little above the growth that you expect: at an eigenvalue the
        solves do not converge.
    time_scale
        The time scale of the flow, as for :func:`~aion_kernels.cfd.steady.steady_state`.

    Returns
    -------
    Solution
        ``value`` has ``eigenvalues``, nearest first, and ``modes``, a complex
        :class:`~aion_kernels.cfd.equations.FlowState` with a leading axis; ``stats`` has
        ``residual`` (of the inverse, per eigenvalue) and ``cycles``. No derivatives:
        :func:`flow_mode` has them.
    """
    arnoldi = arnoldi or Arnoldi()
    inverse, full, _ = _inverse(*jax.lax.stop_gradient((flow, state, shift, time_scale)))
    found = arnoldi.solve(inverse, _random_start(flow, time_scale))
    modes = jax.vmap(partial(_complex_linear, full))(found.vectors)
    value = {"eigenvalues": shift.astype(found.values.dtype) - 1 / found.values, "modes": modes}
    stats = {"residual": found.residuals, "cycles": found.cycles}
    return Solution(value, arnoldi.outcome(found), stats)


def flow_mode(
    flow: Boussinesq,
    state: FlowState,
    shift: Float[Array, ""],
    time_scale: Float[Array, ""],
    *,
    arnoldi: Arnoldi | None = None,
) -> Solution:
    """The mode nearest ``shift`` with its eigenvalue, which can be differentiated.

    ``value`` has ``eigenvalue`` λ, ``mode`` and ``adjoint`` (the right and the left vector, complex
    states); ``stats`` has ``residual``, ``cycles`` and ``condition``, how many times round-off is
    amplified: ‖y‖ ‖x‖ / |yᴴ M x|. λ has to be simple: a mode that can be shifted along a period, or
    turned into its mirror image, is one of two with the same λ, and has no adjoint of its own.
    """
    arnoldi = arnoldi or Arnoldi()
    held = jax.lax.stop_gradient((flow, state, shift, time_scale))
    inverse, full, dual = _inverse(*held)
    start = _random_start(flow, time_scale)
    found = arnoldi.solve(inverse, start)
    transposed = jax.linear_transpose(inverse, start)
    mirrored = arnoldi.solve(lambda vector: transposed(vector)[0], start)
    right = _complex_linear(full, found.vectors[0])
    # Eigenvalues of a real transpose come in any order of a conjugate pair: take the one meant.
    same = jnp.abs(mirrored.values[0] - found.values[0]) <= jnp.abs(
        mirrored.values[0].conj() - found.values[0]
    )
    vector = mirrored.vectors[0]
    left = _complex_linear(dual, jnp.where(same, vector, vector.conj()))
    left, right = jax.lax.stop_gradient((left, right))
    # The transpose (no conjugate) of a real problem: yᵀ J = λ yᵀ M.
    _, slope = jax.linearize(flow.rate, state)
    change = jax.tree.map(jax.lax.complex, *(slope(_part(right, p)) for p in ("real", "imag")))
    weight = _pair(_with_mass(left), right)
    eigenvalue = _pair(left, change) / weight
    length = jnp.sqrt(jnp.abs(_pair(_conjugate(left), left) * _pair(_conjugate(right), right)))
    value = {"eigenvalue": eigenvalue, "mode": right, "adjoint": left}
    stats = {
        "residual": found.residuals[0],
        "cycles": found.cycles + mirrored.cycles,
        "condition": length / jnp.abs(weight),
    }
    outcome = jnp.maximum(arnoldi.outcome(found), arnoldi.outcome(mirrored))
    return Solution(value, outcome, stats)


def stepper_spectrum(
    stepper: Stepper,
    state: PyTree,
    steps: int,
    *,
    time_step: Float[Array, ""],
    arnoldi: Arnoldi | None = None,
) -> Solution:
    """The eigenvalues of largest real part about a ``state`` that the stepper leaves as it is.

    ``steps`` steps should last about the time that a mode takes to decay; |Im λ| is unique below
    π / (steps · time_step). ``value`` has ``eigenvalues`` and ``modes``, as :func:`flow_spectrum`.
    """
    arnoldi = arnoldi or Arnoldi()
    vector, unravel = ravel_pytree(state)

    def advance(vector: Array) -> Array:
        final = jax.lax.fori_loop(0, steps, lambda _, x: stepper.step(x), unravel(vector))
        return ravel_pytree(final)[0]

    _, push = jax.linearize(advance, vector)
    start = jax.random.normal(jax.random.key(0), vector.shape, vector.dtype)
    found = arnoldi.solve(push, start)
    modes = jax.vmap(partial(_complex_linear, unravel))(found.vectors)
    eigenvalues = jnp.log(found.values) / (steps * time_step).astype(found.values.dtype)
    stats = {"residual": found.residuals, "cycles": found.cycles}
    return Solution({"eigenvalues": eigenvalues, "modes": modes}, arnoldi.outcome(found), stats)


def _inverse(flow: Boussinesq, state: FlowState, shift: Array, time_scale: Array):
    """B on vectors without pressure, their whole states, and the states of left vectors."""
    pack, unpack = packing(flow, time_scale)

    def full(vector: Float[Array, " n"]) -> FlowState:
        return linear_response(flow, state, unpack(vector), time_scale, growth=shift)

    def inverse(vector: Float[Array, " n"]) -> Float[Array, " n"]:
        return pack(full(vector))

    def projected(rhs: FlowState) -> Float[Array, " n"]:
        return pack(linear_response(flow, state, rhs, time_scale, growth=shift))

    def dual(vector: Float[Array, " n"]) -> FlowState:
        return jax.linear_transpose(projected, state)(vector)[0]

    return inverse, full, dual


def _random_start(flow: Boussinesq, time_scale: Float[Array, ""]) -> Float[Array, " n"]:
    """A vector with a part along every mode, whatever its symmetry."""
    pack, _ = packing(flow, time_scale)
    size = jax.eval_shape(pack, flow.rest()).shape
    return jax.random.normal(jax.random.key(0), size, time_scale.dtype)


def _complex_linear(function: Callable, vector: Complex[Array, " n"]) -> PyTree:
    """A real linear function of a complex vector."""
    parts = jax.vmap(function)(jnp.stack([vector.real, vector.imag]))
    return jax.tree.map(lambda leaf: jax.lax.complex(leaf[0], leaf[1]), parts)


def _part(state: FlowState, name: str) -> FlowState:
    return jax.tree.map(lambda leaf: getattr(leaf, name), state)


def _conjugate(state: FlowState) -> FlowState:
    return jax.tree.map(jnp.conj, state)


def _with_mass(state: FlowState) -> FlowState:
    """M applied to a state."""
    return state._replace(pressure=jnp.zeros_like(state.pressure))


def _pair(left: FlowState, right: FlowState) -> Array:
    """Σ over all entries of left times right, without a conjugate."""
    products = jax.tree.map(lambda a, b: jnp.sum(a * b), left, right)
    return jnp.sum(jnp.stack(jax.tree.leaves(products)))
