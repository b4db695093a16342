"""Configurations in files: extended XYZ with a box on its second line.

Two ways to write the box are read: ``Lattice="ax ay az bx by bz cx cy cz"`` anywhere in the comment
line, and three edge lengths as its last numbers, as the sample configurations of the National
Institute of Standards and Technology have them. An atom's line is its number in the file (or
nothing), its element (or nothing) and three coordinates, the element first or last.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from aion_kernels.invalid import InvalidInputError

__all__ = ["Particles", "read_particles"]


class Particles(NamedTuple):
    """Positions in a box, in the file's unit of length."""

    positions: Float[np.ndarray, "particles 3"]
    box: Float[np.ndarray, "3 3"]
    elements: tuple[str, ...]
    """What the file calls each particle; empty texts where it says nothing."""


def read_particles(path: str | Path) -> Particles:
    """Read a configuration; raises ``InvalidInputError`` with the line that it cannot read."""
    file = Path(path)
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"the configuration '{path}' cannot be read: {error}") from error
    try:
        count = int(lines[0])
    except (IndexError, ValueError) as error:
        raise InvalidInputError(
            f"{file}: the first line of an XYZ file is the number of particles"
        ) from error
    if count < 1 or len(lines) < count + 2:
        raise InvalidInputError(
            f"{file} announces {count} particles and has {max(0, len(lines) - 2)} lines for them"
        )
    rows = [_particle(file, number, lines[number - 1]) for number in range(3, count + 3)]
    positions = np.array([coordinates for coordinates, _ in rows])
    return Particles(positions, _box(file, lines[1]), tuple(name for _, name in rows))


def _box(file: Path, comment: str) -> Float[np.ndarray, "3 3"]:
    lattice = re.search(r'Lattice\s*=\s*"([^"]*)"', comment)
    words = lattice.group(1).split() if lattice else comment.split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if lattice and len(numbers) == 9:
        return np.array(numbers).reshape(3, 3)
    if not lattice and len(numbers) >= 3:
        return np.diag(numbers[-3:])
    raise InvalidInputError(
        f"{file}, line 2: no box; write three edge lengths, or Lattice= with nine numbers in quotes"
    )


def _particle(file: Path, number: int, line: str) -> tuple[list[float], str]:
    words = line.split()
    names = [word for word in words if re.match(r"[A-Za-z]", word) and word.lower() != "nan"]
    values = [word for word in words if word not in names]
    try:
        coordinates = [float(word) for word in values[-3:]]
    except ValueError:
        coordinates = []
    if len(coordinates) != 3 or not np.all(np.isfinite(coordinates)):
        raise InvalidInputError(f"{file}, line {number}: '{line.strip()}' has no three coordinates")
    return coordinates, names[0] if names else ""
