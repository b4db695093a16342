"""DOLFINx finds its MPI library only once mpi4py has loaded it."""

import mpi4py.MPI  # noqa: F401
