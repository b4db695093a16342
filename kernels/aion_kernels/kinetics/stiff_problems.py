"""Two reaction systems that every stiff solver is measured with.

ROBER, three species and rates over nine decades (Robertson 1966):

    y₁' = −k₁ y₁ + k₂ y₂ y₃,   y₂' = k₁ y₁ − k₂ y₂ y₃ − k₃ y₂²,   y₃' = k₃ y₂²

HIRES, the high irradiance response of a plant: eight species (Schäfer 1975). Both with the digits
to compare against in Mazzia & Magherini 2008, Test Set for Initial Value Problem Solvers,
https://archimede.uniba.it/~testset. Time and amounts have no units there, and none here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from aion_kernels.core.ensemble import ensemble
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.kinetics.rosenbrock import solve_stiff

__all__ = [
    "HIRES",
    "ROBER",
    "StiffName",
    "right_side",
    "solve_stiff_problem",
    "solve_stiff_problems",
]

StiffName = Literal["rober", "hires"]

ROBER = np.array([0.04, 1e4, 3e7])
"""Robertson's rate constants k₁, k₂, k₃."""
HIRES = np.array([1.71, 0.43, 8.32, 8.75, 10.03, 0.035, 1.12, 1.745, 280.0, 0.69, 1.81])
"""The constants of HIRES in the order in which its equations name them first."""

_START = {
    "rober": np.array([1.0, 0.0, 0.0]),
    "hires": np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057]),
}
_CONSTANTS = {"rober": ROBER, "hires": HIRES}
_LANES = 128
"""Members that share a bundle: some vector registers of each number, within a core's cache."""
_SMALLEST = 1e-8
"""Absolute tolerance over relative one: y₂ of ROBER goes down to 1e-13 of the largest species."""


def right_side(name: StiffName, constants: Float[Array, "rates lanes"]) -> Callable:
    """f(y) over lanes, members along the last axis of ``constants`` and y."""
    return {"rober": _rober, "hires": _hires}[name](constants)


def solve_stiff_problem(
    name: StiffName,
    time: Float[Array, " lanes"],
    *,
    relative: float = 1e-8,
    constants: Float[Array, "rates lanes"] | None = None,
) -> Solution:
    """Amounts at ``time``, for as many members as it has; ``value`` is (species, lanes).

    ``constants`` are the problem's own unless given, a column a member.
    """
    lanes = time.shape[0]
    if constants is None:
        constants = jnp.broadcast_to(_CONSTANTS[name][:, None], (len(_CONSTANTS[name]), lanes))
    start = jnp.broadcast_to(jnp.asarray(_START[name])[:, None], (len(_START[name]), lanes))
    absolute = jnp.full_like(start, relative * _SMALLEST)
    solution = solve_stiff(
        right_side(name, constants), start, time, relative=relative, absolute=absolute
    )
    return solution._replace(value=solution.value[0])


def solve_stiff_problems(
    name: StiffName, time: Float[np.ndarray, " members"], *, relative: float = 1e-8
) -> Solution:
    """Amounts (members, species) of a whole batch, arrays of the host in and out, on all cores.

    Members are dealt out to bundles of lanes, a bundle to a core at a time. A bundle ends with its
    slowest member, so members of similar times share one.
    """
    times = np.asarray(time, np.float64)
    members = len(times)
    lanes = min(_LANES, members)
    order = np.argsort(times, kind="stable")
    padded = np.concatenate([order, np.full(-members % lanes, order[-1])])
    bundles = times[padded].reshape(-1, lanes)
    solution = ensemble(_bundle(name, relative), bundles, chunk=1)
    value = np.empty((members, solution.value.shape[1]))
    outcome = np.empty(members, np.int32)
    value[padded] = np.swapaxes(solution.value, 1, 2).reshape(-1, value.shape[1])
    outcome[padded] = solution.stats["outcomes"].reshape(-1)
    return Solution(value, outcome, {"seconds": solution.stats["run_seconds"]})


@functools.lru_cache(maxsize=16)
def _bundle(name: StiffName, relative: float) -> Callable[[Array], Solution]:
    def bundle(time: Float[Array, " lanes"]) -> Solution:
        solution = solve_stiff_problem(name, time, relative=relative)
        stats = {"outcomes": solution.outcome}
        return Solution(solution.value, jnp.int32(Outcome.ok), stats)

    return bundle


def _rober(k: Array) -> Callable[[Array], Array]:
    def right(y: Array) -> Array:
        decay, exchange, pairs = k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] ** 2
        return jnp.stack([exchange - decay, decay - exchange - pairs, pairs])

    return right


def _hires(k: Array) -> Callable[[Array], Array]:
    def right(y: Array) -> Array:
        together = k[8] * y[5] * y[7]
        return jnp.stack(
            [
                -k[0] * y[0] + k[1] * y[1] + k[2] * y[2] + 0.0007,
                k[0] * y[0] - k[3] * y[1],
                -k[4] * y[2] + k[1] * y[3] + k[5] * y[4],
                k[2] * y[1] + k[0] * y[2] - k[6] * y[3],
                -k[7] * y[4] + k[1] * y[5] + k[1] * y[6],
                -together + k[9] * y[3] + k[0] * y[4] - k[1] * y[5] + k[9] * y[6],
                together - k[10] * y[6],
                -together + k[10] * y[6],
            ]
        )

    return right
