"""A declaration is checked when it is made, a request when it is bound; both name what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aion_sci.errors import BoundsError, RequestError, UnitError, UnknownNameError
from aion_sci.experiments import (
    Experiment,
    Field,
    Ladder,
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

SPEED = Parameter("speed", "m/s", "how fast", 0.5, 20.0, 1.0)


def declare(**changes: Any) -> Experiment:
    given: dict[str, Any] = {
        "id": "test.wave",
        "parameters": [SPEED, Parameter("depth", "m", low=0.0)],
        "observables": [Observable("height", "m")],
        "fidelity": Ladder("resolution", default=32, low=8, high=64),
    }
    given.update(changes)

    def wave(speed, depth, *, resolution):
        return Measured({"height": speed * depth})

    return experiment(**given)(wave)


class TestDeclaring:
    def test_the_module_docstring_is_the_datasheet(self):
        assert declare().datasheet.startswith("A declaration is checked when it is made")
        assert declare().summary == __doc__.splitlines()[0]
        assert replace(declare(), datasheet="").summary == ""

    @pytest.mark.parametrize(
        ("mistake", "message"),
        [
            (lambda: Parameter("Speed"), "lower_snake_case"),
            (lambda: Observable("nu max"), "lower_snake_case"),
            (lambda: Field("T", ("x",)), "lower_snake_case"),
            (lambda: Parameter("shape", kind="choice"), "without choices"),
            (lambda: Parameter("speed", scale="log"), "needs a low above 0"),
            (lambda: Parameter("speed", low=0.0, scale="log"), "needs a low above 0"),
            (lambda: Ladder(fractions=(1.0, 0.5)), "must rise to 1"),
            (lambda: Ladder(fractions=(0.25, 0.5)), "must rise to 1"),
            (lambda: declare(id="wave"), "domain.name"),
            (lambda: declare(observables=[Observable("speed")]), r"name twice: \['speed'\]"),
            (lambda: declare(parameters=[SPEED]), "but wave takes"),
            (lambda: declare(fidelity=None), "but wave takes"),
        ],
    )
    def test_a_contradiction_cannot_be_declared(self, mistake: Callable[[], Any], message: str):
        with pytest.raises(ValueError, match=message):
            mistake()

    @pytest.mark.parametrize("make", [Parameter, Observable, lambda n, u: Field(n, ("x",), u)])
    def test_a_unit_exists(self, make: Callable[[str, str], Any]):
        with pytest.raises(UnitError, match="unknown unit 'metrex'"):
            make("length", "metrex")

    def test_a_default_lies_in_its_box(self):
        with pytest.raises(BoundsError):
            Parameter("speed", "m/s", low=1.0, default=0.5)

    def test_a_reference_is_a_possible_request(self):
        with pytest.raises(UnknownNameError, match="observable"):
            declare(references=[Reference({"depth": 1.0}, "width", 1.0, 0.1, "a book")])
        with pytest.raises(RequestError, match="'depth'"):
            declare(references=[Reference({}, "height", 1.0, 0.1, "a book")])

    def test_settings_follow_from_the_declaration(self):
        assert [s.name for s in declare().settings] == ["resolution", "precision"]

        def noise(*, seed):
            return Measured({"height": seed})

        seeded = experiment(
            id="test.noise", parameters=[], observables=[Observable("height")], seeded=True
        )(noise)
        assert [s.name for s in seeded.settings] == ["seed", "precision"]
        assert [p.name for p in seeded.traced] == ["seed"]
        assert [p.name for p in declare().traced] == ["speed", "depth"]

    def test_the_cost_is_an_estimate_where_there_is_one(self):
        assert declare().estimated_seconds({"resolution": 32}) is None
        cost = declare(cost=lambda settings: settings["resolution"] ** 3)
        assert cost.estimated_seconds({"resolution": 2}) == 8
        endless = declare(cost=lambda settings: float("inf"))
        assert endless.estimated_seconds({}) is None

    def test_calling_it_evaluates_the_function_itself(self):
        assert declare()(speed=2.0, depth=3.0, resolution=8).observables == {"height": 6.0}


class TestBinding:
    def test_defaults_are_filled_in_and_units_converted(self):
        point = declare().bind({"depth": "12 cm"})
        assert point.parameters == {"speed": 1.0, "depth": 0.12}
        assert point.settings == {"resolution": 32, "precision": "float64"}

    @pytest.mark.parametrize(
        ("request_", "error", "message"),
        [
            ({"depht": 1}, UnknownNameError, "did you mean 'depth'"),
            ({}, RequestError, "needs a value for 'depth'; it has no default"),
            ({"depth": "1 s"}, UnitError, "wrong dimension"),
            ({"depth": -1}, BoundsError, "depth is -1 m, below its lower bound 0 m"),
            ({"depth": 1, "speed": "90 km/hour"}, BoundsError, "above its upper bound 20 m/s"),
            ({"depth": 1, "resolution": 7}, BoundsError, "below its lower bound 8"),
            ({"depth": 1, "resolution": 33}, RequestError, "a multiple of 2"),
            ({"depth": 1, "resolution": 32.5}, RequestError, "whole number"),
            ({"depth": 1, "resolution": "32 m"}, UnitError, "takes no unit"),
            ({"depth": 1, "precision": "float16"}, UnknownNameError, "did you mean 'float"),
            ({"depth": "deep"}, RequestError, "a number is needed"),
            ({"depth": float("nan")}, RequestError, "finite"),
            ({"depth": None}, RequestError, "a number is needed"),
        ],
    )
    def test_what_is_wrong_is_refused_and_named(
        self, request_: dict[str, Any], error: type[RequestError], message: str
    ):
        with pytest.raises(error, match=message):
            declare().bind(request_)

    def test_an_integer_beyond_exact_floats_is_refused(self):
        count = Parameter("count", kind="integer")
        assert count.read("9e15") == 9 * 10**15
        with pytest.raises(BoundsError, match=r"2\^53"):
            count.read("1e16")

    def test_texts_are_taken_whole(self):
        mixture = Parameter("mixture", kind="text", default="O2:1,N2:3.76")
        assert mixture.read("CH4:1,O2:2") == "CH4:1,O2:2"
        assert not mixture.numeric


class TestLadder:
    def test_rungs_rise_to_the_value_in_multiples(self):
        assert Ladder().rungs(64) == (32, 48, 64)
        assert Ladder(multiple=8).rungs(40) == (16, 32, 40)
        assert Ladder(fractions=(0.5, 1.0), order=None).rungs(20) == (10, 20)

    def test_rungs_that_coincide_are_refused(self):
        with pytest.raises(BoundsError, match="too small for 3 rungs"):
            Ladder(low=2, multiple=4, default=64).read(8)
