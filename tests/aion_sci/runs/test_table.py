"""Records as a dataset: the grid asked for, units, errors, and what is left out said aloud."""

from __future__ import annotations

import warnings
from types import ModuleType

import numpy as np
import pytest

from aion_kernels.estimate import Estimate
from aion_sci.experiments import Experiment
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.study import Study
from aion_sci.runs.table import InvalidReadingWarning, as_dataset


def records_of(experiment: Experiment, study: Study, outcome: str = "ok") -> list[Record]:
    """Records whose readings are 10·rate + time in each observable."""
    made = []
    for spec in study.specs:
        value = 10 * float(spec.parameters["rate"]) + float(spec.parameters["time"])
        reading = {
            o.name: Reading(Estimate(value, discretisation=0.5), o.unit, outcome)
            for o in experiment.observables
        }
        made.append(Record(spec, outcome, "", reading, 0.1))
    return made


def test_swept_parameters_are_dimensions_in_the_order_asked_for(samples: ModuleType):
    study = Study.grid("sample.decay", {"time": "3,1", "rate": "1,2,4"})
    data = as_dataset(samples.decay, records_of(samples.decay, study), ["time", "rate"])
    assert dict(data.sizes) == {"time": 2, "rate": 3}
    assert data.time.values.tolist() == [3, 1]
    assert data.remaining.values.tolist() == [[13, 23, 43], [11, 21, 41]]
    assert float(data.remaining.sel(time=1, rate=4)) == 41
    assert data.remaining_error.values.tolist() == [[0.5] * 3] * 2
    assert data.outcome.values.tolist() == [["ok"] * 3] * 2
    assert data.run_id.values[0, 0] == study.specs[0].id


def test_units_and_descriptions_are_attributes(samples: ModuleType):
    study = Study.grid("sample.decay", {"time": "1,2"})
    data = as_dataset(samples.decay, records_of(samples.decay, study), ["time"])
    assert data.time.attrs["units"] == "s"
    assert data.lost.attrs == {"units": "percent", "long_name": "share that has decayed"}
    assert data.lost_error.attrs == {"units": "percent", "long_name": "error of lost"}
    assert data.attrs["experiment"] == "sample.decay"
    assert data.attrs["rate"] == 1.0
    assert data.attrs["steps"] == 32
    assert "time" not in data.attrs


def test_one_run_is_a_dataset_of_scalars(samples: ModuleType):
    study = Study.grid("sample.decay", {"rate": 2})
    data = as_dataset(samples.decay, records_of(samples.decay, study), [])
    assert data.remaining.shape == ()
    assert float(data.remaining) == 21


def test_choices_and_settings_are_dimensions_too(samples: ModuleType):
    study = Study.grid("sample.decay", {"precision": "float64,float32", "steps": "16,32"})
    data = as_dataset(samples.decay, records_of(samples.decay, study), ["precision", "steps"])
    assert data.precision.values.tolist() == ["float64", "float32"]
    assert data.steps.dtype == np.int64


def test_a_point_asked_for_twice_is_one_coordinate(samples: ModuleType):
    study = Study.grid("sample.decay", {"time": "1,1 s,2"})
    data = as_dataset(samples.decay, records_of(samples.decay, study), ["time"])
    assert data.time.values.tolist() == [1, 2]


def test_readings_that_are_no_results_are_nan_with_a_warning(samples: ModuleType):
    study = Study.grid("sample.decay", {"time": "1,2"})
    records = records_of(samples.decay, study)
    records[1:] = records_of(samples.decay, study, "unresolved")[1:]
    with pytest.warns(InvalidReadingWarning, match="2 of 4 readings are not results"):
        data = as_dataset(samples.decay, records, ["time"])
    assert np.isnan(data.remaining.values).tolist() == [False, True]
    assert data.outcome.values.tolist() == ["ok", "unresolved"]


def test_good_readings_bring_no_warning(samples: ModuleType):
    study = Study.grid("sample.decay", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_dataset(samples.decay, records_of(samples.decay, study), [])
