"""How a computation ended, as a value that lives inside a compiled program.

A compiled program cannot raise. So each solve carries an integer code, one per member of a batch,
and the text of the code is the remedy. At the edge of the program the caller reads the code and
raises, warns or records.
"""

from __future__ import annotations

from enum import IntEnum

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PyTree

__all__ = ["Outcome", "finite_outcome", "worst"]


class Outcome(IntEnum):
    """Codes ordered by severity: the worst of several is the largest."""

    ok = 0
    unresolved = 1
    not_converged = 2
    capacity_exceeded = 3
    non_finite = 4
    interrupted = 5

    @property
    def remedy(self) -> str:
        """What happened and what to do about it."""
        return _REMEDIES[self]


_REMEDIES = {
    Outcome.ok: "the computation finished",
    Outcome.unresolved: (
        "the refinement ladder does not converge at the stated order, so the error is unknown: "
        "raise the resolution"
    ),
    Outcome.not_converged: (
        "the solver stopped at its iteration limit: start closer to the solution, allow more "
        "iterations or loosen the tolerance"
    ),
    Outcome.capacity_exceeded: "a fixed-size buffer overflowed: raise its capacity and repeat",
    Outcome.non_finite: (
        "a value became infinite or not-a-number: shorten the time step, raise the resolution or "
        "move the parameters away from the singular point"
    ),
    Outcome.interrupted: "a signal stopped the computation: resume it from its last checkpoint",
}


def finite_outcome(tree: PyTree) -> Int[Array, ""]:
    """``non_finite`` where any inexact leaf of ``tree`` holds an infinity or a NaN, else ``ok``."""
    leaves = [x for x in jax.tree.leaves(tree) if jnp.issubdtype(jnp.result_type(x), jnp.inexact)]
    finite: Bool[Array, ""] = jnp.asarray(True)
    for leaf in leaves:
        finite = finite & jnp.all(jnp.isfinite(leaf))
    return jnp.where(finite, int(Outcome.ok), int(Outcome.non_finite)).astype(jnp.int32)


def worst(*codes: Int[Array, "..."] | int) -> Int[Array, "..."]:
    """The most severe of several codes, element by element."""
    result = jnp.asarray(codes[0], dtype=jnp.int32)
    for code in codes[1:]:
        result = jnp.maximum(result, jnp.asarray(code, dtype=jnp.int32))
    return result
