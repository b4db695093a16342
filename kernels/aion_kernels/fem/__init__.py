"""Finite elements: weak forms in UFL compiled by XLA, solvers, and physics."""

import os
from importlib import import_module

from aion_kernels.invalid import InvalidInputError

_LAUNCHERS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
"""What an MPI launcher sets in each process that it starts."""


def _load_dolfinx() -> None:
    """Import DOLFINx so that signals and the network stay with the program that imports it.

    PETSc, which comes with it, would end the process at SIGTERM, and at the first socket that
    somebody closes. MPICH would listen on every address of the machine for ranks that no launcher
    has started. Both read the environment, which is left as it was.
    """
    before = {name: os.environ.get(name) for name in ("PETSC_OPTIONS", "UCX_TLS")}
    os.environ["PETSC_OPTIONS"] = f"{before['PETSC_OPTIONS'] or ''} -no_signal_handler".strip()
    if not any(name in os.environ for name in _LAUNCHERS):
        os.environ.setdefault("UCX_TLS", "self,sm")
    try:
        import_module("mpi4py.MPI")  # first: DOLFINx finds its MPI library through it
        import_module("dolfinx")
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


try:
    _load_dolfinx()
except (ImportError, RuntimeError) as error:
    raise InvalidInputError(
        f'finite elements need DOLFINx: pip install "aion-sci[fem]" ({error})'
    ) from error
