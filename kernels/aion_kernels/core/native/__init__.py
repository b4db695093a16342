"""Hot loops in C++ through the XLA FFI, compiled on first use, each with an XLA twin.

XLA makes good code for most of what a simulation does. Where a loop needs what it cannot express
(short rows, early exits, gathers with reuse), the package carries a C++ source, compiled with the
processor's own instructions by the compiler at hand. See :mod:`~.dispatch` for how a kernel is
declared and which implementation runs, :mod:`~.build` for how it is compiled and kept, and
:mod:`~.laplacian` for the smallest whole example.
"""

from aion_kernels.core.native.build import BuildFailedError, NoCompilerError
from aion_kernels.core.native.dispatch import (
    KernelStatus,
    NativeBuildWarning,
    NativeKernel,
    discover,
    kernel,
    status,
)

__all__ = [
    "BuildFailedError",
    "KernelStatus",
    "NativeBuildWarning",
    "NativeKernel",
    "NoCompilerError",
    "discover",
    "kernel",
    "status",
]
