"""Neighbour lists and pair forces: complete, equal on both paths, and the slope of the energy."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core import native
from aion_kernels.invalid import InvalidInputError
from aion_kernels.md.box import check_box, images, minimum_image, wrap
from aion_kernels.md.pairs.cluster_forces import Atoms, PairPotential, pair_energy, pair_forces
from aion_kernels.md.pairs.cluster_list import build_list, tile_mask_bits
from aion_kernels.md.pairs.neighbours import exclusion_table, find_neighbours, room_for

PRECISIONS = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SIZE, EDGE, CUTOFF = 160, 6.0, 2.5
RIGHT = np.eye(3) * EDGE
LEANING = np.array([[EDGE, 0, 0], [0.4 * EDGE, EDGE, 0], [-0.5 * EDGE, 0.45 * EDGE, EDGE]])
BOXES = pytest.mark.parametrize("box", [RIGHT, LEANING], ids=["right", "leaning"])
LAWS = {
    "lennard_jones": {},
    "shifted": {"shifted": True},
    "switched": {"switch_from": 2.0},
    "reaction_field": {"coulomb": "reaction_field"},
    "conductor": {"coulomb": "reaction_field", "dielectric": np.inf},
    "ewald": {"coulomb": "ewald", "alpha": 1.2},
    "all": {"coulomb": "ewald", "alpha": 1.2, "switch_from": 2.0},
}


def particles(box, seed=0):
    """A shaken lattice, spread over several images: no pair is closer than about 0.8."""
    random = np.random.default_rng(seed)
    sites = np.stack(np.meshgrid(*[np.arange(6)] * 3), -1).reshape(-1, 3) / 6
    chosen = random.permutation(len(sites))[:SIZE]
    shaken = sites[chosen] + random.uniform(-0.01, 0.01, (SIZE, 3))
    return jnp.asarray((shaken + random.integers(-2, 3, (SIZE, 3))) @ box)


def atoms(dtype, seed=1):
    random = np.random.default_rng(seed)
    return Atoms(
        jnp.asarray(random.normal(size=SIZE), dtype),
        jnp.asarray(random.uniform(0.8, 1.1, SIZE), dtype),
        jnp.asarray(random.uniform(0.5, 1.5, SIZE), dtype),
    )


PAIRS = np.arange(SIZE).reshape(-1, 2)
"""Excluded: each even particle and the next."""


def listed(neighbours, box, x):
    """Every ordered pair that the tiles hold, as the set {i, j} with its distance."""
    count = int(neighbours.needed)
    tiles, order = np.asarray(neighbours.tiles)[:count], np.asarray(neighbours.order)
    bits = np.asarray(tile_mask_bits(jnp.asarray(tiles[:, 3])))
    tile, a, b = np.nonzero(bits)
    i, j = order[tiles[tile, 0], a], order[tiles[tile, 1], b]
    return i, j


@BOXES
@PRECISIONS
def test_the_list_holds_every_pair_once(box, dtype):
    """Against the distances of all pairs; excluded ones are absent, whatever their distance."""
    x = particles(box)
    table = jnp.asarray(exclusion_table(PAIRS, SIZE))
    found = build_list(
        x, jnp.asarray(box), jnp.asarray(CUTOFF, dtype), table, columns=(3, 4), capacity=4096
    )
    assert int(found.needed) <= 4096
    i, j = listed(found, box, x)
    assert np.all(i >= 0)
    assert np.all(j >= 0)
    gaps = minimum_image(x[:, None] - x[None], jnp.asarray(box))
    within = np.array(jnp.sum(gaps**2, -1) < (CUTOFF * 0.999) ** 2)
    within[PAIRS[:, 0], PAIRS[:, 1]] = within[PAIRS[:, 1], PAIRS[:, 0]] = False
    wanted = {(a, b) for a, b in np.argwhere(np.triu(within, 1))}
    there = {(min(a, b), max(a, b)) for a, b in zip(i, j, strict=True)}
    assert wanted <= there
    assert not there & {tuple(pair) for pair in PAIRS}


# All laws at once in the fast tests; each alone, in either box, in the slow ones.
FAST = [(RIGHT, np.float32, "lennard_jones"), (LEANING, np.float64, "all")]
SLOW = [
    pytest.param(box, dtype, law, marks=pytest.mark.slow)
    for box in (RIGHT, LEANING)
    for dtype in (np.float32, np.float64)
    for law in LAWS
]


@pytest.mark.parametrize(("box", "dtype", "law"), [*FAST, *SLOW])
def test_native_code_equals_its_twin(box, dtype, law, monkeypatch):
    """Lists from both builders, forces from both kernels; sums in another order, and reciprocals
    that are right to the last place or two."""
    x, kind = particles(box), atoms(dtype)
    potential = PairPotential.of(CUTOFF, **LAWS[law])

    def evaluate():
        neighbours = find_neighbours(x, box, CUTOFF, exclusion_table(PAIRS, SIZE))
        return pair_forces(x, jnp.asarray(box), kind, potential, neighbours)

    ours = evaluate()
    monkeypatch.setenv("AION_NATIVE", "0")
    twin = evaluate()
    for a, b in zip(ours, twin, strict=True):
        scale = float(jnp.max(jnp.abs(twin.force))) if a.shape else float(jnp.abs(b)) + 1
        assert float(jnp.max(jnp.abs(a - b))) <= 200 * np.finfo(dtype).eps * max(scale, 100)


def test_the_native_code_is_there():
    """On a machine with a compiler the comparison above is one of two things."""
    states = {s.name: s for s in native.status()}
    for name in ("cluster_forces", "cluster_list"):
        assert states[name].path == "native" or "no C++ compiler" in states[name].reason


def test_energy_of_all_pairs():
    """The definition, written as one N × N sum."""
    x, kind = particles(LEANING), atoms(np.float64)
    neighbours = find_neighbours(x, LEANING, CUTOFF)
    potential = PairPotential.of(CUTOFF, coulomb="ewald", alpha=1.2)
    found = pair_forces(x, jnp.asarray(LEANING), kind, potential, neighbours)
    d = minimum_image(x[:, None] - x[None], jnp.asarray(LEANING))
    r = jnp.sqrt(jnp.sum(d**2, -1) + 1e6 * jnp.eye(SIZE))
    s6 = (0.5 * (kind.sigma[:, None] + kind.sigma[None]) / r) ** 6
    depth = 4 * jnp.sqrt(kind.epsilon[:, None] * kind.epsilon[None])
    near = r < CUTOFF
    lj = 0.5 * jnp.sum(jnp.where(near, depth * s6 * (s6 - 1), 0))
    product = kind.charge[:, None] * kind.charge[None]
    electric = 0.5 * jnp.sum(jnp.where(near, product * jax.scipy.special.erfc(1.2 * r) / r, 0))
    assert abs(float(found.lennard_jones - lj)) < 1e-11 * abs(float(lj))
    assert abs(float(found.coulomb - electric)) < 1e-11 * SIZE


@pytest.mark.parametrize("law", ["lennard_jones", "all"])
def test_one_value_stands_for_all(law):
    """The loop for equal particles computes what the general one does."""
    x = particles(RIGHT)
    neighbours = find_neighbours(x, RIGHT, CUTOFF)
    charge, one = atoms(np.float64).charge, jnp.ones(SIZE)
    potential = PairPotential.of(CUTOFF, **LAWS[law])
    ours, theirs = (
        pair_forces(x, jnp.asarray(RIGHT), kind, potential, neighbours)
        for kind in (Atoms(charge, one[:1], one[:1]), Atoms(charge, one, one))
    )
    for a, b in zip(ours, theirs, strict=True):
        assert float(jnp.max(jnp.abs(a - b))) < 1e-11 * max(1.0, float(jnp.max(jnp.abs(b))))


@pytest.mark.parametrize("law", ["all", pytest.param("switched", marks=pytest.mark.slow)])
def test_derivatives_of_the_energy(law):
    """By position, box, charge, σ, ε and screening, against central differences (error about
    1e-9 of the energy's scale): the forces written by hand, the virial, and the twin's slopes."""
    x, kind = particles(LEANING), atoms(np.float64)
    neighbours = find_neighbours(x, LEANING, CUTOFF + 0.1)
    potential = PairPotential.of(CUTOFF, **LAWS[law], shifted=True)
    random = np.random.default_rng(3)
    arguments = (x, jnp.asarray(LEANING), kind, potential)
    directions = jax.tree.map(lambda leaf: jnp.asarray(random.normal(size=leaf.shape)), arguments)
    # The cutoff's own slope is a sum over the shell of pairs there, which no energy shows.
    still = jax.tree.map(jnp.zeros_like, directions[3])
    directions = (*directions[:3], eqx.tree_at(lambda p: p.alpha, still, jnp.ones(())))
    slopes = jax.grad(lambda a: pair_energy(*a, neighbours))(arguments)
    for part in range(4):
        along = sum(
            float(jnp.vdot(s, d))
            for s, d in zip(
                jax.tree.leaves(slopes[part]), jax.tree.leaves(directions[part]), strict=True
            )
        )
        values = []
        for step in (1e-5, -1e-5):
            moved = list(arguments)
            moved[part] = jax.tree.map(
                lambda leaf, d, h=step: leaf + h * d, arguments[part], directions[part]
            )
            values.append(float(pair_energy(*moved, neighbours)))
        assert abs(along - (values[0] - values[1]) / 2e-5) < 2e-5 * max(1.0, abs(along)), part


def test_replicas_in_a_batch_are_those_alone():
    """Bitwise, for the list and the forces."""
    xs = jnp.stack([particles(RIGHT, seed) for seed in range(3)])
    kind, potential = atoms(np.float32), PairPotential.of(CUTOFF)
    box, table = jnp.asarray(RIGHT), jnp.zeros((SIZE, 0), jnp.int32)

    def forces(x):
        neighbours = build_list(x, box, jnp.asarray(2.6), table, columns=(3, 3), capacity=2048)
        return pair_forces(x, box, kind, potential, neighbours).force

    together = jax.vmap(forces)(xs)
    for row, x in zip(together, xs, strict=True):
        assert np.array_equal(row, forces(x))


def test_a_list_without_room_says_how_much_it_needs():
    x, box, table = particles(RIGHT), jnp.asarray(RIGHT), jnp.zeros((SIZE, 0), jnp.int32)
    found = [
        build_list(x, box, jnp.asarray(2.6), table, columns=(3, 3), capacity=n) for n in (64, 2048)
    ]
    counts = [int(neighbours.needed) for neighbours in found]
    assert counts[0] == counts[1] > 64
    assert room_for(counts[0]) >= counts[0]


@BOXES
def test_wrapped_positions_lie_in_the_brick(box):
    x = particles(box)
    inside = np.asarray(wrap(x, jnp.asarray(box), images(x, jnp.asarray(box))))
    assert np.all(inside >= -1e-12)
    assert np.all(inside <= np.diag(box) + 1e-12)


@pytest.mark.parametrize(
    ("box", "cutoff", "what"),
    [
        (np.eye(3) * 5, 2.6, "at most half"),
        (np.eye(3) * 5, -1.0, "above zero"),
        (np.eye(3) * np.nan, 1.0, "finite"),
        (np.array([[5.0, 1, 0], [0, 5, 0], [0, 0, 5]]), 1.0, "reduced form"),
        (np.array([[5.0, 0, 0], [4, 5, 0], [0, 0, 5]]), 1.0, "subtract"),
    ],
)
def test_boxes_that_cannot_be_used_are_refused(box, cutoff, what):
    with pytest.raises(InvalidInputError, match=what):
        check_box(box, cutoff)
