"""Compiled forms are DOLFINx's own, to round-off; batched, differentiated, and refused by name."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import ufl
from dolfinx import fem

from aion_kernels.fem.forms import compile_form
from aion_kernels.invalid import InvalidInputError

_SAMPLES = importlib.util.spec_from_file_location(
    "sample_forms", Path(__file__).with_name("sample_forms.py")
)
assert _SAMPLES is not None
assert _SAMPLES.loader is not None
samples = importlib.util.module_from_spec(_SAMPLES)
_SAMPLES.loader.exec_module(samples)


def by_dolfinx(form):
    compiled = fem.form(form)
    if compiled.rank == 0:
        return np.asarray(fem.assemble_scalar(compiled))
    if compiled.rank == 1:
        return fem.assemble_vector(compiled).array
    matrix = fem.assemble_matrix(compiled)
    matrix.scatter_reverse()
    return matrix.to_scipy().toarray()


def assert_equals_dolfinx(name):
    """1e-12 of the largest entry: sums of some hundred products in another order."""
    form = samples.FORMS[name]()
    ours, theirs = compile_form(form)(), by_dolfinx(form)
    dense = ours.to_scipy().toarray() if ours.__class__.__name__ == "SparseMatrix" else ours
    assert np.shape(dense) == np.shape(theirs)
    assert np.max(np.abs(dense - theirs)) <= 1e-12 * np.max(np.abs(theirs))


@pytest.mark.parametrize("name", samples.QUICK)
def test_a_handful_of_forms_equal_dolfinx(name):
    assert_equals_dolfinx(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(samples.FORMS) - set(samples.QUICK)))
def test_every_form_equals_dolfinx(name):
    assert_equals_dolfinx(name)


def test_the_suite_has_more_than_forty_forms():
    assert len(samples.FORMS) > 40


def diffusion():
    space = samples.space("triangle", "Lagrange", 2)
    u, v = samples.pair(space)
    conductivity = fem.Constant(space.mesh, 1.0)
    field = samples.field(space)
    return (
        conductivity * field**2 * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx,
        conductivity,
        field,
    )


def test_chunks_change_nothing():
    """Entities in chunks of 5, the last one padded, sum to the same entries; to round-off."""
    form, _, _ = diffusion()
    whole, chunked = compile_form(form)(), compile_form(form, chunk=5)()
    np.testing.assert_allclose(chunked.entries, whole.entries, rtol=1e-13, atol=1e-14)


def test_a_batch_equals_a_loop_and_keeps_the_type():
    form, conductivity, _ = diffusion()
    compiled = compile_form(form)
    values = jnp.asarray([1.0, 2.0, 5.0])
    together = jax.vmap(lambda k: compiled({conductivity: k}).entries)(values)
    for row, value in zip(together, values, strict=True):
        np.testing.assert_allclose(
            row, compiled({conductivity: value}).entries, rtol=1e-13, atol=1e-15
        )
    single = compiled({conductivity: jnp.asarray(2.0, jnp.float32)})
    assert single.entries.dtype == jnp.float32
    np.testing.assert_allclose(single.entries, together[1], rtol=1e-4, atol=1e-5)


def test_the_action_is_the_matrix_times_a_vector():
    """The same bilinear form with a function in place of u, assembled without a matrix."""
    form, _, field = diffusion()
    vector = samples.field(field.function_space)
    action = compile_form(ufl.action(form, vector))()
    product = compile_form(form)() @ jnp.asarray(vector.x.array)
    np.testing.assert_allclose(action, product, rtol=1e-12, atol=1e-13)


def test_derivatives_by_coefficients_and_coordinates():
    """Central differences of step 1e-6 are good to about 1e-9 of a sum of order one."""
    form, _, field = diffusion()
    functional = compile_form(ufl.action(ufl.action(form, field), field))
    values = jnp.asarray(field.x.array)
    points = jnp.asarray(functional.coordinates)
    others = [f for f in functional.program.lowered.coefficients]
    assert others == [field]

    def energy(values, points):
        return functional({field: values}, points)

    found = jax.grad(energy, argnums=(0, 1))(values, points)
    for axis, base in enumerate((values, points)):
        direction = jnp.asarray(np.random.default_rng(1).standard_normal(base.shape))
        arguments = [values, points]

        def moved(step, axis=axis, base=base, direction=direction, arguments=arguments):
            changed = list(arguments)
            changed[axis] = base + step * direction
            return energy(*changed)

        slope = (moved(1e-6) - moved(-1e-6)) / 2e-6
        np.testing.assert_allclose(jnp.sum(found[axis] * direction), slope, rtol=1e-6)


def test_what_cannot_be_compiled_is_refused_by_name():
    mesh = samples.mesh("triangle")
    space = samples.space("triangle", "Lagrange", 1)
    u, v = samples.pair(space)
    with pytest.raises(InvalidInputError, match="not a UFL form"):
        compile_form(u * v)
    bessel = compile_form(ufl.bessel_Y(1, samples.field(space)) * v * ufl.dx)
    with pytest.raises(InvalidInputError, match="BesselY"):
        bessel()
    with pytest.raises(InvalidInputError, match="vertex"):
        compile_form(v * ufl.Measure("dP", domain=mesh))
    with pytest.raises(InvalidInputError, match="no tags"):
        compile_form(u * v * ufl.ds(7))
    form, conductivity, field = diffusion()
    compiled = compile_form(form)
    with pytest.raises(InvalidInputError, match="no coefficient"):
        compiled({fem.Constant(mesh, 1.0): 2.0})
    with pytest.raises(InvalidInputError, match="unknowns"):
        compiled({field: np.ones(3)})
    with pytest.raises(InvalidInputError, match="shape"):
        compiled({conductivity: np.ones(2)})
