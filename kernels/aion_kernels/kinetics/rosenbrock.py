"""Stiff initial value problems of many members side by side: a Rosenbrock method in lanes.

A Rosenbrock method solves y' = f(y) with linear systems only. With J = ∂f/∂y and W = 1/(hγ) − J,

    W uᵢ = f(y + Σⱼ aᵢⱼ uⱼ) + Σⱼ cᵢⱼ uⱼ / h,     y ← y + Σᵢ mᵢ uᵢ .

RODAS has six stages, order 4 with an embedded order 3, is L-stable and stiffly accurate (Hairer &
Wanner 1996, Solving Ordinary Differential Equations II, section IV.7, doi
10.1007/978-3-642-05221-7). One factorisation serves a step, and there is no iteration that could
wait for its slowest member.

Arrays carry members along their *last* axis, so that every scalar operation of a small system is
one vector instruction over members: the elimination of a 3×3 matrix is a dozen of them, where a
batch of small matrices would be a library call each. Every member has a step size and an end of its
own; one that has arrived waits without changing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution

__all__ = ["Node", "rodas_step", "solve_stiff"]

GAMMA = 0.25
A = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
)
C = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (
        8.083246795921522,
        -7.981132988064893,
        -31.52159432874371,
        16.31930543123136,
        -6.058818238834054,
    ),
)
_SAFETY = 0.9
_SLOWEST, _FASTEST = 0.2, 6.0
"""Bounds of the change of a step from one to the next."""
_UNROLLED = 8
"""Unknowns up to which the elimination is written out over lanes; above, LAPACK is faster."""

type Right = Callable[[Float[Array, "unknowns lanes"]], Float[Array, "unknowns lanes"]]


class Node(NamedTuple):
    """Where members stand: what a watcher sees at the start and after each accepted step."""

    time: Float[Array, " lanes"]
    state: Float[Array, "unknowns lanes"]
    slope: Float[Array, "unknowns lanes"]
    """f(y)."""
    jacobian: Float[Array, "unknowns unknowns lanes"]
    step: Float[Array, " lanes"]
    """Of the step that led here."""
    fresh: Bool[Array, " lanes"]
    """False where a member still stands on the node that was seen before."""


class _State(NamedTuple):
    time: Array
    step: Array
    last_step: Array
    state: Array
    fresh: Array
    done: Array
    broken: Array
    tried: Array
    rejected: Array
    watched: Any


def solve_stiff(
    right: Right,
    start: Float[Array, "unknowns lanes"],
    end: Float[Array, " lanes"],
    *,
    relative: Float[Array, ""] | float,
    absolute: Float[Array, "unknowns lanes"],
    jacobian: Callable[[Array], Float[Array, "unknowns unknowns lanes"]] | None = None,
    watch: Callable[[Any, Node], tuple[Any, Bool[Array, " lanes"]]] | None = None,
    watched: PyTree = (),
    max_steps: int = 100_000,
) -> Solution:
    """Integrate y' = f(y) from time 0 to ``end`` with local errors near relative |y| + absolute.

    Parameters
    ----------
    right
        f over lanes; a lane's result depends on that lane alone. Autonomous: time, where it
        matters, is an unknown.
    start, end
        First state, and last time > 0, of each lane.
    relative, absolute
        Tolerances of the root mean square over unknowns.
    jacobian
        ∂fᵢ/∂yⱼ over lanes; ``None`` derives it in forward mode.
    watch, watched
        ``watch(watched, node)`` is called at the start and after each step; it returns what it
        gathers, and where members may stop before their end. It must leave lanes alone that are
        not ``fresh``.
    max_steps
        Steps, accepted or not, after which a member is ``not_converged``; one whose slope is
        not finite is ``non_finite``.

    Returns
    -------
    Solution
        ``value`` is (state, time, watched); ``outcome`` one per lane; ``stats`` has ``steps``,
        those ``rejected`` among them, per lane. Not differentiable in reverse mode: replay
        the steps (:func:`rodas_step`) for that.
    """
    if jacobian is None:
        jacobian = _forward_jacobian(right)
    relative = jnp.asarray(relative, start.dtype)

    def norm(value: Array, around: Array) -> Array:
        return jnp.sqrt(jnp.mean((value / (relative * around + absolute)) ** 2, axis=0))

    def advance(s: _State) -> _State:
        slope, slopes = right(s.state), jacobian(s.state)
        watched, stop = s.watched, s.done
        if watch is not None:
            fresh = s.fresh & ~s.done
            node = Node(s.time, s.state, slope, slopes, s.last_step, fresh)
            watched, wants_stop = watch(s.watched, node)
            stop = stop | (wants_stop & fresh)
        broken = ~jnp.all(jnp.isfinite(slope), axis=0) | jnp.isnan(end)
        stop = stop | broken | (s.time >= end)
        first = s.step <= 0
        guess = 0.01 * norm(s.state, jnp.abs(s.state)) / (norm(slope, jnp.abs(s.state)) + 1e-300)
        step = jnp.where(first, jnp.minimum(guess, end), s.step)
        left = end - s.time
        # A last step is stretched by a hair rather than followed by a sliver.
        last = step >= left * (1 - 1e-12)
        step = jnp.where(last, left, step)
        step = jnp.where(stop, 1.0, step)
        new, change = rodas_step(right, s.state, step, slope, slopes)
        error = norm(change, jnp.maximum(jnp.abs(s.state), jnp.abs(new)))
        error = jnp.where(jnp.isfinite(error), error, 1e6)
        accepted = (error <= 1) & ~stop
        factor = jnp.clip(_SAFETY * jnp.maximum(error, 1e-10) ** -0.25, _SLOWEST, _FASTEST)
        factor = jnp.where(s.fresh | first, factor, jnp.minimum(factor, 1.0))
        tried = s.tried + jnp.where(stop, 0, 1)
        return _State(
            time=jnp.where(accepted, jnp.where(last, end, s.time + step), s.time),
            step=jnp.where(stop, s.step, step * factor),
            last_step=jnp.where(accepted, step, s.last_step),
            state=jnp.where(accepted[None], new, s.state),
            fresh=accepted,
            done=stop | (tried >= max_steps),
            broken=s.broken | (broken & ~s.done),
            tried=tried,
            rejected=s.rejected + jnp.where(accepted | stop, 0, 1),
            watched=watched,
        )

    lanes = end.shape
    zeros, counts = jnp.zeros(lanes, start.dtype), jnp.zeros(lanes, jnp.int32)
    fresh = jnp.ones(lanes, bool)
    state = _State(zeros, zeros, zeros, start, fresh, ~fresh, ~fresh, counts, counts, watched)
    state = lax.while_loop(lambda s: ~jnp.all(s.done), advance, state)
    stopped = (state.tried >= max_steps) & (state.time < end)
    outcome = jnp.where(stopped, int(Outcome.not_converged), int(Outcome.ok))
    outcome = jnp.where(state.broken, int(Outcome.non_finite), outcome).astype(jnp.int32)
    stats = {"steps": state.tried, "rejected": state.rejected}
    return Solution((state.state, state.time, state.watched), outcome, stats)


def rodas_step(
    right: Right,
    state: Float[Array, "unknowns lanes"],
    step: Float[Array, " lanes"],
    slope: Float[Array, "unknowns lanes"],
    slopes: Float[Array, "unknowns unknowns lanes"],
) -> tuple[Float[Array, "unknowns lanes"], Float[Array, "unknowns lanes"]]:
    """The state one step later, and the estimate of its error, given f and ∂f/∂y at its start."""
    solve = _factorised(slopes, 1 / (GAMMA * step))
    changes = [solve(slope)]
    inside = state
    for a, c in zip(A[1:], C[1:5], strict=True):
        inside = state + sum(x * u for x, u in zip(a, changes, strict=True))
        pull = sum(x * u for x, u in zip(c, changes, strict=True))
        changes.append(solve(right(inside) + pull / step[None]))
    inside = inside + changes[-1]
    pull = sum(x * u for x, u in zip(C[5], changes, strict=True))
    last = solve(right(inside) + pull / step[None])
    return inside + last, last


def _forward_jacobian(right: Right) -> Callable[[Array], Array]:
    """∂f/∂y by one derivative a column; lanes do not mix, so a column serves them all."""

    def jacobian(state: Array) -> Array:
        def column(index: Int[Array, ""]) -> Array:
            direction = jnp.zeros_like(state).at[index].set(1.0)
            return jax.jvp(right, (state,), (direction,))[1]

        columns = jax.vmap(column)(jnp.arange(state.shape[0]))
        return jnp.swapaxes(columns, 0, 1)

    return jacobian


def _factorised(slopes: Array, shift: Array) -> Callable[[Array], Array]:
    """Solve (shift − slopes) u = b for many b."""
    if slopes.shape[0] > _UNROLLED:
        identity = jnp.eye(slopes.shape[0], dtype=slopes.dtype)
        matrices = jnp.moveaxis(identity[..., None] * shift[None, None] - slopes, -1, 0)
        factors = jax.vmap(jax.scipy.linalg.lu_factor)(matrices)
        solve = jax.vmap(jax.scipy.linalg.lu_solve)
        return lambda b: solve(factors, b.T).T
    return _eliminated(slopes, shift)


def _eliminated(slopes: Array, shift: Array) -> Callable[[Array], Array]:
    """The same, written out over lanes: LU without pivoting.

    The shift dominates the diagonal as soon as a step resolves what grows; reactions that decay
    make the rest diagonally dominant by columns, because what one unknown loses others gain.
    """
    size = slopes.shape[0]
    rows = [[-slopes[i, j] for j in range(size)] for i in range(size)]
    for i in range(size):
        rows[i][i] = rows[i][i] + shift
    inverse = []
    for k in range(size):
        inverse.append(1 / rows[k][k])
        for i in range(k + 1, size):
            rows[i][k] = rows[i][k] * inverse[k]
            for j in range(k + 1, size):
                rows[i][j] = rows[i][j] - rows[i][k] * rows[k][j]

    def solve(b: Array) -> Array:
        x = [b[i] for i in range(size)]
        for i in range(size):
            for j in range(i):
                x[i] = x[i] - rows[i][j] * x[j]
        for i in reversed(range(size)):
            for j in range(i + 1, size):
                x[i] = x[i] - rows[i][j] * x[j]
            x[i] = x[i] * inverse[i]
        return jnp.stack(x)

    return solve
