"""A UFL form as integrals of primitive nodes over quadrature points of reference cells.

UFL's own algorithms do the mathematics: derivatives, pull-backs of H(div) and H(curl) elements,
the scaling to the reference cell, geometry in terms of the Jacobian, restrictions next to the
terminals. They are called here the way that FFCx calls them, so that both compilers start from the
same expression and choose the same quadrature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import basix
import numpy as np
import ufl
from jaxtyping import Float
from ufl.algorithms import compute_form_data, extract_elements

from aion_kernels.invalid import InvalidInputError

__all__ = ["Integral", "LoweredForm", "lower"]

_KINDS = ("cell", "exterior_facet", "interior_facet")


@dataclass(frozen=True, eq=False)
class Integral:
    """One integrand on the reference cell, with the rule that sums it."""

    kind: str
    """``cell``, ``exterior_facet`` or ``interior_facet``."""
    subdomains: tuple[int, ...]
    """Tags of the entities to integrate over; −1 stands for all of them."""
    integrand: Any
    """UFL expression of primitive nodes; the weight is one of its factors."""
    points: Float[np.ndarray, "points dimension"]
    """On the reference cell, or on the reference facet."""
    weights: Float[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class LoweredForm:
    """A form after UFL is done with it."""

    rank: int
    domain: Any
    arguments: tuple[Any, ...]
    coefficients: tuple[Any, ...]
    constants: tuple[Any, ...]
    integrals: tuple[Integral, ...]


def lower(form: Any) -> LoweredForm:
    """Lower a UFL form.

    Raises :class:`InvalidInputError` for what is not a form, an empty form, a form over several
    meshes, and integrals other than those over cells and facets.
    """
    if not isinstance(form, ufl.Form):
        raise InvalidInputError(
            f"{type(form).__name__} is not a UFL form; multiply the integrand by a measure, "
            "as in inner(grad(u), grad(v)) * dx"
        )
    if form.empty():
        raise InvalidInputError("the form is empty: all of its integrands are zero")
    domains = form.ufl_domains()
    if len(domains) != 1:
        raise InvalidInputError(f"the form lives on {len(domains)} meshes; one is supported")
    for integral in form.integrals():
        if integral.integral_type() not in _KINDS:
            raise InvalidInputError(
                f"the form has a '{integral.integral_type()}' integral; "
                f"{', '.join(_KINDS)} are supported (dx, ds, dS)"
            )
    try:
        data = compute_form_data(
            form,
            do_apply_function_pullbacks=True,
            do_apply_integral_scaling=True,
            do_apply_geometry_lowering=True,
            preserve_geometry_types=(ufl.classes.Jacobian,),
            do_apply_restrictions=True,
            do_append_everywhere_integrals=False,
            complex_mode=False,
        )
    except (ValueError, ufl.UFLException) as error:
        raise InvalidInputError(f"UFL refuses the form: {error}") from error
    cell = domains[0].ufl_cell().cellname
    return LoweredForm(
        rank=data.rank,
        domain=domains[0],
        arguments=tuple(form.arguments()),
        coefficients=tuple(data.reduced_coefficients),
        constants=tuple(form.constants()),
        integrals=tuple(
            _integral(group, integral, cell)
            for group in data.integral_data
            for integral in group.integrals
        ),
    )


def _integral(group: Any, integral: Any, cell: str) -> Integral:
    subdomains = tuple(-1 if s == "otherwise" else int(s) for s in _as_tuple(group.subdomain_id))
    points, weights = _quadrature(integral, _integration_cell(group.integral_type, cell))
    return Integral(group.integral_type, subdomains, integral.integrand(), points, weights)


def _as_tuple(subdomain: Any) -> Sequence[Any]:
    return subdomain if isinstance(subdomain, tuple) else (subdomain,)


def _integration_cell(kind: str, cell: str) -> basix.CellType:
    whole = basix.CellType[cell]
    if kind == "cell":
        return whole
    facets = set(basix.cell.subentity_types(whole)[-2])
    if len(facets) != 1:
        raise InvalidInputError(f"the facets of a {cell} are of unlike kinds; they are refused")
    return facets.pop()


def _quadrature(integral: Any, cell: basix.CellType) -> tuple[np.ndarray, np.ndarray]:
    elements = extract_elements(integral)
    for element in elements:
        if element.has_custom_quadrature:
            points, weights = element.custom_quadrature()
            return np.asarray(points), np.asarray(weights)
    metadata = integral.metadata()
    rule = metadata.get("quadrature_rule", "default")
    if rule == "custom":
        return (
            np.asarray(metadata["quadrature_points"]),
            np.asarray(metadata["quadrature_weights"]),
        )
    if rule == "vertex":
        vertices = basix.cell.geometry(cell)
        volume = basix.cell.volume(cell)
        return vertices, np.full(len(vertices), volume / len(vertices))
    degree = metadata.get("quadrature_degree", -1)
    if degree < 0:
        degree = int(np.max(metadata["estimated_polynomial_degree"]))
    polynomials = basix.PolysetType.standard
    for element in elements:
        polynomials = basix.polyset_superset(cell, polynomials, element.polyset_type)
    if cell == basix.CellType.point:
        return np.zeros((1, 0)), np.ones(1)
    return basix.make_quadrature(
        cell, degree, rule=basix.quadrature.string_to_type(rule), polyset_type=polynomials
    )
