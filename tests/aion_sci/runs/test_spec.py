"""Requests that would compute the same numbers have one id, in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from aion_sci.runs.spec import RunSpec, canonical_json, content_hash


def spec_of(samples: ModuleType, request: Mapping) -> RunSpec:
    return RunSpec.of(samples.decay, samples.decay.bind(request))


def test_equal_requests_are_one_run(samples: ModuleType):
    asked = [
        {"rate": 2, "time": 0.5},
        {"time": 0.5, "rate": 2.0},
        {"rate": "2", "time": "500 ms"},
        {"rate": "2 1/s", "time": "5e-1", "steps": 32, "precision": "float64"},
    ]
    assert len({spec_of(samples, request).id for request in asked}) == 1


def test_minus_zero_is_zero(samples: ModuleType):
    assert spec_of(samples, {"time": -0.0}).id == spec_of(samples, {"time": 0.0}).id


@pytest.mark.parametrize(
    "change", [{"rate": 2.0000000000000004}, {"steps": 64}, {"precision": "float32"}]
)
def test_any_difference_is_another_run(samples: ModuleType, change: dict):
    base = {"rate": 2.0, "time": 0.5}
    assert spec_of(samples, {**base, **change}).id != spec_of(samples, base).id


def test_the_code_is_part_of_the_identity(samples: ModuleType):
    spec = spec_of(samples, {})
    other = RunSpec(spec.experiment, spec.parameters, spec.settings, "0.0.0+other")
    assert other.id != spec.id


def test_a_whole_number_given_as_a_float_is_the_same_whole_number(samples: ModuleType):
    assert spec_of(samples, {"steps": 32.0}).id == spec_of(samples, {"steps": "32"}).id


def test_plain_data_and_back(samples: ModuleType):
    spec = spec_of(samples, {"rate": 3})
    again = RunSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.id == spec.id
    assert hash(again) == hash(spec)


def test_the_id_is_the_same_in_another_process(samples: ModuleType, samples_folder: Path):
    """Python salts the hashes of texts by process; an id must not depend on it."""
    code = (
        "from aion_sci.runs.study import Study\n"
        "print(Study.grid('sample.decay', {'rate': 3, 'time': '2 s'}).specs[0].id)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(samples_folder), "PYTHONHASHSEED": "123"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == spec_of(samples, {"time": "2 s", "rate": 3}).id


def test_canonical_json_is_one_text_for_equal_data():
    assert canonical_json({"b": [1, 2.5], "a": None}) == '{"a":null,"b":[1,2.5]}'
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_hold_has_no_identity(number: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": number})
