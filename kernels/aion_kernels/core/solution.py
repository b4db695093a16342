"""What every solve returns: the answer, how it ended, and what it cost."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Int

__all__ = ["Solution"]


class Solution(NamedTuple):
    """The result of a solve; a pytree, so it passes through jit, vmap and grad."""

    value: Any
    """The answer, whatever its type; meaningless unless ``outcome`` is ``Outcome.ok``."""
    outcome: Int[Array | np.ndarray, "..."]
    """An :class:`~aion_kernels.core.outcome.Outcome` code, one per member of a batch."""
    stats: dict[str, Any]
    """Iteration counts, residuals and the like, as arrays."""
