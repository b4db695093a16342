"""The stiffest beam from a given amount of material: topology optimisation by SIMP.

    minimise c(x) = fᵀu   with  K(x) u = f,   Σ xₑ = V n,   0 ≤ xₑ ≤ 1

Each cell has the stiffness E_min + x̃ᵖ (1 − E_min), so that half-filled cells are a bad bargain.
A filter over the radius r keeps structures wider than the mesh: of the sensitivities (Sigmund 1997)
or of the densities (Bruns & Tortorelli 2001). Designs follow the optimality criteria. Half of the
MBB beam, the conventions of Andreassen et al. 2011, doi 10.1007/s00158-010-0594-7: a unit force on
its upper left corner, symmetry on the left, a roller at the lower right corner.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import dolfinx.fem
import jax
import jax.numpy as jnp
import numpy as np
import scipy.spatial
import ufl
from jaxtyping import Array, Float

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.fem.constraints import Constraints, fix
from aion_kernels.fem.direct import direct_solve
from aion_kernels.fem.elasticity import plane_stress_lame, strain, stress
from aion_kernels.fem.forms import CompiledForm, compile_form
from aion_kernels.fem.lattice import boundary_unknowns, lattice, unknown_at
from aion_kernels.fem.sparse import SparseMatrix

__all__ = ["Filter", "beam_designer", "topology_beam"]

Scalar = Float[Array, ""]
Design = Float[Array, " cells"]
Filter = Literal["sensitivity", "density"]

_VOID = 1e-9
_MOVE = 0.2
"""Largest change of a cell's density in one step."""
_SETTLED = 0.01
"""Largest change of a density at which the design counts as found."""
_BISECTIONS = 60


class _Beam(NamedTuple):
    stiffness: CompiledForm
    work: CompiledForm
    """Twice the elastic energy of each cell, were it full."""
    density: Any
    displacement: Any
    constraints: Constraints
    load: int
    centres: Float[np.ndarray, "cells 2"]


@functools.lru_cache(maxsize=4)
def _beam(across: int, high: int) -> _Beam:
    plate = lattice("quadrilateral", (across, high))
    mesh = plate.mesh
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1, (2,)))
    cells = dolfinx.fem.functionspace(mesh, ("DG", 0))
    symmetric = boundary_unknowns(space, lambda x: np.isclose(x[0], 0), 0)
    roller = unknown_at(space, (1.0, 0.0), component=1)
    load = unknown_at(space, (0.0, 1.0), component=1)
    plate.bend(lambda points: points * np.array([across, high]))
    density = dolfinx.fem.Function(cells)
    displacement = dolfinx.fem.Function(space)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    full = plane_stress_lame(1.0, 0.3)
    stiffness = compile_form(density * ufl.inner(stress(u, full), strain(v)) * ufl.dx)
    work = ufl.inner(stress(displacement, full), strain(displacement))
    assert stiffness.pattern is not None  # a bilinear form has one
    return _Beam(
        stiffness,
        compile_form(work * ufl.TestFunction(cells) * ufl.dx),
        density,
        displacement,
        fix(stiffness.pattern, np.append(symmetric, roller)),
        load,
        cells.tabulate_dof_coordinates()[:, :2],
    )


@functools.lru_cache(maxsize=8)
def _neighbours(across: int, high: int, widest: float) -> tuple[np.ndarray, ...]:
    """Pairs of cells nearer than ``widest``, sorted by the first, and their distances."""
    centres = _beam(across, high).centres
    near = scipy.spatial.KDTree(centres).sparse_distance_matrix(
        scipy.spatial.KDTree(centres), widest, output_type="coo_matrix"
    )
    order = np.lexsort((near.col, near.row))
    return near.row[order], near.col[order], near.data[order]


@functools.cache  # the same function: an ensemble finds its compiled program again
def beam_designer(filter: Filter) -> Callable[[tuple[Scalar, Scalar, Scalar]], Solution]:
    """:func:`topology_beam` of (volume_fraction, penalty, filter_radius), for an ensemble."""
    return lambda member: topology_beam(*member, filter=filter)


def topology_beam(
    volume_fraction: Scalar,
    penalty: Scalar,
    filter_radius: Scalar,
    *,
    filter: Filter,
    across: int = 60,
    high: int = 20,
    widest: float = 10.0,
    limit: int = 2000,
) -> Solution:
    """Optimise half of an MBB beam of ``across`` × ``high`` square cells of unit size.

    Parameters
    ----------
    volume_fraction
        V, the share of the cells' area that material may fill.
    penalty
        p, the exponent of the stiffness.
    filter_radius
        r, in cells; at most ``widest``.
    filter
        What is averaged over the radius: ``sensitivity`` or ``density``.
    limit
        Steps before the design counts as not converged.

    Returns
    -------
    Solution
        ``value`` has ``compliance`` fᵀu, ``design`` (the densities, cell by cell) and ``change``,
        by how much the last step changed the compliance; ``stats`` has ``iterations``.
    """
    parts = _beam(across, high)
    rows, columns, distances = _neighbours(across, high, widest)
    weights = jnp.maximum(0, filter_radius - jnp.asarray(distances, filter_radius.dtype))
    count = len(parts.centres)

    def average(values: Design) -> Design:
        return jax.ops.segment_sum(weights * values[columns], rows, count, indices_are_sorted=True)

    total = average(jnp.ones(count, weights.dtype))

    def physical(design: Design) -> Design:
        return average(design) / total if filter == "density" else design

    def analyse(design: Design) -> tuple[Scalar, Design]:
        """Compliance, and its sensitivity to the physical densities."""
        dense = physical(design)
        stiffness = _VOID + dense**penalty * (1 - _VOID)
        matrix: SparseMatrix = parts.stiffness({parts.density: stiffness})
        force = jnp.zeros(matrix.shape[0], dense.dtype).at[parts.load].set(-1)
        reduced = parts.constraints.reduce_matrix(matrix)
        free = direct_solve(reduced, parts.constraints.reduce_vector(force))
        u = parts.constraints.expand(free)
        work = parts.work({parts.displacement: u})
        return force @ u, -penalty * (1 - _VOID) * dense ** (penalty - 1) * work

    def filtered(design: Design, slope: Design) -> Design:
        if filter == "density":
            return average(slope / total)
        return average(design * slope) / total / jnp.maximum(1e-3, design)

    def update(design: Design, slope: Design) -> Design:
        """The optimality criteria; the multiplier by bisection of its logarithm."""
        # How much material a unit of each design variable stands for: the filter spreads it.
        ones = jnp.ones_like(design)
        price = average(ones / total) if filter == "density" else ones
        gain = jnp.sqrt(jnp.maximum(0, -slope) / price)

        def at(logarithm: Scalar) -> Design:
            wanted = design * gain * jnp.exp(-0.5 * logarithm)
            low, high = jnp.maximum(0, design - _MOVE), jnp.minimum(1, design + _MOVE)
            return jnp.clip(wanted, low, high)

        def halve(_: Any, ends: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
            low, high = ends
            middle = 0.5 * (low + high)
            heavy = jnp.mean(price * at(middle)) > volume_fraction
            return jnp.where(heavy, middle, low), jnp.where(heavy, high, middle)

        ends = (jnp.asarray(np.log(1e-30), design.dtype), jnp.asarray(np.log(1e9), design.dtype))
        low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, ends)
        return at(0.5 * (low + high))

    def unfinished(state: tuple) -> Array:
        *_, moved, steps = state
        return (moved > _SETTLED) & (steps < limit)

    def improve(state: tuple) -> tuple:
        design, _, last, _, steps = state
        compliance, slope = analyse(design)
        better = update(design, filtered(design, slope))
        return better, last, compliance, jnp.max(jnp.abs(better - design)), steps + 1

    start = jnp.full(count, 1.0, weights.dtype) * volume_fraction
    infinite = jnp.asarray(jnp.inf, weights.dtype)
    state = (start, infinite, infinite, infinite, jnp.int32(0))
    design, before, compliance, moved, steps = jax.lax.while_loop(unfinished, improve, state)
    outcome = jnp.where(moved <= _SETTLED, int(Outcome.ok), int(Outcome.not_converged))
    outcome = jnp.where(jnp.isfinite(compliance), outcome, int(Outcome.non_finite))
    value = {
        "compliance": compliance,
        "design": physical(design),
        "change": jnp.abs(compliance - before),
    }
    return Solution(value, outcome.astype(jnp.int32), {"iterations": steps})
