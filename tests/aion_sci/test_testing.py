"""The contract of an experiment holds for sound ones, and each of its tests catches its fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import pytest

from aion_sci.experiments import (
    Experiment,
    Field,
    Ladder,
    Measured,
    Observable,
    Parameter,
    Referee,
    Reference,
    registry,
)
from aion_sci.testing import ExperimentContract


@pytest.fixture(autouse=True)
def _registered(samples: ModuleType) -> None:
    """Every test here needs the sample experiments."""


class TestDecay(ExperimentContract):
    id = "sample.decay"
    points = ({"rate": 1.0, "time": 1.0}, {"rate": 2.0, "time": 0.5}, {"rate": 0.5, "time": 3.0})


class TestWalk(ExperimentContract):
    id = "sample.walk"
    points = ({"drift": 0.0}, {"drift": 3.0})
    settings: ClassVar = {"seed": 7}


class TestPolygon(ExperimentContract):
    id = "sample.area"
    points = ({"sides": 5, "radius": 2.0},)


class TestDisc(ExperimentContract):
    id = "sample.area"
    points = ({"shape": "disc"}, {"shape": "disc", "radius": 3.0})


class TestChain(ExperimentContract):
    id = "sample.chain"
    points = ({"stiffness": 1.0}, {"stiffness": 4.0})


class TestFragile(ExperimentContract):
    id = "sample.fragile"


def test_a_referee_that_disagrees_is_caught(
    samples: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def wrong(stiffness, file):
        right = samples.chain_by_powers(stiffness, file)
        return right._replace(observables={n: 1.01 * v for n, v in right.observables.items()})

    changed = dataclasses.replace(samples.chain, referee=Referee("a wrong engine", wrong))
    monkeypatch.setattr(TestChain, "experiment", changed)
    with pytest.raises(AssertionError, match="a wrong engine has"):
        TestChain().test_the_referee_agrees(tmp_path)


def faulty(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> ExperimentContract:
    """The contract of a sound experiment with some things changed."""

    def square(x, *, resolution):
        return Measured({"y": x**2 + (1 / resolution) ** 2})

    declared: dict[str, Any] = {
        "id": "test.square",
        "function": square,
        "parameters": (Parameter("x", "m", "where", 0.5, 4.0, 1.5),),
        "observables": (Observable("y", "m^2", "its square"),),
        "fidelity": Ladder("resolution", default=32),
        "datasheet": "A square.\n\ny = x². Never fails; the answer is exact.",
    }
    made = Experiment(**{**declared, **changes})
    monkeypatch.setattr(registry, "experiments", lambda: {"test.square": made})

    class Contract(ExperimentContract):
        id = "test.square"

    return Contract()


def of(make) -> Any:
    """An experiment's function from what it makes of x."""

    def function(x, *, resolution):
        made = make(x, resolution)
        return made if isinstance(made, Measured) else Measured({"y": made})

    return function


@jax.custom_jvp
def wrong_slope(x):
    return x**2


@wrong_slope.defjvp
def _(primals, tangents):
    return wrong_slope(*primals), 2.0001 * primals[0] * tangents[0]


def known_only_when_traced(x: Any) -> Any:
    return x**2 + (1e-3 if isinstance(x, jax.core.Tracer) else 0.0)


TRIES: list[tuple[str, str, Mapping[str, Any]]] = [
    ("datasheet_tells", "no equation", {"datasheet": "Something. It never fails; exact."}),
    ("datasheet_tells", "when it fails", {"datasheet": "y = x. Exact."}),
    ("datasheet_tells", "no source", {"datasheet": "y = x. Never fails."}),
    ("datasheet_tells", "no first line", {"datasheet": ""}),
    ("everything_declared", "y has no description", {"observables": (Observable("y"),)}),
    ("everything_declared", "x has the box", {"parameters": (Parameter("x", "m", "w", 0.0),)}),
    ("results_are", "y has shape", {"function": of(lambda x, n: x * jnp.ones(2))}),
    ("results_are", "it gives", {"function": of(lambda x, n: Measured({"z": x}))}),
    (
        "results_are",
        "an error bar of no observable",
        {"function": of(lambda x, n: Measured({"y": x}, solver={"z": x}))},
    ),
    (
        "results_are",
        "a has shape",
        {
            "fields": (Field("a", ("i", "j")),),
            "function": of(lambda x, n: Measured({"y": x}, {"a": jnp.ones(3)})),
        },
    ),
    ("compiled_equals", "y differs", {"function": of(lambda x, n: known_only_when_traced(x))}),
    ("gradients", "by differences", {"function": of(lambda x, n: wrong_slope(x))}),
    ("gradients", "is nan", {"function": of(lambda x, n: jnp.where(x > 0, x, jnp.sqrt(x - x)))}),
    ("gradients", "by differences", {"function": of(lambda x, n: jnp.round(x * 1e6) / 1e6)}),
    ("float32", "is float64", {"function": of(lambda x, n: x.astype(jnp.float64))}),
    ("not_a_number", "it makes", {"function": of(lambda x, n: jnp.nan_to_num(x))}),
    ("points_are", "unresolved", {"function": of(lambda x, n: x + n**-0.3)}),
    ("points_are", "non_finite", {"function": of(lambda x, n: x / 0.0)}),
    ("error_bars", "unresolved at 64", {"function": of(lambda x, n: x + (n > 32) * 0.1)}),
    ("error_bars", "1.5 ± .* at 32", {"function": of(lambda x, n: x + (n > 32) * 1e-5)}),
    (
        "references",
        "a book has 3",
        {"references": (Reference({"x": 2.0}, "y", 3.0, 0.01, "a book"),)},
    ),
]


@pytest.mark.parametrize(("test", "message", "changes"), TRIES)
def test_each_fault_is_caught(test, message, changes, tmp_path: Path, monkeypatch):
    contract = faulty(monkeypatch, **changes)
    name = next(n for n in dir(contract) if n.startswith(f"test_{test}"))
    arguments = [tmp_path] if test in ("points_are", "error_bars", "references") else []
    with pytest.raises(AssertionError, match=message):
        getattr(contract, name)(*arguments)


def test_members_that_know_of_each_other_are_caught(monkeypatch):
    """A sum over the batch, as a collective or a careless callback would make it."""

    def summed(x, *, resolution):
        return Measured({"y": _sum_over_batch(x)})

    contract = faulty(monkeypatch, function=summed)
    with pytest.raises(AssertionError, match="y differs"):
        contract.test_batch_equals_loop()


@jax.custom_batching.custom_vmap
def _sum_over_batch(x):
    return 1.0 * x


@_sum_over_batch.def_vmap
def _(axis_size, in_batched, x):
    return jnp.full(axis_size, jnp.sum(x)), True


def test_a_declaration_that_accepts_anything_is_caught(monkeypatch):
    contract = faulty(monkeypatch)
    monkeypatch.setattr(Experiment, "bind", lambda self, values: None)
    with pytest.raises(AssertionError, match="is accepted; BoundsError was due"):
        contract.test_what_is_outside_the_box_is_refused()
    with pytest.raises(AssertionError, match="is accepted; UnitError was due"):
        contract.test_units_and_names_are_checked()


def test_the_sound_original_passes(monkeypatch, tmp_path: Path):
    contract = faulty(monkeypatch)
    for name in (n for n in dir(contract) if n.startswith("test_")):
        takes_folder = "tmp_path" in getattr(contract, name).__annotations__
        getattr(contract, name)(*([tmp_path / name] if takes_folder else []))
