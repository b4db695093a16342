"""Native kernels: equal to their twins, batched, differentiated, threaded."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core import native
from aion_kernels.core.native import dispatch
from aion_kernels.core.native.build import NoCompilerError, find_compiler
from aion_kernels.core.native.laplacian import laplacian

PROBES = Path(__file__).parent / "native_sources" / "probes.cpp"
ATTRIBUTES = {"exponent": 3, "negative": True, "rule": "reverse", "scale": 0.5}
PRECISIONS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def gather_power_twin(values, index, *, exponent, negative, rule, scale):
    picked = values[index[::-1] if rule == "reverse" else index]
    return jnp.asarray(-scale if negative else scale, values.dtype) * picked**exponent


@pytest.fixture(autouse=True)
def compiler() -> None:
    """Without a compiler there is no native code to test; test_native_build covers that case."""
    try:
        find_compiler()
    except NoCompilerError as error:
        pytest.skip(str(error))


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_REGISTRY", {})


@pytest.fixture
def gather_power(own_registry: None) -> native.NativeKernel:
    return native.kernel("gather_power", source=PROBES, twin=gather_power_twin)


@pytest.fixture
def twin_laplacian(monkeypatch: pytest.MonkeyPatch):
    """The same function, told to run its twin."""

    def run(field, spacing):
        with monkeypatch.context() as patch:
            patch.setenv("AION_NATIVE", "0")
            return laplacian(field, spacing)

    return run


def fields(dtype, *shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def round_off(dtype, scale):
    """Sums of a few terms in another order differ by a few units in the last place."""
    return 8 * float(np.finfo(dtype).eps) * float(scale)


class TestLaplacian:
    def test_is_discovered_and_native(self):
        native.discover()
        found = {entry.name: entry for entry in native.status()}
        assert found["laplacian"].path == "native"
        assert "compiled library" in found["laplacian"].reason

    @PRECISIONS
    def test_of_a_quadratic_is_exact(self, dtype):
        """Second differences of 3 y² + 2 x² − xy have no truncation error, so only round-off is
        left, and integers keep even that away."""
        y, x = jnp.meshgrid(jnp.arange(9.0), jnp.arange(7.0), indexing="ij")
        field = (3 * y**2 + 2 * x**2 - x * y).astype(dtype)
        result = laplacian(field, jnp.ones(2, dtype))
        np.testing.assert_array_equal(result, np.full((7, 5), 10, dtype))
        assert result.dtype == dtype

    @PRECISIONS
    @pytest.mark.parametrize("shape", [(3, 3), (34, 50), (700, 700)])
    def test_equals_its_twin(self, dtype, shape, twin_laplacian):
        field, spacing = fields(dtype, *shape), jnp.asarray([0.5, 0.25], dtype)
        # Weights of 4 and 16 on values of size 5 at most.
        np.testing.assert_allclose(
            laplacian(field, spacing),
            twin_laplacian(field, spacing),
            rtol=0,
            atol=round_off(dtype, 4 * 20 * 5),
        )

    @pytest.mark.parametrize("shape", [(2, 5), (5, 2)])
    def test_of_an_empty_inside_is_empty(self, shape):
        assert laplacian(jnp.ones(shape), jnp.ones(2)).size == 0

    @PRECISIONS
    @pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
    def test_batch_equals_loop(self, dtype, axes):
        """Bitwise: a member's rows run through the same loop wherever they lie."""
        field, spacing = fields(dtype, 6, 20, 33), 1 + fields(dtype, 6, 2) ** 2
        batch = [x if axis == 0 else x[0] for x, axis in zip((field, spacing), axes, strict=True)]
        batched = jax.vmap(laplacian, axes)(*batch)
        for member in range(6):
            alone = [x[member] if axis == 0 else x for x, axis in zip(batch, axes, strict=True)]
            np.testing.assert_array_equal(batched[member], laplacian(*alone))

    def test_batch_of_batches_shares_arrays(self):
        """Two batch dimensions, each shared by the other's array: the table of all pairs."""
        field, spacing = fields(np.float64, 3, 8, 9), 1 + fields(np.float64, 4, 2) ** 2
        table = jax.vmap(jax.vmap(laplacian, (None, 0)), (0, None))(field, spacing)
        for i, j in itertools.product(range(3), range(4)):
            np.testing.assert_array_equal(table[i, j], laplacian(field[i], spacing[j]))

    @PRECISIONS
    def test_adjoint(self, dtype):
        """⟨L f, g⟩ = ⟨f, Lᵀ g⟩; two sums of 10⁴ random terms round to within 10⁻⁵ and 10⁻¹³."""
        field, other = fields(dtype, 102, 102), fields(dtype, 100, 100, seed=1)
        spacing = jnp.asarray([1.0, 2.0], dtype)
        value, pull_back = jax.vjp(lambda f: laplacian(f, spacing), field)
        (back,) = pull_back(other)
        tolerance = {np.float32: 1e-5, np.float64: 1e-13}[dtype] * float(
            jnp.linalg.norm(value) * jnp.linalg.norm(other)
        )
        assert abs(jnp.vdot(value, other) - jnp.vdot(field, back)) < tolerance

    def test_gradients_under_jit_and_vmap_equal_the_twins(self, twin_laplacian):
        def energy(function):
            return lambda f, h: jnp.sum(function(f, h) ** 2)

        field, spacing = fields(np.float64, 4, 12, 10), 1 + fields(np.float64, 4, 2) ** 2
        gradients = jax.jit(jax.vmap(jax.grad(energy(laplacian), (0, 1))))(field, spacing)
        expected = jax.vmap(jax.grad(energy(twin_laplacian), (0, 1)))(field, spacing)
        for ours, theirs in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-11)

    def test_second_derivative(self):
        """Σ (L f)² scales as spacing⁻⁴, so h² d²/dh² is 20 times the value; exact to round-off."""
        field = fields(np.float64, 12, 10)

        def energy(h):
            return jnp.sum(laplacian(field, jnp.stack([h, h])) ** 2)

        h = jnp.asarray(0.7)
        curvature = jax.grad(jax.grad(energy))(h)
        np.testing.assert_allclose(curvature * h**2, 20 * energy(h), rtol=1e-12)


class TestAnyKernel:
    """What the mechanism promises to a kernel without a derivative of its own."""

    @PRECISIONS
    def test_attributes_and_integer_arguments(self, gather_power, dtype):
        values, index = fields(dtype, 7), jnp.asarray([1, 1, 5, 0], jnp.int32)
        assert gather_power.status.path == "native"
        np.testing.assert_allclose(
            jax.jit(lambda v, i: gather_power(v, i, **ATTRIBUTES))(values, index),
            gather_power_twin(values, index, **ATTRIBUTES),
            rtol=round_off(dtype, 1),
        )

    def test_derivatives_in_both_modes_and_again(self, gather_power):
        """All rules are the twin's, so they agree with its own to round-off."""
        index = jnp.asarray([1, 1, 5, 0], jnp.int32)
        values = fields(np.float64, 7)

        def ours(v):
            return gather_power(v, index, **ATTRIBUTES)

        def theirs(v):
            return gather_power_twin(v, index, **ATTRIBUTES)

        for derivative in (jax.jacfwd, jax.jacrev, jax.hessian):
            np.testing.assert_allclose(
                derivative(ours)(values), derivative(theirs)(values), rtol=1e-14
            )
        batch = fields(np.float64, 3, 7)
        np.testing.assert_allclose(
            jax.vmap(jax.jacrev(ours))(batch), jax.vmap(jax.jacrev(theirs))(batch), rtol=1e-14
        )

    def test_a_reverse_pass_keeps_only_the_inputs(self, gather_power):
        values, index = fields(np.float64, 7), jnp.asarray([1, 2], jnp.int32)
        pull_back = jax.vjp(lambda v: gather_power(v, index, **ATTRIBUTES), values)[1]
        kept = [leaf for leaf in jax.tree.leaves(pull_back) if leaf.dtype == np.float64]
        assert [leaf.shape for leaf in kept] in ([], [(7,)])

    def test_other_types_run_the_twin(self, gather_power):
        values, index = jnp.ones(7, jnp.float16), jnp.asarray([1, 2], jnp.int32)
        assert gather_power(values, index, **ATTRIBUTES).dtype == jnp.float16

    def test_what_is_lowered_for_an_accelerator_is_the_twin(self, gather_power):
        def program(v, i):
            return gather_power(v, i, **ATTRIBUTES)

        example = jnp.ones(7), jnp.asarray([1, 2], jnp.int32)
        lowered = {
            platform: jax.jit(program).trace(*example).lower(lowering_platforms=(platform,))
            for platform in ("cpu", "cuda")
        }
        assert "aion.gather_power" in lowered["cpu"].as_text()
        assert "aion.gather_power" not in lowered["cuda"].as_text()


class TestThreads:
    @pytest.fixture
    def threads(self, own_registry: None) -> native.NativeKernel:
        def twin(x):
            return jnp.zeros(x.shape[0] + 1, jnp.int64)

        kernel = native.kernel("threads", source=PROBES, twin=twin)
        assert kernel.status.path == "native"
        return kernel

    def test_work_is_spread_over_the_pool(self, threads):
        *workers, size = np.asarray(threads(jnp.zeros(40)))
        assert 0 not in workers, "an item was left out"
        assert len(set(workers)) > 1 or size == 1

    @pytest.mark.timeout(60)
    def test_calls_that_wait_for_each_other_finish(self, threads):
        """XLA runs independent calls on the very threads that each of them wants help from."""

        @jax.jit
        def program(x):
            return sum(jnp.count_nonzero(threads(x + k)) for k in range(8))

        counts: list[int] = []
        callers = [
            threading.Thread(target=lambda: counts.append(int(program(jnp.zeros(20)))))
            for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert counts == [8 * 21] * 4


def test_members_are_shared_out_over_devices():
    """An ensemble on four devices gives each its members; the kernel and its gradient with them."""
    script = """
import jax, jax.numpy as jnp, numpy as np
from aion_kernels.core.ensemble import ensemble
from aion_kernels.core.native.laplacian import laplacian

def member(field):
    energy = lambda f: jnp.sum(laplacian(f, jnp.ones(2)) ** 2)
    return jax.value_and_grad(energy)(field)

fields = np.random.default_rng(0).normal(size=(8, 10, 12))
four, one = (ensemble(member, fields, chunk=8, devices=d).value for d in (jax.devices(), None))
assert len(jax.devices()) == 4
jax.tree.map(np.testing.assert_array_equal, four, one)
"""
    flags = "--xla_force_host_platform_device_count=4"
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_ENABLE_X64": "1"},
        check=True,
        timeout=120,
    )
