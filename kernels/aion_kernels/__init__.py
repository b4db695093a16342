"""Batched, differentiable physics kernels compiled by XLA.

This package knows nothing of the workbench: it imports jax, numpy, equinox and their kin, never
``aion_sci``. Importing it imports no jax; importing one of its domains does.
"""

__version__ = "0.1.0"
