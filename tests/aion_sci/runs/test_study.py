"""Designs: which points, in which order, and which of them share a program."""

from __future__ import annotations

import math
import warnings
from types import ModuleType

import pytest

from aion_sci.errors import BoundsError, RequestError, UnitError, UnknownNameError
from aion_sci.runs.study import Study

BOX = {"rate": (0.1, 10.0), "time": (0.0, 10.0)}


@pytest.fixture(autouse=True)
def _registered(samples: ModuleType) -> None:
    """Every test here needs the sample experiments."""


def values(study: Study, name: str) -> list:
    return [spec.parameters[name] for spec in study.specs]


class TestRequests:
    def test_a_grid_keeps_the_order_asked_for(self):
        study = Study.grid("sample.decay", {"time": [2, 1], "rate": "1,3"})
        assert values(study, "time") == [2, 2, 1, 1]
        assert values(study, "rate") == [1, 3, 1, 3]

    def test_an_empty_request_is_the_default_point(self):
        assert Study.grid("sample.decay", {}).specs[0].parameters == {"rate": 1.0, "time": 1.0}

    def test_points_asked_for_twice_are_one_run(self):
        assert values(Study.grid("sample.decay", {"time": "1,2,1 s,1000 ms"}), "time") == [1, 2]

    def test_explicit_points_are_exactly_these(self):
        study = Study.explicit("sample.decay", [{"rate": 2}, {"time": "3 s"}, {"rate": 2.0}])
        assert [(s.parameters["rate"], s.parameters["time"]) for s in study.specs] == [
            (2, 1),
            (1, 3),
        ]

    def test_no_points_are_refused(self):
        with pytest.raises(RequestError, match="no points"):
            Study.explicit("sample.decay", [])

    def test_what_is_wrong_is_refused_before_anything_runs(self):
        with pytest.raises(UnknownNameError, match="experiment"):
            Study.grid("sample.deca", {})
        with pytest.raises(BoundsError):
            Study.grid("sample.decay", {"rate": "1,11"})


class TestFillingABox:
    @pytest.mark.parametrize("design", [Study.latin_hypercube, Study.sobol])
    def test_points_lie_in_the_box_and_follow_the_seed(self, design):
        study = design("sample.decay", BOX, 13, seed=4)
        assert len(study.specs) == 13
        assert all(0.1 <= r <= 10 for r in values(study, "rate"))
        assert all(0 <= t <= 10 for t in values(study, "time"))
        ids = [spec.id for spec in study.specs]
        assert ids == [spec.id for spec in design("sample.decay", BOX, 13, seed=4).specs]
        assert ids != [spec.id for spec in design("sample.decay", BOX, 13, seed=5).specs]

    def test_a_latin_hypercube_has_one_point_in_each_slice_of_the_axis_as_scaled(self):
        study = Study.latin_hypercube("sample.decay", BOX, 10)
        slices = sorted(int(5 * (math.log10(r) + 1)) for r in values(study, "rate"))
        assert slices == list(range(10))
        assert sorted(int(t) for t in values(study, "time")) == list(range(10))

    def test_a_sobol_sequence_halves_each_axis_without_a_warning(self):
        """Any count is allowed, though SciPy warns of those that are no power of two."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            study = Study.sobol("sample.decay", BOX, 16)
            Study.sobol("sample.decay", BOX, 1)
            Study.sobol("sample.decay", BOX, 17)
        assert sum(r < 1 for r in values(study, "rate")) == 8

    def test_other_parameters_are_fixed(self):
        study = Study.sobol("sample.decay", {"time": (1.0, 2.0)}, 4, fixed={"rate": 2, "steps": 16})
        assert set(values(study, "rate")) == {2.0}
        assert {spec.settings["steps"] for spec in study.specs} == {16}

    def test_integers_are_rounded_and_repeats_dropped(self):
        study = Study.latin_hypercube("sample.area", {"sides": (3, 5)}, 32)
        assert sorted(values(study, "sides")) == [3, 4, 5]

    def test_ends_may_carry_a_unit(self):
        study = Study.sobol("sample.decay", {"time": ("1000 ms", "2 s")}, 4)
        assert all(1 <= t <= 2 for t in values(study, "time"))

    @pytest.mark.parametrize(
        ("box", "count", "error", "message"),
        [
            ({"rate": (0.0, 1.0)}, 4, BoundsError, "below its lower bound"),
            ({"rate": (1.0, 100.0)}, 4, BoundsError, "above its upper bound"),
            ({"rate": (2.0, 1.0)}, 4, RequestError, "must rise"),
            ({"rat": (1.0, 2.0)}, 4, UnknownNameError, "did you mean 'rate'"),
            ({"time": ("1 m", "2 m")}, 4, UnitError, "wrong dimension"),
            ({"rate": (1.0, 2.0)}, 0, RequestError, "at least 1"),
        ],
    )
    @pytest.mark.parametrize("design", [Study.latin_hypercube, Study.sobol])
    def test_an_impossible_box_is_refused(self, design, box, count, error, message):
        with pytest.raises(error, match=message):
            design("sample.decay", box, count)

    def test_a_choice_makes_no_axis(self):
        with pytest.raises(RequestError, match="shape is a choice"):
            Study.sobol("sample.area", {"shape": ("disc", "polygon")}, 4)


class TestGroups:
    def test_numbers_share_a_program(self):
        study = Study.grid("sample.decay", {"rate": "1:5:5", "time": "1,2"})
        assert [len(group) for group in study.groups] == [10]

    def test_shapes_and_texts_do_not(self):
        study = Study.grid("sample.area", {"sides": "3,4,5", "shape": "disc,polygon"})
        assert [len(group) for group in study.groups] == [3, 3]
        resolutions = Study.grid("sample.decay", {"steps": "16,32", "rate": "1,2"})
        assert [len(group) for group in resolutions.groups] == [2, 2]
        precisions = Study.grid("sample.decay", {"precision": "float32,float64"})
        assert len(precisions.groups) == 2

    def test_replicas_that_differ_in_the_seed_share_a_program(self):
        study = Study.grid("sample.walk", {"seed": "0:31:32"})
        assert [len(group) for group in study.groups] == [32]
