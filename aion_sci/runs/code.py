"""Which code would compute a run: a digest of the sources that decide its numbers.

A cached result is only as good as the promise that the same code made it. The digest covers the
kernels that an experiment's domain can reach, the experiment's own file, and the combination of its
ladder into a value with error bars, so that an edit to any of them makes new run ids and leaves the
old runs as they were.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
from pathlib import Path

from aion_sci.experiments import Experiment

__all__ = ["code_version"]

_SOURCES = {".py", ".c", ".cc", ".cpp", ".h", ".hpp"}


@functools.cache  # what was imported is what computes, whatever is written to the file later
def code_version(experiment: Experiment) -> str:
    """Version of the kernels and digest of the sources behind an experiment."""
    from aion_kernels import __version__

    domain = experiment.id.partition(".")[0]
    digest = hashlib.sha256(_kernels_digest(_kernels_folder(), domain).encode())
    digest.update(_function_source(experiment).encode())
    digest.update(Path(__file__).with_name("refine.py").read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _kernels_folder() -> Path:
    spec = importlib.util.find_spec("aion_kernels")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("aion_kernels is not installed beside aion_sci")
    return Path(spec.origin).parent


@functools.cache
def _kernels_digest(kernels: Path, domain: str) -> str:
    digest = hashlib.sha256()
    for folder in (kernels / "core", kernels / domain):
        for path in sorted(folder.rglob("*")):
            if path.suffix in _SOURCES:
                digest.update(path.relative_to(kernels).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _function_source(experiment: Experiment) -> str:
    try:
        path = inspect.getsourcefile(experiment.function)
        if path is not None and Path(path).is_file():
            return Path(path).read_text(encoding="utf-8")
        return inspect.getsource(experiment.function)
    except (OSError, TypeError):  # defined at a prompt: the compiled code is all there is
        return experiment.function.__code__.co_code.hex()
