"""One discretised physics: it makes a first state and advances it.

A stepper is a frozen pytree. What may be batched or differentiated (viscosities, charges, lid
speeds) is a traced leaf; what fixes shapes (cell counts, boundary kinds) is static.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from aion_kernels.core.outcome import finite_outcome

__all__ = ["Observable", "Stepper"]


@dataclass(frozen=True)
class Observable:
    """A number (or small array) read off a state while a stepper runs."""

    name: str
    unit: str
    measure: Callable[[Any, PyTree], Array]
    """``measure(stepper, state)``, traceable."""


class Stepper(eqx.Module):
    """Abstract base of every time-dependent physics."""

    @abstractmethod
    def initial(self, key: PRNGKeyArray | None = None) -> PyTree:
        """The state at the start; ``key`` seeds it where it is random."""

    @abstractmethod
    def step(self, state: PyTree) -> PyTree:
        """The state one time step later, of the same structure, shapes and dtypes."""

    @property
    def observables(self) -> tuple[Observable, ...]:
        """What can be measured on a state; none unless a physics says so."""
        return ()

    def outcome(self, state: PyTree) -> Int[Array, ""]:
        """How a state is: ``ok``, or why it must not be stepped further.

        A physics with buffers of fixed size adds ``capacity_exceeded`` to this check.
        """
        return finite_outcome(state)
