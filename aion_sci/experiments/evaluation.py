"""An experiment's function outside the runner: one member, a batch, its derivatives.

No request is validated here, no ladder climbed and nothing stored. That is for tests, and for
whoever wants the pure function; results come from runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from aion_sci.experiments.contract import Experiment
from aion_sci.experiments.declaration import Measured, Value

__all__ = ["Evaluation", "evaluation", "whole_batch"]


def whole_batch(measured: Measured, members: int) -> Measured:
    """What a batched function returned, as NumPy arrays that all have a leading member axis.

    An outcome that is ``ok`` beside an observable that is not finite becomes ``non_finite``.
    """
    from aion_kernels.core.outcome import Outcome

    def spread(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        arrays = {name: np.asarray(value) for name, value in values.items()}
        return {n: np.broadcast_to(a, (members,)) if a.ndim == 0 else a for n, a in arrays.items()}

    observables = spread(measured.observables)
    finite = np.ones(members, bool)
    for array in observables.values():
        finite &= np.isfinite(array)
    outcome = np.broadcast_to(np.asarray(measured.outcome, np.int32), (members,))
    return Measured(
        observables,
        {name: np.asarray(array) for name, array in measured.fields.items()},
        np.where(finite, outcome, np.maximum(outcome, np.int32(Outcome.non_finite))),
        spread(measured.solver),
        spread(measured.sampling),
    )


class Evaluation(NamedTuple):
    """An experiment's function with all that is not traced filled in, and what JAX makes of it."""

    member: Callable[[Any], Measured]
    """One member, as the function is written."""
    alone: Callable[[Any], Measured]
    """One member, compiled."""
    batch: Callable[[Any], Measured]
    """Members stacked along axis 0 of each number."""
    shapes: Callable[[Any], Any]
    """The member's results, of which only names, shapes and types are looked at."""
    slopes: Callable[[Any], Mapping[str, Mapping[str, Any]]]
    """Derivatives by observable and parameter; a batched experiment is not traced and has none."""


@functools.lru_cache(maxsize=8)  # so that the points of a test share a compiled program
def evaluation(experiment: Experiment, static: tuple[tuple[str, Value], ...]) -> Evaluation:
    """The ways to evaluate ``experiment`` at these texts, choices and settings."""
    import jax

    def member(numbers: Any) -> Measured:
        return experiment(**numbers, **dict(static))

    slopes = jax.jacrev(lambda numbers: member(numbers).observables, allow_int=True)
    if not experiment.batched:
        shapes = functools.partial(jax.eval_shape, member)
        return Evaluation(
            member, jax.jit(member), jax.jit(jax.vmap(member)), shapes, jax.jit(slopes)
        )

    def batch(numbers: Any) -> Measured:
        members = len(next(iter(numbers.values()))) if numbers else 1
        return whole_batch(member(numbers), members)

    def alone(numbers: Any) -> Measured:
        several = batch({name: np.asarray(number)[None] for name, number in numbers.items()})
        return jax.tree.map(lambda leaf: leaf[0], several)

    return Evaluation(alone, alone, batch, alone, slopes)
