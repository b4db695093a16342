"""A UFL form as an XLA program: the same object that DOLFINx assembles, batched and differentiable.

    stiffness = compile_form(inner(conductivity * grad(u), grad(v)) * dx)
    matrix = stiffness({conductivity: 3.0})

A call takes values for coefficients and constants by their own UFL objects; what is not named keeps
the value that it has in DOLFINx. It returns a number, a vector or a
:class:`~aion_kernels.fem.sparse.SparseMatrix`, in DOLFINx's numbering, and jit, vmap and grad pass
through every value and through the coordinates of the mesh.

Entities are worked off in chunks that stay in cache: the element tensors of a whole mesh are never
in memory at once. Each chunk adds its own into the entries of a pattern computed beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from aion_kernels.fem.discretisation import (
    Entities,
    cell_dofs,
    cell_transforms,
    entities_of,
    mesh_of,
    space_size,
)
from aion_kernels.fem.element import Block, EntityData, element_blocks
from aion_kernels.fem.lowering import Integral, LoweredForm, lower
from aion_kernels.fem.sparse import Pattern, SparseMatrix, join_patterns
from aion_kernels.fem.tables import ReferencePoints
from aion_kernels.invalid import InvalidInputError

__all__ = ["CompiledForm", "compile_form"]

CHUNK = 2048
"""Entities worked off at once: their numbers stay in the second-level cache."""


class _Part(eqx.Module):
    """One integral: what it sums, over which entities, and where its tensors go."""

    integral: Integral = eqx.field(static=True)
    reference: ReferencePoints = eqx.field(static=True)
    entities: EntityData
    """Arrays of shape (chunks, ..., chunk)."""
    slots: Int[Array | np.ndarray, "chunks ... chunk"]
    """Entry of the result for each entry of an element tensor; too large for padding."""
    transforms: dict[int, Float[Array | np.ndarray, "_ _ _"]]
    """By number of the space: from reference to oriented basis functions."""


class _Program:
    """What of a compiled form is code rather than data; compared by identity."""

    def __init__(self, lowered: LoweredForm) -> None:
        self.lowered = lowered
        self.spaces: list[Any] = []
        for thing in (*lowered.arguments, *lowered.coefficients):
            self.number(thing.ufl_function_space())

    def number(self, space: Any) -> int:
        """The position of a space in ``spaces``, which grows by those not seen yet."""
        for position, known in enumerate(self.spaces):
            if known is space or known == space:
                return position
        self.spaces.append(space)
        return len(self.spaces) - 1


class CompiledForm(eqx.Module):
    """A form that can be assembled. Make one with :func:`compile_form`."""

    parts: tuple[_Part, ...]
    pattern: Pattern | None
    coordinates: Float[Array | np.ndarray, "nodes space"]
    """Of the mesh's geometry, as DOLFINx has them; the default of a call."""
    size: tuple[int, ...] = eqx.field(static=True)
    """Number of unknowns by argument: empty for a functional."""
    program: _Program = eqx.field(static=True)

    @property
    def rank(self) -> int:
        """0 for a functional, 1 for a vector, 2 for a matrix."""
        return len(self.size)

    def __call__(
        self,
        values: Mapping[Any, ArrayLike] | None = None,
        coordinates: Float[Array, "nodes space"] | None = None,
    ) -> Any:
        """Assemble.

        Parameters
        ----------
        values
            Numbers for coefficients (all their unknowns) and constants (an array of their shape),
            by UFL object; the rest keep their DOLFINx value.
        coordinates
            Of the mesh's geometry nodes; None keeps the mesh as it is.

        Returns
        -------
        Float[Array, ""] | Float[Array, "unknowns"] | SparseMatrix
            By rank. The floating-point type is the widest of those given, or JAX's default.
        """
        functions, constants = self.values(values or {})
        given = [*(values or {}).values(), *([] if coordinates is None else [coordinates])]
        dtype = _floating_type(given)
        points = jnp.asarray(self.coordinates if coordinates is None else coordinates, dtype)
        entries = _assemble(
            self,
            points,
            tuple(jnp.asarray(f, dtype) for f in functions),
            tuple(jnp.asarray(c, dtype) for c in constants),
        )
        if self.pattern is None:
            return entries
        return SparseMatrix(entries, self.pattern)

    def values(self, given: Mapping[Any, ArrayLike]) -> tuple[list[ArrayLike], list[ArrayLike]]:
        """All coefficients and constants, from what is given and else from DOLFINx."""
        lowered = self.program.lowered
        known = (*lowered.coefficients, *lowered.constants)
        for name in given:
            if not any(name is thing for thing in known):
                held = ", ".join(str(k) for k in known) or "none"
                raise InvalidInputError(f"{name} is no coefficient or constant of the form: {held}")
        functions = [_given(given, f, lambda f: f.x.array) for f in lowered.coefficients]
        constants = [_given(given, c, lambda c: c.value) for c in lowered.constants]
        for function, value in zip(lowered.coefficients, functions, strict=True):
            needed = (space_size(function.ufl_function_space()),)
            if np.shape(value) != needed:
                raise InvalidInputError(
                    f"{function} is given with shape {np.shape(value)}; it has {needed[0]} unknowns"
                )
        for constant, value in zip(lowered.constants, constants, strict=True):
            if np.shape(value) != constant.ufl_shape:
                raise InvalidInputError(
                    f"a constant is given with shape {np.shape(value)}; it has {constant.ufl_shape}"
                )
        return functions, constants


def compile_form(form: Any, *, chunk: int = CHUNK) -> CompiledForm:
    """Translate a UFL form on DOLFINx spaces into a program that assembles it.

    Cells, exterior and interior facets; every Basix element that DOLFINx can use; one mesh.

    Raises
    ------
    InvalidInputError
        For what is not such a form; where a node has no translation the message names it (when the
        form is first assembled).
    """
    lowered = lower(form)
    program = _Program(lowered)
    mesh = mesh_of(lowered.domain)
    dofs = [cell_dofs(space) for space in program.spaces]
    transforms = [cell_transforms(space) for space in program.spaces]
    geometry = np.asarray(mesh.geometry.dofmaps[0]).astype(np.int32)
    rows = [program.number(a.ufl_function_space()) for a in lowered.arguments]
    size = tuple(space_size(program.spaces[number]) for number in rows)

    chosen = [_entities(form, mesh, lowered, integral) for integral in lowered.integrals]
    targets = [
        [np.concatenate([dofs[n][cells].T for cells in entities.cells.values()]) for n in rows]
        for entities in chosen
    ]
    pattern, slots = None, [target[0] if target else np.zeros(0, np.int32) for target in targets]
    if len(size) == 2:
        pattern, slots = join_patterns([(t[0], t[1]) for t in targets], (size[0], size[1]))
    ends = {0: 1, 1: size[0] if size else 1, 2: 0 if pattern is None else pattern.entries}
    cell = lowered.domain.ufl_cell().cellname
    parts = []
    for integral, entities, slot in zip(lowered.integrals, chosen, slots, strict=True):
        used = {n: t for n, t in enumerate(transforms) if t is not None}
        data = EntityData(
            variants=dict(entities.variants),
            geometry={side: geometry[cells].T for side, cells in entities.cells.items()},
            unknowns={
                (n, side): table[cells].T
                for n, table in enumerate(dofs)
                for side, cells in entities.cells.items()
            },
            orientation={
                (n, side): kind[cells]
                for n, (_, kind) in used.items()
                for side, cells in entities.cells.items()
            },
        )
        count = len(next(iter(entities.variants.values())))
        if not len(size):
            slot = np.zeros(count, np.int32)
        if count == 0:
            continue
        parts.append(
            _Part(
                integral,
                ReferencePoints(cell, integral.kind, integral.points, entities.turns),
                jax.tree.map(lambda leaf: _chunked(leaf, chunk), data),
                _chunked(slot, chunk, fill=ends[len(size)]),
                {n: matrices for n, (matrices, _) in used.items()},
            )
        )
    coordinates = np.asarray(mesh.geometry.x)[:, : mesh.geometry.dim]
    return CompiledForm(tuple(parts), pattern, coordinates, size, program)


def _entities(form: Any, mesh: Any, lowered: LoweredForm, integral: Integral) -> Entities:
    tags = form.subdomain_data()[lowered.domain].get(integral.kind, [None])
    found = next((tag for tag in tags if tag is not None), None)
    return entities_of(mesh, integral.kind, found, integral.subdomains)


def _chunked(leaf: np.ndarray, chunk: int, fill: int | None = None) -> np.ndarray:
    """(..., entities) as (chunks, ..., chunk); padded by the last entity or by ``fill``."""
    count = leaf.shape[-1]
    size = min(chunk, count)
    missing = -count % size
    padding = [(0, 0)] * (leaf.ndim - 1) + [(0, missing)]
    padded = (
        np.pad(leaf, padding, mode="edge")
        if fill is None
        else np.pad(leaf, padding, constant_values=fill)
    )
    return np.ascontiguousarray(np.moveaxis(padded.reshape(*leaf.shape[:-1], -1, size), -2, 0))


def _given(given: Mapping[Any, ArrayLike], thing: Any, default: Any) -> ArrayLike:
    for name, value in given.items():
        if name is thing:
            return value
    return default(thing)


def _floating_type(given: list[Any]) -> Any:
    types = [x.dtype for x in given if hasattr(x, "dtype")]
    floating = [t for t in types if jnp.issubdtype(t, jnp.floating)]
    return max(floating, key=lambda t: t.itemsize) if floating else jnp.result_type(float)


@eqx.filter_jit
def _assemble(
    form: CompiledForm,
    coordinates: Float[Array, "nodes space"],
    functions: tuple[Float[Array, " _"], ...],
    constants: tuple[Float[Array, "..."], ...],
) -> Float[Array, "..."]:
    size = {0: 1, 1: form.size[0] if form.size else 1}.get(form.rank)
    if form.pattern is not None:
        size = form.pattern.entries
    entries = jnp.zeros(size, coordinates.dtype)
    # Inside a larger program the numbering is a constant: XLA must not try to fold it.
    arrays, code = eqx.partition(form.parts, eqx.is_array_like)
    parts = eqx.combine(jax.lax.optimization_barrier(arrays), code)
    for part in parts:
        entries = _add_part(form.program, part, entries, coordinates, functions, constants)
    return entries if form.rank else entries[0]


def _add_part(
    program: _Program,
    part: _Part,
    entries: Float[Array, " entries"],
    coordinates: Float[Array, "nodes space"],
    functions: tuple[Float[Array, " _"], ...],
    constants: tuple[Float[Array, "..."], ...],
) -> Float[Array, " entries"]:
    lowered = program.lowered

    def add(entries, chunk):
        entities, slots = chunk
        local = {
            function: {
                side: _unoriented(program, part, entities, function, side, values)
                for side in entities.geometry
            }
            for function, values in zip(lowered.coefficients, functions, strict=True)
        }
        blocks = element_blocks(
            part.integral,
            lowered.domain,
            lowered.arguments,
            part.reference,
            entities,
            coordinates,
            local,
            dict(zip(lowered.constants, constants, strict=True)),
        )
        for block in _oriented(program, part, entities, blocks):
            where = slots[block.places] if block.places else slots
            entries = entries.at[where].add(block.numbers, mode="drop")
        return entries, None

    chunks = (part.entities, part.slots)
    if part.slots.shape[0] == 1:
        return add(entries, jax.tree.map(lambda leaf: leaf[0], chunks))[0]
    return jax.lax.scan(add, entries, jax.tree.map(jnp.asarray, chunks))[0]


def _unoriented(
    program: _Program,
    part: _Part,
    entities: EntityData,
    function: Any,
    side: str,
    values: Float[Array, " unknowns"],
) -> Float[Array, "functions entities"]:
    """A function's unknowns on each entity, for the basis functions of the reference cell."""
    number = program.number(function.ufl_function_space())
    local = values[entities.unknowns[number, side]]
    if number not in part.transforms:
        return local
    matrices = jnp.asarray(part.transforms[number], local.dtype)
    return jnp.einsum("eij,ie->je", matrices[entities.orientation[number, side]], local)


def _oriented(
    program: _Program, part: _Part, entities: EntityData, blocks: list[Block]
) -> list[Block]:
    """Element tensors for the oriented basis functions: rows and columns transformed."""
    arguments = program.lowered.arguments
    numbers = [program.number(a.ufl_function_space()) for a in arguments]
    if not any(n in part.transforms for n in numbers) or not blocks:
        return blocks
    sides = list(entities.geometry)
    sizes = [a.ufl_function_space().ufl_element().dim for a in arguments]
    whole = jnp.zeros(
        (*(n * len(sides) for n in sizes), blocks[0].numbers.shape[-1]), blocks[0].numbers.dtype
    )
    for block in blocks:
        whole = whole.at[block.places].add(block.numbers)
    for axis, (number, size) in enumerate(zip(numbers, sizes, strict=True)):
        if number in part.transforms:
            matrices = jnp.asarray(part.transforms[number], whole.dtype)
            halves = [
                _transformed(
                    matrices[entities.orientation[number, side]],
                    jax.lax.slice_in_dim(whole, i * size, (i + 1) * size, axis=axis),
                    axis,
                )
                for i, side in enumerate(sides)
            ]
            whole = jnp.concatenate(halves, axis=axis)
    return [Block(tuple(slice(None) for _ in sizes), whole)]


def _transformed(
    matrices: Float[Array, "entities n n"], tensor: Float[Array, "..."], axis: int
) -> Float[Array, "..."]:
    if tensor.ndim == 2:
        return jnp.einsum("eij,je->ie", matrices, tensor)
    return jnp.einsum(["eij,jke->ike", "eij,kje->kie"][axis], matrices, tensor)
