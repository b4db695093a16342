"""Compressible flow: its order, what it conserves, and that no axis is special."""

from __future__ import annotations

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.cfd.compressible.boundaries import Boundaries
from aion_kernels.cfd.compressible.flow import CompressibleFlow, advance
from aion_kernels.cfd.compressible.gas import IdealGas
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.testing import StepperContract
from aion_kernels.core.verify import observed_order


def centres(cells, length=1.0):
    return (np.arange(cells) + 0.5) * length / cells


def flow(start, kind="periodic", lengths=None, step=1e-3, dtype=float, **friction):
    start = tuple(jnp.asarray(field, dtype) for field in start)
    axes = start[0].ndim
    return CompressibleFlow(
        gas=IdealGas(jnp.asarray(1.4, dtype)),
        boundaries=Boundaries.everywhere(kind, axes),
        start=start,
        lengths=lengths or (1.0,) * axes,
        time_step=jnp.asarray(step, dtype),
        **{name: jnp.asarray(value, dtype) for name, value in friction.items()},
    )


@jax.jit
def run(flow, steps):
    return jax.lax.fori_loop(0, steps, lambda _, state: flow.step(state), flow.initial())


def ripple(shape, seed=0):
    """Smooth and unlike along every axis; the speed of sound is about 1.2."""
    random = np.random.default_rng(seed)
    x = np.meshgrid(*map(centres, shape), indexing="ij")

    def wave(mean, size):
        phases = sum(2 * np.pi * a + random.uniform(0, 6) for a in x)
        return mean + size * np.sin(phases)

    return (wave(1.0, 0.2), *(wave(0.1, 0.3) for _ in shape), wave(1.0, 0.2))


class TestContract(StepperContract):
    steps = 2

    def stepper(self, dtype):
        return flow(ripple((16,)), step=5e-3, dtype=dtype)

    @pytest.mark.slow  # the transposed loop takes XLA a minute or more to compile
    def test_gradient_matches_differences(self):
        super().test_gradient_matches_differences()


def test_entropy_wave_is_carried_at_order_five():
    """ρ(x − t) at constant u and p is exact; steps ∝ h^(5/3) hide the third order in time."""
    sizes, errors = (16, 24, 32), []
    for cells in sizes:
        x = centres(cells)
        start = (1 + 0.2 * np.sin(2 * np.pi * x), np.ones(cells), np.ones(cells))
        steps = round(20 * (cells / 16) ** (5 / 3))
        moved = flow(start, step=0.25 / steps)
        density = run(moved, steps)[0]
        errors.append(np.abs(density - (1 + 0.2 * np.sin(2 * np.pi * (x - 0.25)))).mean())
    assert observed_order(1 / np.array(sizes), errors).value > 4.5


@pytest.mark.slow
def test_isentropic_vortex_is_carried_at_order_five():
    """In two dimensions, diagonally: what axis-by-axis finite volumes carry at order two."""
    length, strength, time = 10.0, 1.0, 0.5

    def vortex(cells, shift):
        x, y = np.meshgrid(*[centres(cells, length) - length / 2 - shift] * 2, indexing="ij")
        swirl = strength / (2 * np.pi) * np.exp(0.5 * (1 - x**2 - y**2))
        heat = 1 - 0.4 / (2 * 1.4) * swirl**2
        return heat**2.5, 1 - swirl * y, 1 + swirl * x, heat**3.5

    sizes, errors = (32, 48, 64), []
    for cells in sizes:
        steps = round(16 * (cells / 32) ** (5 / 3))
        carried = flow(vortex(cells, 0.0), lengths=(length, length), step=time / steps)
        errors.append(np.abs(run(carried, steps)[0] - vortex(cells, time)[0]).mean())
    assert observed_order(1 / np.array(sizes), errors).value > 4.3


@pytest.mark.parametrize("shape", [(16,), (8, 10), pytest.param((6, 7, 8), marks=pytest.mark.slow)])
@pytest.mark.parametrize("friction", [{}, {"viscosity": 1e-2, "prandtl": 0.7}])
def test_sums_are_conserved(shape, friction):
    """Mass, momentum and energy between periodic ends: round-off of a few hundred numbers."""
    moving = flow(ripple(shape), step=2e-3, **friction)
    state = run(moving, 5)
    for before, after in zip(moving.initial(), state, strict=True):
        assert abs(jnp.mean(after) - jnp.mean(before)) < 1e-14
    assert float(jnp.max(jnp.abs(state[1] - moving.initial()[1]))) > 1e-4


@pytest.mark.parametrize("dimension", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_tube_along_any_axis_is_the_tube(dimension):
    """Sod's problem with a wind across it: the fields of the 1D tube, to round-off."""
    cells, wind = 24, 0.3
    left = centres(cells) < 0.5
    density, pressure = np.where(left, 1.0, 0.125), np.where(left, 1.0, 0.1)
    line = run(flow((density, 0 * density, pressure), "outflow", step=4e-3), 10)
    for axis in range(dimension):
        shape = [4] * dimension
        shape[axis] = cells
        along = [1] * dimension
        along[axis] = cells
        fields = [np.broadcast_to(f.reshape(along), shape) for f in (density, pressure)]
        velocity = [np.full(shape, 0.0 if other == axis else wind) for other in range(dimension)]
        box = flow(
            (fields[0], *velocity, fields[1]),
            "outflow",
            tuple(0.2 if n != axis else 1.0 for n in range(dimension)),
            4e-3,
        )
        state = run(box, 10)
        for found, expected in ((state[0], line[0]), (state[1 + axis], line[1])):
            difference = np.moveaxis(np.asarray(found), axis, -1) - np.asarray(expected)
            assert np.abs(difference).max() < 1e-12


@pytest.mark.slow
def test_turning_the_box_turns_the_flow():
    """All orders of the axes of a 3D flow, friction included."""
    start = ripple((6, 7, 8))
    lengths = (1.0, 1.1, 1.2)
    friction = {"viscosity": 2e-2, "prandtl": 0.7}
    expected = run(flow(start, lengths=lengths, **friction), 2)
    for order in list(permutations(range(3)))[1:]:
        turned = [np.transpose(f, order) for f in start]
        turned = (turned[0], *(turned[1 + axis] for axis in order), turned[-1])
        box = flow(turned, lengths=tuple(lengths[axis] for axis in order), **friction)
        state = run(box, 2)
        back = [np.transpose(np.asarray(f), np.argsort(order)) for f in state]
        for axis, field in enumerate(expected[1:-1]):
            assert np.abs(back[1 + order.index(axis)] - field).max() < 1e-13


@pytest.mark.slow
def test_a_shear_layer_decays_at_order_four():
    """u_y = a sin kx decays as exp(−ν k² t) while it is slow: the rate, at fourth order."""
    wave, viscosity, time = 2 * np.pi, 0.05, 0.02
    sizes, errors = (8, 12, 16), []
    for cells in sizes:
        x = np.broadcast_to(centres(cells)[:, None], (cells, 4))
        start = (1 + 0 * x, 0 * x, 1e-6 * np.sin(wave * x), 1 + 0 * x)
        layer = flow(start, step=time / 40, viscosity=viscosity, prandtl=0.7)
        ratio = float(jnp.max(jnp.abs(run(layer, 40)[2])) / np.abs(start[2]).max())
        errors.append(abs(np.log(ratio) / (-viscosity * wave**2 * time) - 1))
    assert 3.5 < observed_order(1 / np.array(sizes), errors).value < 5.0


@pytest.mark.parametrize("kind", ["reflecting", "wall"])
def test_closed_ends_keep_the_mass(kind):
    """A mirror lets nothing through: round-off."""
    box = flow(ripple((12, 12)), kind, step=2e-3, viscosity=1e-2, prandtl=0.7)
    state = run(box, 10)
    assert abs(float(jnp.mean(state[0]) - jnp.mean(box.initial()[0]))) < 1e-14
    assert int(box.outcome(state)) == Outcome.ok


def test_an_inflow_fills_the_tube():
    """A supersonic stream of the state at the end replaces what was there."""
    cells = 32
    start = tuple(jnp.full(cells, value) for value in (0.5, 3.0, 0.6))
    entering = tuple(jnp.asarray(value) for value in (1.0, 3.0, 1.0))
    ends = Boundaries((("inflow", "outflow"),), ((entering, None),))
    tube = CompressibleFlow(IdealGas(jnp.asarray(1.4)), ends, start, (1.0,), jnp.asarray(1e-3))
    solved = jax.jit(lambda tube: advance(tube, tube.initial(), 1.5))(tube)
    assert int(solved.outcome) == Outcome.ok
    assert np.abs(solved.value[0] - 1.0).max() < 1e-6


def test_shu_osher_stays_in_order():
    """A shock that runs into sound waves: positive, and as strong behind as it has to be."""
    x = centres(200, 10.0) - 5
    behind = x < -4
    start = (
        np.where(behind, 3.857143, 1 + 0.2 * np.sin(5 * x)),
        np.where(behind, 2.629369, 0.0),
        np.where(behind, 10.33333, 1.0),
    )
    tube = flow(start, "outflow", (10.0,))
    solved = jax.jit(lambda tube: advance(tube, tube.initial(), 1.8))(tube)
    assert int(solved.outcome) == Outcome.ok
    density = np.asarray(solved.value[0])
    assert 4.0 < density.max() < 4.9
    assert np.ptp(density[(x > 0.5) & (x < 2.0)]) > 0.5  # the amplified waves are resolved


def test_too_long_a_step_is_reported():
    state = run(flow(ripple((16,)), step=0.5), 20)
    assert int(flow(ripple((16,))).outcome(state)) in (Outcome.non_finite, Outcome.unresolved)
    stopped = jax.jit(lambda f: advance(f, f.initial(), 1.0, step_limit=3))(flow(ripple((16,))))
    assert int(stopped.outcome) == Outcome.not_converged


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": (1.0, 1.0)}, "axes"),
        ({"lengths": (-1.0,)}, "positive"),
        ({"viscosity": 0.1}, "together"),
        ({"start": (np.ones(2),) * 3}, "3 cells"),
        ({"start": (np.ones(8),) * 4}, "fields"),
        ({"kind": "nowhere"}, "kind"),
    ],
)
def test_bad_input_is_refused(change, message):
    """Under the tests' type checks an unknown kind is refused a step earlier, as a TypeError."""
    with pytest.raises((ValueError, TypeError), match=message):
        flow(change.pop("start", ripple((8,))), **change)
