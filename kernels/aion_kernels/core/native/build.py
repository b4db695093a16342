"""From a C++ source in the package to a loaded library, compiled once per machine.

The library of a kernel is derived data, kept in the user's cache and named by two hashes:

    <stem>-<key>-<checksum>.so

``key`` covers everything that could change the machine code (source, our header and those beside
the source, compiler and its version, flags, the version of jaxlib whose headers are used) and the
folder names the processor, so an upgrade or a different node of a cluster never loads a stale
library. ``checksum`` is the hash of the file itself: a truncated library would kill the process
inside ``dlopen``, so it is checked before it is loaded, and rebuilt when it does not fit. A build
goes to a temporary name and is renamed: two processes may build at once, and both end with a whole
library.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jax

from aion_kernels.core.cache import processor_cache

__all__ = ["BuildFailedError", "Compiler", "NoCompilerError", "find_compiler", "load_library"]

HEADER = Path(__file__).with_name("native.h")
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fPIC", "-shared", "-fvisibility=default")
COMPILERS = ("c++", "g++", "clang++")
COMPILE_SECONDS = 300.0


class NoCompilerError(Exception):
    """This machine has no C++ compiler; the message says where one was looked for."""


class BuildFailedError(Exception):
    """The compiler refused a source, or its library could not be kept or loaded."""


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler of this machine."""

    command: tuple[str, ...]
    """The program, by its full path, and what ``$CXX`` puts after it (``ccache g++``)."""
    version: str
    """The first line it prints about itself."""


def find_compiler() -> Compiler:
    """The compiler that ``$CXX`` names, or else the first of c++, g++ and clang++ on the path.

    A ``$CXX`` that does not exist is an error rather than a reason to try the others: whoever set
    it wants that compiler.
    """
    wanted = shlex.split(os.environ.get("CXX", ""))
    for name, *arguments in [wanted] if wanted else [[name] for name in COMPILERS]:
        program = shutil.which(name)
        if program is not None:
            command = (program, *arguments)
            return Compiler(command, _version(command))
    if wanted:
        raise NoCompilerError(f"CXX names '{wanted[0]}', which is not on the path")
    raise NoCompilerError(f"none of {', '.join(COMPILERS)} is on the path and CXX is not set")


def load_library(source: Path) -> tuple[ctypes.CDLL, Path]:
    """The loaded library of ``source`` and where it lies, compiled first when it has to be.

    Raises :class:`NoCompilerError` or :class:`BuildFailedError`.
    """
    compiler = find_compiler()
    stem = f"{source.stem}-{_key(source, compiler)}"
    folder = processor_cache() / "native"
    library = _cached(folder, stem)
    if library is None:
        library = _compile(source, compiler, folder, stem)
    try:
        return ctypes.CDLL(str(library)), library
    except OSError as error:
        raise BuildFailedError(f"{library} cannot be loaded: {error}") from error


def _version(command: tuple[str, ...]) -> str:
    try:
        answer = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoCompilerError(f"{shlex.join(command)} does not run: {error}") from error
    return answer.stdout.partition("\n")[0].strip()


def _key(source: Path, compiler: Compiler) -> str:
    parts = [*compiler.command, compiler.version, *FLAGS, importlib.metadata.version("jaxlib")]
    digest = hashlib.sha256("\n".join(parts).encode())
    for file in (HEADER, source, *sorted(source.parent.glob("*.h"))):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _checksum(library: Path) -> str:
    return hashlib.sha256(library.read_bytes()).hexdigest()[:16]


def _cached(folder: Path, stem: str) -> Path | None:
    """A library of this key whose content is what its name says; damaged ones are removed."""
    for library in sorted(folder.glob(f"{stem}-*.so")):
        if library.stem == f"{stem}-{_checksum(library)}":
            return library
        library.unlink(missing_ok=True)
    return None


def _compile(source: Path, compiler: Compiler, folder: Path, stem: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        workshop = tempfile.TemporaryDirectory(dir=folder, prefix=".build-")
    except OSError as error:
        raise BuildFailedError(
            f"the library cannot be kept in {folder} ({error}); set AION_CACHE to a folder that "
            "can be written"
        ) from error
    with workshop:
        built = Path(workshop.name) / f"{stem}.so"
        includes = [f"-I{HEADER.parent}", f"-isystem{jax.ffi.include_dir()}"]
        command = [*compiler.command, *FLAGS, *includes, str(source), "-o", str(built)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise BuildFailedError(f"{shlex.join(command)} does not run: {error}") from error
        if done.returncode != 0:
            raise BuildFailedError(f"{shlex.join(command)} failed:\n{done.stderr.strip()}")
        library = folder / f"{stem}-{_checksum(built)}.so"
        built.replace(library)
        return library
