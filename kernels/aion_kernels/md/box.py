"""The periodic box: three vectors that tile space, in the reduced form that OpenMM uses too.

    a = (aₓ, 0, 0),   b = (bₓ, b_y, 0),   c = (cₓ, c_y, c_z),
    |bₓ| ≤ aₓ/2,  |cₓ| ≤ aₓ/2,  |c_y| ≤ b_y/2

Every lattice has such a description. Two things become simple in it: the brick aₓ × b_y × c_z holds
each particle once, so wrapping needs no oblique coordinates; and a particle can only see images
that lie at most two vectors a, one b and one c away, as long as the cutoff fits.

A box is an array of shape (3, 3) whose rows are the vectors.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from aion_kernels.invalid import InvalidInputError

__all__ = [
    "SHIFTS",
    "check_box",
    "images",
    "minimum_image",
    "rectangular",
    "shift_vectors",
    "volume",
    "wrap",
]

SHIFTS: Int[np.ndarray, "45 3"] = np.array(
    [(i, j, k) for i in range(-2, 3) for j in range(-1, 2) for k in range(-1, 2)], np.int32
)
"""The images that a particle in the brick can see; the unshifted one is in the middle."""


def rectangular(lengths: ArrayLike) -> Float[Array, "3 3"]:
    """The box with right angles and the given edge lengths, one or three."""
    return jnp.diag(jnp.broadcast_to(jnp.asarray(lengths), (3,)))


def volume(box: Float[Array, "3 3"]) -> Float[Array, ""]:
    """Of the box; its edges cubed."""
    return box[0, 0] * box[1, 1] * box[2, 2]


def images(positions: Float[Array, "atoms 3"], box: Float[Array, "3 3"]) -> Int[Array, "atoms 3"]:
    """How many box vectors each particle lies away from the brick."""
    along_c = jnp.floor(positions[:, 2] / box[2, 2])
    rest_y = positions[:, 1] - along_c * box[2, 1]
    along_b = jnp.floor(rest_y / box[1, 1])
    rest_x = positions[:, 0] - along_c * box[2, 0] - along_b * box[1, 0]
    along_a = jnp.floor(rest_x / box[0, 0])
    return jnp.stack([along_a, along_b, along_c], axis=1).astype(jnp.int32)


def wrap(
    positions: Float[Array, "atoms 3"], box: Float[Array, "3 3"], image: Int[Array, "atoms 3"]
) -> Float[Array, "atoms 3"]:
    """Positions moved back by whole box vectors; into the brick for ``images(positions, box)``."""
    return positions - image.astype(positions.dtype) @ box


def shift_vectors(box: Float[Array, "3 3"]) -> Float[Array, "45 3"]:
    """The displacement of each image of :data:`SHIFTS`."""
    return jnp.asarray(SHIFTS, box.dtype) @ box


def minimum_image(
    displacement: Float[Array, "*shape 3"], box: Float[Array, "3 3"]
) -> Float[Array, "*shape 3"]:
    """The displacement to the nearest image; exact for lengths up to half the smallest width."""
    for axis in (2, 1, 0):
        turns = jnp.round(displacement[..., axis] / box[axis, axis])
        displacement = displacement - turns[..., None] * jnp.broadcast_to(
            box[axis], displacement.shape
        )
    return displacement


def check_box(box: ArrayLike, cutoff: float, *, what: str = "the cutoff") -> None:
    """Refuse a box that is not in reduced form, or holds less than twice the cutoff.

    A particle must never see two images of another; so every width of the brick is at least twice
    the cutoff. Raises :class:`~aion_kernels.invalid.InvalidInputError`.
    """
    vectors = np.asarray(box, np.float64)
    if vectors.shape != (3, 3) or not np.all(np.isfinite(vectors)):
        raise InvalidInputError(f"the box is {vectors.tolist()}; three finite vectors are needed")
    if np.any(np.triu(vectors, 1)) or np.any(np.diag(vectors) <= 0):
        raise InvalidInputError(
            f"the box vectors {vectors.tolist()} are not in reduced form: the first along x, the "
            "second in the plane of x and y, all diagonal entries above zero"
        )
    a, b, c = np.diag(vectors)
    slack = 1 + 1e-6
    if (
        max(abs(vectors[1, 0]), abs(vectors[2, 0])) > a / 2 * slack
        or abs(vectors[2, 1]) > b / 2 * slack
    ):
        raise InvalidInputError(
            f"the box vectors {vectors.tolist()} are not in reduced form: subtract the first from "
            "the others, and the second from the third, until they lean by at most half of it"
        )
    if not 0 < cutoff <= 0.5 * min(a, b, c):
        raise InvalidInputError(
            f"{what} is {cutoff:g} in a box whose smallest width is {min(a, b, c):g}; it must be "
            "above zero and at most half the width: shorten it, or simulate more particles"
        )
