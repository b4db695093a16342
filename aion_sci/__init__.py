"""AION Sci: a workbench that answers scientific questions by simulation.

A question goes in; a frozen hypothesis, batched XLA simulations, a verdict computed by code and a
replayable claim come out. Importing this package imports no jax and sets no global flag.
"""

from aion_sci.api import ask, experiments, knowledge, run, setup

__version__ = "0.1.0"

__all__ = ["__version__", "ask", "experiments", "knowledge", "run", "setup"]
