"""A batch is computed as its members would be, one program for all, and no member harms another."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core.ensemble import ensemble
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution

ONE_AT_A_TIME = {"workers": 1}


def heron(member):
    """Square root by Newton's method until it stands still: a loop of unlike lengths."""
    target = member["target"]

    def unfinished(carry):
        return carry[1] > 1e-14 * target

    def improve(carry):
        root, _, steps = carry
        better = 0.5 * (root + target / root)
        return better, jnp.abs(better - root), steps + 1

    root, _, steps = jax.lax.while_loop(
        unfinished, improve, (member["guess"], target, jnp.zeros((), jnp.int32))
    )
    return Solution({"root": root}, jnp.int32(0), {"steps": steps})


def heron_batch(members: int) -> dict[str, np.ndarray]:
    return {"target": np.linspace(1.0, 400.0, members), "guess": np.full(members, 3.0)}


@contextmanager
def counted_compiles() -> Iterator[list[str]]:
    """The names of the programs that XLA compiles inside the block."""
    compiled: list[str] = []

    def note(event: str, _seconds: float, **details: object) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(str(details.get("fun_name", "")))

    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(note)


@pytest.mark.parametrize("chunk", [1, 4, 5, 11, 100, "auto"])
def test_batch_equals_loop(chunk):
    """Bitwise: the members hold no reductions, so vectorising reorders nothing."""
    batch = heron_batch(11)
    result = ensemble(heron, batch, chunk=chunk)
    program = jax.jit(heron)
    for index in range(11):
        alone = program(jax.tree.map(lambda leaf, index=index: leaf[index], batch))
        assert result.value["root"][index] == alone.value["root"]
        assert result.stats["steps"][index] == alone.stats["steps"]
    assert (result.outcome == Outcome.ok).all()
    assert result.stats["members"] == 11
    assert 1 <= result.stats["chunk"] <= 11


def test_result_need_not_be_a_solution():
    result = ensemble(lambda x: {"double": 2 * x}, np.arange(5))
    np.testing.assert_array_equal(result.value["double"], 2 * np.arange(5))
    assert result.value["double"].dtype == np.int64
    assert result.outcome.dtype == np.int32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_of_the_input_is_kept(dtype):
    assert ensemble(jnp.sin, np.linspace(0, 1, 3, dtype=dtype)).value.dtype == dtype


def test_random_keys_are_members_too():
    keys = jax.random.split(jax.random.key(3), 5)
    result = ensemble(jax.random.normal, keys, chunk=2)
    expected = [float(jax.random.normal(key)) for key in keys]
    np.testing.assert_array_equal(result.value, expected)


def test_failing_member_is_isolated():
    """A NaN in one member must not reach the members beside it in its chunk."""
    batch = heron_batch(6)
    healthy = ensemble(heron, batch, chunk=3)
    batch["guess"][4] = np.nan
    result = ensemble(heron, batch, chunk=3)
    assert result.outcome.tolist() == [0, 0, 0, 0, int(Outcome.non_finite), 0]
    others = [0, 1, 2, 3, 5]
    np.testing.assert_array_equal(result.value["root"][others], healthy.value["root"][others])


def test_outcome_of_the_function_is_merged():
    """What the function reports stands unless the value is worse: non-finite beats unresolved."""

    def report(code):
        return Solution(jnp.where(code == 1, jnp.nan, 1.0), code, {})

    result = ensemble(report, np.array([0, 1, 2, 3], np.int32))
    assert result.outcome.tolist() == [0, int(Outcome.non_finite), 2, 3]


def test_second_call_compiles_nothing():
    batch = heron_batch(10)
    with counted_compiles() as first:
        ensemble(heron, batch, chunk=7)
    assert len(first) == 1
    other = {"target": batch["target"] + 1, "guess": batch["guess"]}
    with counted_compiles() as second:
        result = ensemble(heron, other, chunk=7)
    assert second == []
    assert result.stats["compile_seconds"] == 0.0


def test_automatic_chunk_compiles_the_same_program_again_for_no_call():
    with counted_compiles() as compiled:
        for _ in range(3):
            ensemble(heron, heron_batch(13))
    assert len([name for name in compiled if "heron" in name or "guarded" in name]) <= 1


def test_precision_setting_is_part_of_the_program():
    def product(x):
        return x @ x

    batch = np.ones((2, 3, 3), np.float32)
    ensemble(product, batch)
    with jax.default_matmul_precision("highest"), counted_compiles() as compiled:
        ensemble(product, batch)
    assert len(compiled) == 1


def test_function_that_cannot_be_hashed_still_runs():
    function = partial(jnp.add, np.array([1.0, 2.0]))

    class Unhashable:
        __hash__ = None

        def __call__(self, x):
            return function(x)

    result = ensemble(Unhashable(), np.zeros((3, 2)))
    np.testing.assert_array_equal(result.value, np.tile([1.0, 2.0], (3, 1)))


@pytest.mark.parametrize("workers", [1, 3])
def test_chunks_are_handed_out_in_order_and_in_this_thread(workers):
    seen, threads = [], set()

    def collect(indices, part):
        assert part.value["root"].shape == indices.shape
        seen.extend(indices.tolist())
        threads.add(threading.current_thread())

    ensemble(heron, heron_batch(10), chunk=3, workers=workers, on_chunk=collect)
    assert seen == list(range(10))
    assert threads == {threading.current_thread()}


def test_stop_in_the_middle_keeps_what_is_done():
    """Asked for while the second of four chunks is in flight: that one still finishes."""
    done = []
    result = ensemble(
        heron,
        heron_batch(10),
        chunk=3,
        on_chunk=lambda indices, part: done.extend(indices),
        should_stop=lambda: len(done) >= 3,
        **ONE_AT_A_TIME,
    )
    assert done == list(range(6))
    assert (result.outcome[:6] == Outcome.ok).all()
    assert (result.outcome[6:] == Outcome.interrupted).all()
    assert np.isnan(result.value["root"][6:]).all()
    assert (result.stats["steps"][6:] == 0).all()


def test_stop_before_the_start_runs_nothing():
    result = ensemble(heron, heron_batch(4), should_stop=lambda: True)
    assert (result.outcome == Outcome.interrupted).all()
    assert result.value["root"].shape == (4,)


def test_error_in_a_callback_reaches_the_caller():
    def refuse(indices, part):
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        ensemble(heron, heron_batch(10), chunk=2, workers=2, on_chunk=refuse)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({}, "no arrays"),
        ({"a": np.zeros(0)}, "the batch is empty"),
        ({"a": np.zeros(3), "b": np.zeros(4)}, r"\['b'\] has 4 members but \['a'\] has 3"),
        ({"a": np.zeros(3), "b": 1.0}, r"\['b'\] is a scalar"),
    ],
)
def test_malformed_batch_is_named(batch, message):
    with pytest.raises(ValueError, match=message):
        ensemble(lambda member: member, batch)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chunk": 0}, "chunk is 0"),
        ({"workers": 0}, "workers is 0"),
        ({"devices": []}, "devices is empty"),
    ],
)
def test_malformed_option_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        ensemble(jnp.sin, np.ones(2), **options)


def test_reserved_stats_are_refused():
    def greedy(x):
        return Solution(x, jnp.int32(0), {"chunk": x})

    with pytest.raises(ValueError, match="chunk"):
        ensemble(greedy, np.ones(2))


def test_each_member_knows_its_share_of_the_time():
    result = ensemble(heron, heron_batch(10), chunk=4, workers=1)
    seconds = result.stats["member_seconds"]
    assert seconds.shape == (10,)
    assert 0 < seconds.sum() <= result.stats["run_seconds"]


def test_precision_set_for_a_block_reaches_the_chunks():
    """Such a setting holds for the thread that made it; chunks run in others."""
    jax.config.update("jax_enable_x64", False)
    try:
        with jax.enable_x64(True):
            result = ensemble(jnp.sin, np.linspace(0.0, 1.0, 4), chunk=2, workers=2)
    finally:
        jax.config.update("jax_enable_x64", True)
    assert result.value.dtype == np.float64


def test_no_silent_downcast():
    with jax.enable_x64(False), pytest.raises(ValueError, match="float64 but 64-bit"):
        ensemble(jnp.sin, np.ones(2))


MULTI_DEVICE = """
import jax, jax.numpy as jnp, numpy as np
from aion_kernels.core.ensemble import ensemble
jax.config.update("jax_enable_x64", True)

def newton(target):
    return jax.lax.while_loop(
        lambda c: jnp.abs(c * c - target) > 1e-12 * target, lambda c: 0.5 * (c + target / c), target
    )

targets = np.linspace(1.0, 9.0, 10)
spread = ensemble(newton, targets, chunk=6, devices=jax.devices())
alone = ensemble(newton, targets, chunk=6, devices=jax.devices()[3:])
assert len(jax.devices()) == 4
assert spread.stats["chunk"] == 8, spread.stats
np.testing.assert_array_equal(spread.value, alone.value)
np.testing.assert_array_equal(ensemble(newton, targets, devices=jax.devices()).value, alone.value)
"""


def test_devices_share_a_chunk():
    """In a process of its own, since the number of devices is fixed at the start of one."""
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
    }
    subprocess.run([sys.executable, "-c", MULTI_DEVICE], check=True, env=environment, timeout=120)
