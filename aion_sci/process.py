"""What every process that computes sets up once: float64, the compile cache, and the canaries.

No import sets a global flag; the processes that we start call :func:`prepare`, and a notebook calls
it through ``aion_sci.setup()``. What was set is recorded with every run.
"""

from __future__ import annotations

import functools
import os
import platform
import sys
import warnings
from importlib.metadata import version
from typing import Any

from aion_sci.errors import EnvironmentUnfitError

__all__ = ["describe", "prepare"]

_RECORDED = ("jax", "jaxlib", "numpy", "scipy", "equinox", "aion-sci")


@functools.cache
def prepare() -> dict[str, Any]:
    """Enable float64 and the compile cache, run the canaries, and describe this environment.

    Raises :class:`~aion_sci.errors.EnvironmentUnfitError` when a canary fails: a machine that
    computes wrong numbers must not make records.
    """
    import jax

    from aion_kernels.core.canaries import run_canaries

    jax.config.update("jax_enable_x64", True)
    if jax.config.jax_compilation_cache_dir is None:
        _keep_compiled_programs(jax)
    failed = [canary for canary in run_canaries() if not canary.passed]
    if failed:
        names = ", ".join(canary.name for canary in failed)
        raise EnvironmentUnfitError(
            f"{len(failed)} canaries failed ({names}): jax {jax.__version__} computes wrong "
            "numbers on this machine; `aion doctor` has the figures; install another jax release"
        )
    return {**describe(), "canaries": "passed"}


def describe() -> dict[str, Any]:
    """What a record says of the process that made it: versions, processor, devices and flags."""
    import jax

    devices = jax.devices()
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "packages": {name: version(name) for name in _RECORDED},
        "backend": jax.default_backend(),
        "devices": [device.device_kind for device in devices],
        "float64": bool(jax.config.jax_enable_x64),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "malloc": os.environ.get("GLIBC_TUNABLES", ""),
    }


def _keep_compiled_programs(jax: Any) -> None:
    """Cache every compiled program on disk, however small: the canaries alone are a hundred.

    The folder is that of this kind of processor, since the programs are machine code. JAX writes an
    entry in place, so that another process may meet half of one: it says so and compiles itself.
    """
    from aion_kernels.core.cache import processor_cache

    jax.config.update("jax_compilation_cache_dir", str(processor_cache() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    warnings.filterwarnings(
        "ignore", message="Error (reading|writing) persistent compilation cache entry"
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux: the portable answer below is less precise but true
    return platform.processor() or platform.machine()
