"""Finite elements: weak forms in UFL compiled by XLA, solvers, and physics."""

from aion_kernels.invalid import InvalidInputError

try:  # before DOLFINx, which finds its MPI library only once mpi4py has loaded it
    import mpi4py.MPI  # noqa: F401
except (ImportError, RuntimeError) as error:
    raise InvalidInputError(
        f'finite elements need DOLFINx: pip install "aion-sci[fem]" ({error})'
    ) from error
