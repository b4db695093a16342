"""The one error of a kernel that is its caller's to mend.

A kernel raises it before it computes: an unknown basis set, a box smaller than the cutoff, a file
that is no mechanism. What goes wrong while computing is an outcome of the member that it happens
to (:mod:`aion_kernels.core.outcome`), so that it never spoils a batch.
"""

from __future__ import annotations

__all__ = ["InvalidInputError"]


class InvalidInputError(ValueError):
    """An input that no computation can start from.

    The message says what, which value, which bound, and what to do.
    """
