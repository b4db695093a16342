"""A shock tube: simulated, read off like an experiment, and compared with the exact solution.

A membrane in the middle of a tube of length 1 parts two gases and bursts at t = 0. The exact
solution (:mod:`.exact_riemann`) tells where to look and how long a step may be; every number but
the error itself is read off the simulated gas:

* p*, u* and the two densities are means over the inner part of the plateaux beside the contact,
  with a smooth weight; how much the gas varies there is the error bar.
* The shock is where the mass ahead of the plateau says that it is: with a plateau of density ρ*
  beginning at a and undisturbed gas of density ρ₀, x_s = a + ∫_a (ρ − ρ₀) dx / (ρ* − ρ₀). That is
  exact to the extent that mass is conserved, however many cells the shock is smeared over.

The number of steps follows from the grid alone, not from the waves, so that results are smooth
functions of all parameters: a batch steps together and derivatives are those of the numbers
reported.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from aion_kernels.cfd.compressible.boundaries import Boundaries
from aion_kernels.cfd.compressible.exact_riemann import (
    Primitive,
    RiemannSolution,
    Scalar,
    mean_density,
    sample_riemann,
    solve_riemann,
)
from aion_kernels.cfd.compressible.flow import CompressibleFlow
from aion_kernels.cfd.compressible.gas import IdealGas, State
from aion_kernels.core.outcome import Outcome, finite_outcome, worst
from aion_kernels.core.solution import Solution

__all__ = ["TubeReadings", "shock_tube"]

_MEMBRANE = 0.5
_COURANT = 0.45  # below 1/2, up to which the safe fluxes keep density and pressure positive
_REACH = 0.7
"""Fastest |u| + c times the time that the fixed number of steps is made for. A wave that has not
left the tube has run 0.5, and behind a shock |u| + c is at most 1.4 times the shock's speed."""
_MARGIN = 4  # cells that a wave has to stay away from the ends
_NARROWEST = 12  # cells that a plateau has to have, to hold some that no wave smears


class TubeReadings(NamedTuple):
    """What is read off the gas at the end, and how well it could be read."""

    values: dict[str, Scalar]
    """``p_star``, ``u_star``, ``density_left_star``, ``density_right_star``, ``shock_position``
    and ``l1_error``, the integral of |ρ − exact| over the tube."""
    spread: dict[str, Scalar]
    """Standard deviation over the plateau, or what follows from it; nothing for ``l1_error``."""
    fields: dict[str, Array]
    """``x``, ``density``, ``velocity``, ``pressure``, ``exact_density`` at the cell centres."""


def shock_tube(
    left: Primitive, right: Primitive, gamma: Scalar, time: Scalar, *, cells: int
) -> Solution:
    """The gas in a tube at ``time`` after the membrane burst.

    Parameters
    ----------
    left, right
        Density, velocity and pressure on both sides, densities and pressures above zero.
    cells
        Of the grid, at least 32.

    Returns
    -------
    Solution
        ``value`` is a :class:`TubeReadings`. ``outcome`` is ``unresolved`` where a wave has come
        within four cells of an end of the tube, where a plateau is narrower than twelve cells, or
        where the gas parts and leaves a vacuum. The position of the shock is that of the outer wave
        towards the lower pressure; where that is a fan, it is the place that divides its mass.
    """
    if cells < 32:
        raise ValueError(f"the tube has {cells} cells; it needs 32 or more")
    exact = solve_riemann(left, right, gamma)
    primitive = _burst(cells, jnp.concatenate([left, right, gamma[None], time[None]]))
    occupied = jnp.all((primitive[0] > 0) & (primitive[-1] > 0))
    resolved = occupied & ~_unresolved(exact, time, cells)
    outcome = worst(
        finite_outcome(primitive),
        jnp.where(resolved, int(Outcome.ok), int(Outcome.unresolved)).astype(jnp.int32),
    )
    stats = {"steps": jnp.int32(_steps(cells))}
    return Solution(_read(exact, primitive, time), outcome, stats)


def _steps(cells: int) -> int:
    return math.ceil(_REACH / _COURANT * cells)


def _march(cells: int, numbers: Float[Array, "8"]) -> State:
    """Primitive fields at the end, from both states, gamma and time."""
    left, right, gamma, time = numbers[:3], numbers[3:6], numbers[6], numbers[7]
    # Beyond the reach the result is not used; the gas has to stay finite all the same.
    duration = jnp.minimum(time, _REACH / _fastest(solve_riemann(left, right, gamma)))
    before = _centres(cells, time) < _MEMBRANE
    flow = CompressibleFlow(
        gas=IdealGas(gamma),
        boundaries=Boundaries.everywhere("outflow", 1),
        start=tuple(jnp.where(before, a, b) for a, b in zip(left, right, strict=True)),
        lengths=(1.0,),
        time_step=duration / _steps(cells),
    )
    state = jax.lax.fori_loop(0, _steps(cells), lambda _, state: flow.step(state), flow.initial())
    return flow.gas.primitive(state)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _burst(cells: int, numbers: Float[Array, "8"]) -> State:
    """:func:`_march`, its derivative in either direction made of the eight going forward.

    Eight tangents beside the flow need no memory of its history, and a tenth of the time to compile
    that the transposed loop needs.
    """
    return _march(cells, numbers)


@_burst.defjvp
def _burst_jvp(cells: int, primals: tuple, tangents: tuple) -> tuple[State, State]:
    slopes = jax.jacfwd(partial(_march, cells))(*primals)
    return _burst(cells, *primals), tuple(slope @ tangents[0] for slope in slopes)


def _centres(cells: int, like: Scalar) -> Float[Array, " cells"]:
    return (jnp.arange(cells, dtype=like.dtype) + 0.5) / cells


def _fastest(exact: RiemannSolution) -> Scalar:
    """The largest |u| + c anywhere in the solution, as far as a step is concerned."""

    def speed(density: Scalar, velocity: Scalar, pressure: Scalar) -> Scalar:
        occupied = jnp.where(density > 0, density, 1.0)
        return jnp.abs(velocity) + jnp.sqrt(exact.gamma * pressure / occupied)

    inner = (exact.velocity, exact.pressure)
    speeds = [
        speed(*exact.left),
        speed(*exact.right),
        speed(exact.density_left, *inner),
        speed(exact.density_right, *inner),
        jnp.abs(exact.head_left),
        jnp.abs(exact.head_right),
    ]
    return jnp.max(jnp.stack(speeds))


def _unresolved(exact: RiemannSolution, time: Scalar, cells: int) -> Bool[Array, ""]:
    room = 0.5 - _MARGIN / cells
    fronts = jnp.stack([exact.head_left, exact.velocity, exact.head_right])
    plateaux = jnp.stack([exact.velocity - exact.tail_left, exact.tail_right - exact.velocity])
    left_the_tube = jnp.max(jnp.abs(fronts)) * time > room
    beyond_reach = _fastest(exact) * time > _REACH
    too_narrow = jnp.min(plateaux) * time * cells < _NARROWEST
    return left_the_tube | beyond_reach | too_narrow | exact.vacuum


def _read(
    exact: RiemannSolution,
    primitive: State,
    time: Scalar,
) -> TubeReadings:
    density, velocity, pressure = primitive
    centres = _centres(density.size, time)
    similarity = (centres - _MEMBRANE) / time
    width = 1 / density.size
    windows = (
        _Window.between(exact.velocity, exact.tail_left, similarity),
        _Window.between(exact.velocity, exact.tail_right, similarity),
    )
    both = _Window(0.5 * (windows[0].weight + windows[1].weight), windows[0].beyond)
    values, spread = {}, {}
    for name, window, field in (
        ("p_star", both, pressure),
        ("u_star", both, velocity),
        ("density_left_star", windows[0], density),
        ("density_right_star", windows[1], density),
    ):
        values[name], spread[name] = window.mean(field)

    # The stronger outer wave runs towards the lower pressure; see it as running to the right.
    rightward = exact.right[2] <= exact.left[2]
    ahead = jnp.where(rightward, exact.right[0], exact.left[0])
    behind = jnp.where(rightward, values["density_right_star"], values["density_left_star"])
    uneven = jnp.where(rightward, spread["density_right_star"], spread["density_left_star"])
    beyond = jnp.where(rightward, windows[1].beyond, windows[0].beyond)
    jump = behind - ahead
    jump = jnp.where(jnp.abs(jump) > 1e-12 * ahead, jump, 1e-12 * ahead)
    excess = width * jnp.sum((density - ahead) * beyond) / jump
    reach = width * jnp.sum(beyond)  # from where the plateau is met to the end of the tube
    outwards = jnp.where(rightward, 1.0, -1.0).astype(density.dtype)
    values["shock_position"] = jnp.where(rightward, 1 - reach, reach) + outwards * excess
    spread["shock_position"] = jnp.abs(excess * uneven / jump)

    edges = (jnp.arange(centres.size + 1, dtype=time.dtype) * width - _MEMBRANE) / time
    exact_density = mean_density(exact, edges)
    values["l1_error"] = width * jnp.sum(jnp.abs(density - exact_density))
    fields = {
        "x": centres,
        "density": density,
        "velocity": velocity,
        "pressure": pressure,
        "exact_density": sample_riemann(exact, similarity)[0],
    }
    return TubeReadings(values, spread, fields)


class _Window(NamedTuple):
    """The inner part of a plateau: a smooth weight, and its integral from the contact outwards."""

    weight: Float[Array, " cells"]
    beyond: Float[Array, " cells"]

    @classmethod
    def between(cls, contact: Scalar, wave: Scalar, similarity: Float[Array, " cells"]) -> _Window:
        """The contact is smeared more than the wave, so the window keeps away from it."""
        place = (similarity - contact) / (wave - contact)
        s = jnp.clip((place - 0.4) / 0.45, 0.0, 1.0)
        weight = (s * (1 - s)) ** 3
        # The integral of the weight, a smooth step of the seventh degree.
        beyond = s**4 * (35 - 84 * s + 70 * s**2 - 20 * s**3)
        return cls(weight / jnp.maximum(jnp.sum(weight), 1e-30), beyond)

    def mean(self, field: Float[Array, " cells"]) -> tuple[Scalar, Scalar]:
        """Weighted mean and standard deviation."""
        mean = jnp.sum(self.weight * field)
        variance = jnp.sum(self.weight * (field - mean) ** 2)
        # A plateau without any variation has no derivative of its root.
        uneven = variance > 0
        return mean, jnp.where(uneven, jnp.sqrt(jnp.where(uneven, variance, 1.0)), 0.0)
