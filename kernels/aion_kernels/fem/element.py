"""Element tensors of one integral: geometry and coefficients in, a block of numbers per entity out.

An integrand arrives as coefficient arrays by basis factors (:mod:`aion_kernels.fem.multilinear`).
With the factors' tables T the element matrix of an entity is

    Mᵢⱼ = Σ_q w_q Σ_ab F_ab(q) T_a(q, i) T_b(q, j),

on cells a product of a small constant matrix with the array of F, its long axis over entities. A
coefficient that is the same at all points is taken out of the sum over points beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import ufl
from jaxtyping import Array, Float, Int

from aion_kernels.fem.integrand import evaluate
from aion_kernels.fem.lowering import Integral
from aion_kernels.fem.multilinear import BasisFactor, Multilinear
from aion_kernels.fem.tables import ReferencePoints, Table
from aion_kernels.invalid import InvalidInputError

__all__ = ["Block", "EntityData", "element_blocks"]


class EntityData(eqx.Module):
    """A set of cells or facets as arrays, by side where there are two."""

    variants: dict[str, Int[Array | np.ndarray, " entities"]]
    geometry: dict[str, Int[Array | np.ndarray, "_ entities"]]
    """Nodes of the mesh's geometry."""
    unknowns: dict[tuple[int, str], Int[Array | np.ndarray, "_ entities"]]
    """Unknowns by number of the space and side."""
    orientation: dict[tuple[int, str], Int[Array | np.ndarray, " entities"]]
    """Which transformation of basis functions, for spaces that have them."""


class Block(NamedTuple):
    """Part of all element tensors: rows and columns by slices, numbers with entities last."""

    places: tuple[slice, ...]
    numbers: Float[Array, "..."]


def _component(
    reference: ReferencePoints, element: Any, component: int, derivatives: tuple[int, ...]
) -> tuple[Table, slice]:
    """The table of a component of a reference value, and the places of its functions."""
    scalar, offset, stride = element.get_component_element(component)
    table = reference.table(scalar, derivatives)
    return table, slice(offset, offset + stride * (table.shape[-1] - 1) + 1, stride)


class _Leaves:
    """The terminals of an integrand on one set of entities."""

    def __init__(
        self,
        reference: ReferencePoints,
        domain: Any,
        entities: EntityData,
        coordinates: Float[Array, "nodes space"],
        functions: Mapping[Any, Mapping[str, Float[Array, "_ _"]]],
        constants: Mapping[Any, Float[Array, "..."]],
    ) -> None:
        self.reference, self.domain, self.entities = reference, domain, entities
        self.functions, self.constants = functions, constants
        self.dtype = coordinates.dtype
        self.coordinates = {
            side: [coordinates[:, axis][nodes] for axis in range(coordinates.shape[1])]
            for side, nodes in entities.geometry.items()
        }

    def geometry(self, quantity: Any, component: tuple[int, ...], side: str) -> Any:
        reference, dimension = self.reference, self.domain.topological_dimension
        match quantity:
            case ufl.classes.SpatialCoordinate():
                axis, *derivatives = component
                return self._position(axis, derivatives, side)
            case ufl.classes.Jacobian():
                axis, *derivatives = component
                return self._position(axis, derivatives, side)
            case ufl.classes.ReferenceNormal():
                return self._by_variant(reference.normals()[:, component[0]], side)
            case ufl.classes.CellFacetJacobian():
                return self._by_variant(reference.facet_jacobians()[(..., *component)], side)
            case ufl.classes.ReferenceCellVolume():
                return _volume(reference)
            case ufl.classes.ReferenceFacetVolume():
                return reference.facet_volume()
            case ufl.classes.CellCoordinate():
                points = reference.points[..., component[0]][..., None]
                return self._sum(points, jnp.ones((1, 1), self.dtype), side)
            case ufl.classes.CellOrigin():
                return self._corner(0, component[0], side)
            case ufl.classes.CellVertices():
                return self._corner(component[0], component[1], side)
            case ufl.classes.CellEdgeVectors():
                start, end = map(int, reference.edges()[component[0]])
                return self._corner(end, component[1], side) - self._corner(
                    start, component[1], side
                )
            case ufl.classes.FacetEdgeVectors() if dimension == 3:
                start, end = reference.facet_edges()[:, component[0]].T
                return self._corner_by_variant(end, component[1], side) - self._corner_by_variant(
                    start, component[1], side
                )
        raise InvalidInputError(
            f"the form holds the geometric quantity {type(quantity).__name__}, which has no "
            "translation to XLA on this kind of cell"
        )

    def coefficient(
        self, function: Any, component: int, derivatives: tuple[int, ...], side: str
    ) -> Any:
        element = function.ufl_function_space().ufl_element()
        table, places = _component(self.reference, element, component, derivatives)
        return self._sum(table, self.functions[function][side][places], side)

    def constant(self, constant: Any, component: int) -> Any:
        return jnp.reshape(self.constants[constant], (-1,))[component].reshape(1, 1)

    def _position(self, axis: int, derivatives: Sequence[int], side: str) -> Any:
        element = self.domain.ufl_coordinate_element()
        scalar, _, _ = element.get_component_element(axis)
        counts = tuple(list(derivatives).count(d) for d in range(self.domain.topological_dimension))
        table = self.reference.table(scalar, counts)
        return self._sum(table, self.coordinates[side][axis], side)

    def _sum(self, table: Table, values: Float[Array, "functions entities"], side: str) -> Any:
        """Σ_k T(q, k) value(k, entity), with the entity's own variant of T."""
        if len(table) > 1:
            chosen = self.gathered(table, side)
            return jnp.sum(chosen * values[None], axis=1)
        if table.shape[1] > 1:
            return jnp.asarray(table[0], self.dtype) @ values
        # Constant at all points: few terms, most of them 0 or ±1 on a simplex.
        total: Any = 0.0
        for weight, value in zip(table[0, 0], values, strict=True):
            if weight != 0:
                term = value if weight == 1 else -value if weight == -1 else float(weight) * value
                total = term if isinstance(total, float) else total + term
        return total if isinstance(total, float) else total[None]

    def gathered(self, table: Table, side: str) -> Float[Array, "points functions entities"]:
        """The table of each entity's variant."""
        if len(table) == 1:
            return jnp.asarray(table[0], self.dtype)[..., None]
        stacked = jnp.asarray(np.moveaxis(table, 0, -1), self.dtype)
        return stacked[..., self.entities.variants[side]]

    def _by_variant(self, values: Float[np.ndarray, " variants"], side: str) -> Any:
        if np.ptp(values) == 0:
            return float(values[0])
        return jnp.asarray(values, self.dtype)[self.entities.variants[side]][None]

    def _corner(self, corner: int, axis: int, side: str) -> Any:
        return self.coordinates[side][axis][corner][None]

    def _corner_by_variant(self, corner: Int[np.ndarray, " variants"], axis: int, side: str) -> Any:
        chosen = jnp.asarray(corner)[self.entities.variants[side]]
        return jnp.take_along_axis(self.coordinates[side][axis], chosen[None], axis=0)


def element_blocks(
    integral: Integral,
    domain: Any,
    arguments: Sequence[Any],
    reference: ReferencePoints,
    entities: EntityData,
    coordinates: Float[Array, "nodes space"],
    functions: Mapping[Any, Mapping[str, Float[Array, "_ _"]]],
    constants: Mapping[Any, Float[Array, "..."]],
) -> list[Block]:
    """The element tensors of all entities, as blocks that do not overlap.

    ``functions`` holds each coefficient's values at the unknowns of each entity, by side, for
    unoriented basis functions.
    """
    leaves = _Leaves(reference, domain, entities, coordinates, functions, constants)
    value = evaluate(integral.integrand, leaves)
    count = next(iter(entities.variants.values())).shape[-1]
    elements = [argument.ufl_function_space().ufl_element() for argument in arguments]
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for factors, coefficient in _by_rank(value, len(arguments)):
        found = [
            _component(reference, elements[f.argument], f.component, f.derivatives) for f in factors
        ]
        tables = [table for table, _ in found]
        key = tuple(
            (f.side, places.start, places.stop, places.step, table.shape[-1])
            for f, (table, places) in zip(factors, found, strict=True)
        )
        groups.setdefault(key, []).append((coefficient, tables))
    sizes = [element.dim for element in elements]
    blocks = []
    for key, terms in groups.items():
        places = tuple(
            _shifted(slice(*part[1:4]), sizes[axis] if part[0] == "-" else 0)
            for axis, part in enumerate(key)
        )
        sides = [part[0] for part in key]
        numbers = _contract(terms, sides, integral.weights, leaves, count)
        blocks.append(Block(places, numbers.reshape(*(part[4] for part in key), count)))
    return blocks


def _by_rank(value: Multilinear, rank: int) -> list[tuple[tuple[BasisFactor, ...], Any]]:
    for factors in value.terms:
        if len(factors) != rank:
            raise InvalidInputError(
                "a term of the form lacks the test or the trial function: every term of a form "
                "holds the same arguments"
            )
    return list(value.terms.items())


def _shifted(places: slice, offset: int) -> slice:
    return slice(places.start + offset, places.stop + offset, places.step)


def _contract(
    terms: Sequence[tuple[Any, list[Table]]],
    sides: Sequence[str],
    weights: Float[np.ndarray, " points"],
    leaves: _Leaves,
    count: int,
) -> Float[Array, "..."]:
    """Σ over points and terms of coefficient times tables, flat over basis functions."""
    if any(len(table) > 1 for _, tables in terms for table in tables):
        return _contract_by_variant(terms, sides, weights, leaves, count)
    columns, rows = [], []
    for coefficient, tables in terms:
        products = _outer([table[0] for table in tables]) * weights[:, None]
        points = np.shape(coefficient)[0] if np.ndim(coefficient) else 1
        values = jnp.broadcast_to(jnp.asarray(coefficient, leaves.dtype), (points, count))
        if len(values) == 1:
            products = np.sum(products, axis=0, keepdims=True)
        columns.append(products)
        rows.append(values)
    matrix = np.concatenate(columns).T
    values = rows[0] if len(rows) == 1 else jnp.concatenate(rows)
    kept = np.any(matrix != 0, axis=0)
    if not np.all(kept):
        matrix, values = matrix[:, kept], values[np.flatnonzero(kept)]
    if matrix.shape[1] == 1:
        return jnp.asarray(matrix, leaves.dtype) * values
    return jnp.asarray(matrix, leaves.dtype) @ values


def _outer(tables: Sequence[Float[np.ndarray, "_ _"]]) -> np.ndarray:
    """Products of functions at each point, flat over functions; one without tables."""
    product = np.ones((1, 1))
    for table in tables:
        product = (product[:, :, None] * table[:, None, :]).reshape(
            max(len(product), len(table)), -1
        )
    return product


def _contract_by_variant(
    terms: Sequence[tuple[Any, list[Table]]],
    sides: Sequence[str],
    weights: Float[np.ndarray, " points"],
    leaves: _Leaves,
    count: int,
) -> Float[Array, "..."]:
    total: Any = 0.0
    rule = jnp.asarray(weights, leaves.dtype)[:, None]
    for coefficient, tables in terms:
        product = jnp.broadcast_to(
            rule * jnp.asarray(coefficient, leaves.dtype), (len(weights), count)
        )
        for axis, (table, side) in enumerate(zip(tables, sides, strict=True)):
            chosen = leaves.gathered(table, side)
            shape = (chosen.shape[0], *(1,) * axis, *chosen.shape[1:])
            product = product[..., None, :] * chosen.reshape(shape)
        term = jnp.sum(product, axis=0)
        total = term if isinstance(total, float) else total + term
    return total


def _volume(reference: ReferencePoints) -> float:
    import basix

    return basix.cell.volume(reference.cell)
