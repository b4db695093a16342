"""What may happen between two chunks of an evolution, on the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import NamedTuple

import numpy as np
from jaxtyping import PyTree

from aion_kernels.core.outcome import Outcome

__all__ = ["Hook", "Moment"]


class Moment(NamedTuple):
    """Where an evolution stands. The state's buffers are reused by the next chunk: copy to keep."""

    step: int
    state: PyTree
    observables: dict[str, np.ndarray]
    """What the chunk saved, along axis 0."""


class Hook(ABC):
    """Abstract base of what ``evolve`` calls; entered before its first chunk, left at its end."""

    def __enter__(self) -> Hook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    @abstractmethod
    def between_chunks(self, moment: Moment) -> Outcome | None:
        """Called after each chunk; an outcome other than ``ok`` stops the evolution with it."""

    def at_end(self, moment: Moment) -> None:
        """Called once with the last good state, whatever the outcome."""
        return None
