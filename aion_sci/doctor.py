"""Is this environment fit to compute, and what is missing? `aion doctor` in data.

Everything here is found out, not assumed: canaries are run, native kernels are built, folders are
written to, and the packages of each extra are read from this distribution's own metadata.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from aion_sci import allocator

if TYPE_CHECKING:
    from aion_kernels.core.canaries import CanaryResult
    from aion_kernels.core.native import KernelStatus

__all__ = ["Allocator", "Extra", "Folder", "Package", "Report", "examine", "extras"]

DISTRIBUTION = "aion-sci"
PURPOSES = {
    "fem": "for coming finite-element experiments: UFL, gmsh, DOLFINx as referee",
    "hpc": "workers on a cluster's batch system, for coming executors",
    "kinetics": "for coming reaction experiments: diffrax, Cantera as referee",
    "llm": "for coming planners that ask a language model",
    "md": "for coming molecular-dynamics experiments: OpenMM as referee",
    "notebooks": "JupyterLab and interactive widgets",
    "qc": "for coming quantum-chemistry experiments: RDKit, PySCF as referee",
    "viz": "for coming three-dimensional views of fields and meshes",
}
"""What each extra is for; extras for developers and documentation are not a user's concern."""


@dataclass(frozen=True)
class Package:
    """One package of an extra: what is asked for and what is there."""

    name: str
    wanted: str
    """A version range such as ``>=0.7``."""
    installed: str | None
    fits: bool
    """Whether it is installed, in that range."""


@dataclass(frozen=True)
class Extra:
    """An optional part of the installation."""

    name: str
    adds: str
    packages: tuple[Package, ...]

    @property
    def complete(self) -> bool:
        """Whether every package of it is there."""
        return all(package.fits for package in self.packages)


@dataclass(frozen=True)
class Folder:
    """A folder that AION writes to."""

    name: str
    path: str
    writable: bool
    free_bytes: int


@dataclass(frozen=True)
class Allocator:
    """Whether this process allocates as simulations want it."""

    active: bool
    adds: dict[str, str]
    """What would be added to a simulating process's environment; empty when nothing is to add."""


@dataclass(frozen=True)
class Report:
    """What :func:`examine` found."""

    environment: dict[str, Any]
    """Python, packages, processor and devices, as every record keeps them."""
    double_precision: bool
    """Whether the default device computes in float64 when it is asked to."""
    compiler: str
    """The C++ compiler, or why there is none."""
    native_kernels: tuple[KernelStatus, ...]
    allocator: Allocator
    canaries: tuple[CanaryResult, ...]
    extras: tuple[Extra, ...]
    folders: tuple[Folder, ...]

    @property
    def fit(self) -> bool:
        """Whether numbers computed here can be trusted and kept."""
        return (
            self.double_precision
            and all(canary.passed for canary in self.canaries)
            and all(folder.writable for folder in self.folders)
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain data, with ``fit`` and each extra's ``complete``.

        A canary that raised has no difference: JSON has no infinity, so it becomes null.
        """
        data = asdict(self)
        for canary in data["canaries"]:
            if not math.isfinite(canary["worst_difference"]):
                canary["worst_difference"] = None
        for extra, found in zip(data["extras"], self.extras, strict=True):
            extra["complete"] = found.complete
        return {"fit": self.fit, **data}


def examine(store: Path | None = None) -> Report:
    """Examine this process's environment; takes some seconds, most of it the canaries.

    ``store`` is the folder of the knowledge store, checked for room beside the user's cache.
    """
    from aion_kernels.core import native
    from aion_kernels.core.cache import user_cache
    from aion_kernels.core.canaries import run_canaries
    from aion_sci.process import describe

    native.discover()
    folders = {"cache": user_cache()} | ({} if store is None else {"store": store})
    return Report(
        environment=describe(),
        double_precision=_has_double_precision(),
        compiler=_compiler(),
        native_kernels=tuple(native.status()),
        allocator=Allocator(allocator.is_active(), allocator.environment()),
        canaries=tuple(run_canaries()),
        extras=extras(),
        folders=tuple(_folder(name, path) for name, path in folders.items()),
    )


def extras() -> tuple[Extra, ...]:
    """Each extra for users, with its packages as this distribution's metadata lists them."""
    requirements = [Requirement(text) for text in metadata.requires(DISTRIBUTION) or ()]
    optional = [r for r in requirements if r.marker and not r.marker.evaluate({"extra": ""})]
    return tuple(
        Extra(
            name,
            adds,
            tuple(_package(r) for r in optional if r.marker and r.marker.evaluate({"extra": name})),
        )
        for name, adds in PURPOSES.items()
    )


def _package(requirement: Requirement) -> Package:
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Package(requirement.name, str(requirement.specifier), None, False)
    fits = requirement.specifier.contains(installed, prereleases=True)
    return Package(requirement.name, str(requirement.specifier), installed, fits)


def _has_double_precision() -> bool:
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        return float(jnp.asarray(1.0) + 2.0**-52) > 1.0


def _compiler() -> str:
    from aion_kernels.core.native import NoCompilerError
    from aion_kernels.core.native.build import find_compiler

    try:
        return find_compiler().version
    except NoCompilerError as error:
        return f"none: {error}"


def _folder(name: str, path: Path) -> Folder:
    """Try to write where the folder is or will be: its nearest existing parent."""
    place = path.resolve()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            writable = True
    except OSError:
        writable = False
    return Folder(name, str(path), writable, shutil.disk_usage(place).free)
