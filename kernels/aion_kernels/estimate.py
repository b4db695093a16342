"""A value that carries its error, split by where the error comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A number with three independent error bars, all in the unit of the value.

    ``discretisation`` is the bound from a refinement ladder, ``sampling`` one standard error of a
    mean over noise, ``solver`` the effect of stopping an iteration early.
    """

    value: float
    discretisation: float = 0.0
    sampling: float = 0.0
    solver: float = 0.0

    def __post_init__(self) -> None:
        for name in ("discretisation", "sampling", "solver"):
            error = getattr(self, name)
            if error < 0:
                raise ValueError(f"{name} error is {error}; an error bar is zero or positive")

    @property
    def error(self) -> float:
        """The combined error: bounds add, and sampling joins them in quadrature."""
        return math.hypot(self.discretisation + self.solver, self.sampling)
