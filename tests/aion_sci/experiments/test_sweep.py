"""The little language of sweeps."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from aion_sci.errors import BoundsError, RequestError, UnitError, UnknownNameError
from aion_sci.experiments import Parameter
from aion_sci.experiments.sweep import expand, points

LENGTH = Parameter("length", "m", low=0.0, high=1e4)
COUNT = Parameter("count", low=1, high=1000, kind="integer")
SHAPE = Parameter("shape", kind="choice", choices=("disc", "ring"))
MIXTURE = Parameter("mixture", kind="text")


@pytest.mark.parametrize(
    ("parameter", "raw", "values"),
    [
        (LENGTH, "3", [3.0]),
        (LENGTH, "100,400", [100.0, 400.0]),
        (LENGTH, "1 cm, 2 mm", [0.01, 0.002]),
        (LENGTH, "10:100:4", [10.0, 40.0, 70.0, 100.0]),
        (LENGTH, "100:10:2", [100.0, 10.0]),
        (LENGTH, "1:3:3 cm", [0.01, 0.02, 0.03]),
        (LENGTH, "log:1:100:3", [1.0, 10.0, 100.0]),
        (LENGTH, "log:1e-3:1e3:3", [1e-3, 1.0, 1e3]),
        (LENGTH, "1:2:2,5", [1.0, 2.0, 5.0]),
        (LENGTH, [1, "2 cm", np.float64(3)], [1.0, 0.02, 3.0]),
        (LENGTH, np.array([1.0, 2.0]), [1.0, 2.0]),
        (LENGTH, np.float32(0.5), [0.5]),
        (LENGTH, np.array(4), [4.0]),
        (LENGTH, range(1, 3), [1.0, 2.0]),
        (COUNT, "1:4:4", [1, 2, 3, 4]),
        (COUNT, "log:1:1000:4", [1, 10, 100, 1000]),
        (COUNT, "1:3:10", [1, 2, 3]),
        (COUNT, "3:1:3", [3, 2, 1]),
        (COUNT, np.int64(7), [7]),
        (SHAPE, "disc,ring", ["disc", "ring"]),
        (MIXTURE, "O2:1,N2:3.76", ["O2:1,N2:3.76"]),
        (MIXTURE, ["O2:1", "N2:1"], ["O2:1", "N2:1"]),
    ],
)
def test_what_a_request_stands_for(parameter: Parameter, raw, values: list):
    """1e-12: the inner values of a range are computed, its ends are exact."""
    expected = pytest.approx(values, rel=1e-12) if parameter.numeric else values
    assert expand(parameter, raw) == expected


def test_the_ends_of_a_range_are_exact():
    values = expand(LENGTH, "log:0.1:1e4:9")
    assert (values[0], values[-1]) == (0.1, 1e4)


@pytest.mark.parametrize(
    ("parameter", "raw", "error", "message"),
    [
        (LENGTH, "1,,2", RequestError, "empty value between commas"),
        (LENGTH, "", RequestError, "empty value"),
        (LENGTH, "1:2", RequestError, "a range is low:high:count"),
        (LENGTH, "log:1:2", RequestError, "log:low:high:count"),
        (LENGTH, "1:2:3:4", RequestError, "a range is"),
        (LENGTH, "a:2:3", RequestError, "a range is"),
        (LENGTH, "1:2:1", RequestError, "the count is 1"),
        (LENGTH, "1:2:1000000000", RequestError, "it goes from 2 to"),
        (LENGTH, "1:2:2.5", RequestError, "a range is"),
        (LENGTH, "log:0:10:3", RequestError, "positive ends"),
        (LENGTH, "nan:10:3", RequestError, "finite"),
        (COUNT, "1:inf:3", RequestError, "finite"),
        (LENGTH, "1:2:2 s", UnitError, "wrong dimension"),
        (LENGTH, "1:1e5:3", BoundsError, "above its upper bound"),
        (SHAPE, "disc:ring:2", RequestError, "takes no range"),
        (SHAPE, "disk", UnknownNameError, "did you mean 'disc'"),
        (LENGTH, [], RequestError, "no values"),
        (LENGTH, [[1.0]], RequestError, "a number is needed"),
        (LENGTH, [None], RequestError, "a number is needed"),
    ],
)
def test_what_makes_no_sense_is_refused(
    parameter: Parameter, raw, error: type[RequestError], message: str
):
    with pytest.raises(error, match=message):
        expand(parameter, raw)


def test_a_request_is_the_grid_of_its_values_first_name_slowest(samples: ModuleType):
    grid = points(samples.decay, {"time": "1,2", "rate": [1, 2]})
    pairs = [(p.parameters["time"], p.parameters["rate"]) for p in grid]
    assert pairs == [(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0)]


def test_settings_are_swept_like_parameters(samples: ModuleType):
    assert [p.settings["steps"] for p in points(samples.decay, {"steps": "16,32"})] == [16, 32]


def test_a_misspelt_name_is_refused(samples: ModuleType):
    with pytest.raises(UnknownNameError, match=r"parameter of sample\.decay 'rat'.*'rate'"):
        points(samples.decay, {"rat": 1})
