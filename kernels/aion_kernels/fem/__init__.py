"""Finite elements: weak forms in UFL compiled by XLA, solvers, and physics."""

import os
from importlib import import_module

from aion_kernels.invalid import InvalidInputError


def _load_dolfinx() -> None:
    """Import DOLFINx so that the signals stay with the program that imports it.

    PETSc, which comes with it, would end the process at SIGTERM, and at the first socket that
    somebody closes. It reads its options from the environment, which is left as it was.
    """
    import_module("mpi4py.MPI")  # first: DOLFINx finds its MPI library through it
    options = os.environ.get("PETSC_OPTIONS")
    os.environ["PETSC_OPTIONS"] = f"{options or ''} -no_signal_handler".strip()
    try:
        import_module("dolfinx")
    finally:
        if options is None:
            del os.environ["PETSC_OPTIONS"]
        else:
            os.environ["PETSC_OPTIONS"] = options


try:
    _load_dolfinx()
except (ImportError, RuntimeError) as error:
    raise InvalidInputError(
        f'finite elements need DOLFINx: pip install "aion-sci[fem]" ({error})'
    ) from error
