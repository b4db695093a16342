"""The estimate of live memory counts what it should, and the budget is measured once."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from aion_kernels.core import chunking
from aion_kernels.core.chunking import chunk_budget, chunk_size, live_bytes, member_bytes

VECTOR = jax.ShapeDtypeStruct((100,), jnp.float64)
BYTES = 800


def test_a_chain_keeps_two_values_alive():
    """The input is alive to the program's first use of it only: one value in, one value out."""
    assert member_bytes(lambda x: jnp.sin(jnp.cos(jnp.exp(x))), VECTOR) == 2 * BYTES


def test_a_value_used_late_stays_alive():
    assert member_bytes(lambda x: jnp.cos(jnp.exp(x)) * x, VECTOR) == 3 * BYTES


def test_an_unused_value_is_not_kept():
    """Only x and its two reshaped copies are; the 100 × 100 product is never asked for."""
    jaxpr = jax.make_jaxpr(lambda x: (x[:, None] * x[None, :], x)[1])(VECTOR).jaxpr
    assert live_bytes(jaxpr) == 3 * BYTES


@pytest.mark.parametrize("kind", ["scan", "while", "cond", "jit"])
def test_inner_programs_count(kind):
    """A body that makes a 100 × 100 table must be seen through each construct that may hide it."""

    def body(x):
        return jnp.sum(x[:, None] * x[None, :], axis=1)

    def outer(x):
        if kind == "scan":
            return jax.lax.scan(lambda c, _: (body(c), None), x, length=3)[0]
        if kind == "while":
            return jax.lax.while_loop(lambda c: c[0] < 1, body, x)
        if kind == "cond":
            return jax.lax.cond(x[0] > 0, body, lambda y: y, x)
        return jax.jit(body)(x)

    table = 100 * BYTES
    assert table <= member_bytes(outer, VECTOR) <= table + 6 * BYTES


def test_chunk_is_at_least_one_member():
    device = jax.devices("cpu")[0]
    huge = jax.ShapeDtypeStruct((1 << 40,), jnp.float64)
    assert chunk_size(jnp.sin, huge, device) == 1
    assert chunk_size(jnp.sin, VECTOR, device) == chunk_budget(device) // (2 * BYTES)


def test_knee_is_the_largest_working_set_that_is_still_fast():
    assert chunking._knee([(1, 5.0), (4, 10.0), (16, 5.1), (64, 2.0), (256, 1.0)]) == 16


def test_accelerator_takes_a_share_of_free_memory():
    assert chunking._accelerator_budget({"bytes_limit": 100, "bytes_in_use": 20}) == 40


@pytest.mark.parametrize("memory", [None, {}])
def test_accelerator_without_statistics_has_a_budget(memory):
    assert chunking._accelerator_budget(memory) == 1 << 30


def test_budget_of_an_accelerator_is_not_that_of_a_core(monkeypatch):
    """There may be no accelerator here, so a CPU device plays one."""
    device = jax.devices("cpu")[0]
    monkeypatch.setattr(chunking, "_is_cpu", lambda device: False)
    assert chunk_budget(device) == chunking._accelerator_budget(device.memory_stats())


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AION_CACHE", str(tmp_path))
    monkeypatch.setattr(chunking, "_measure_rates", lambda: [(10, 1.0), (1000, 0.9), (9999, 0.1)])
    chunking._cpu_budget.cache_clear()
    yield tmp_path
    chunking._cpu_budget.cache_clear()


def test_budget_is_kept_between_processes(empty_cache, monkeypatch):
    assert chunking._cpu_budget() == 1000
    (record,) = empty_cache.rglob("chunk-budget-*.json")
    assert json.loads(record.read_text())["bytes"] == 1000
    chunking._cpu_budget.cache_clear()
    monkeypatch.setattr(chunking, "_measure_rates", lambda: pytest.fail("measured twice"))
    assert chunking._cpu_budget() == 1000


@pytest.mark.parametrize("damage", ["", "{}", '{"bytes": null}', "[1]"])
def test_damaged_record_is_measured_again(empty_cache, damage):
    chunking._cpu_budget()
    (record,) = empty_cache.rglob("chunk-budget-*.json")
    record.write_text(damage)
    chunking._cpu_budget.cache_clear()
    assert chunking._cpu_budget() == 1000


def test_unwritable_cache_is_no_obstacle(empty_cache, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(chunking, "write_bytes", refuse)
    assert chunking._cpu_budget() == 1000


def test_measured_rates_are_plausible():
    """Only the form: a rate is no constant of a shared machine."""
    rates = chunking._measure_rates()
    assert [size for size, _ in rates] == sorted(size for size, _ in rates)
    assert all(rate > 0 for _, rate in rates)
