"""The five functions of ``import aion_sci``."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aion_sci as aion
from aion_sci.errors import (
    BoundsError,
    QuestionError,
    RequestError,
    SettingError,
    StoreError,
    UnitError,
    UnknownNameError,
)
from aion_sci.runs.table import InvalidReadingWarning


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


class TestExperiments:
    def test_the_catalogue_is_a_mapping_and_a_table(self):
        catalogue = aion.experiments()
        assert catalogue["sample.decay"].observable("lost").unit == "percent"
        assert len(catalogue) == len(list(catalogue))
        assert "sample.decay" in repr(catalogue)
        with pytest.raises(UnknownNameError, match=r"did you mean 'sample\.decay'"):
            catalogue["sample.decoy"]

    def test_the_subpackage_of_the_same_name_takes_nothing_away(self):
        """`aion.experiments` stays the function however the package was imported."""
        code = (
            "import aion_sci.experiments, aion_sci.experiments.registry\n"
            "from aion_sci.experiments import Experiment\n"
            "import aion_sci as aion\n"
            "assert isinstance(next(iter(aion.experiments().values())), Experiment)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestRun:
    def test_a_sweep_becomes_a_dimension(self):
        data = aion.run("sample.decay", rate=[1.0, 2.0], time="500 ms", progress=False)
        assert dict(data.sizes) == {"rate": 2}
        assert data["rate"].attrs["units"] == "1/s"
        assert data.attrs["time"] == 0.5
        off = np.abs(data["remaining"].values - np.exp([-0.5, -1.0]))
        assert (off <= data["remaining_error"].values).all()

    def test_fields_are_added_where_asked_for(self):
        data = aion.run("sample.decay", rate=[1.0, 2.0], fields=True, progress=False)
        assert data["amount"].dims == ("rate", "instant")
        assert float(data["amount"][0, 0]) == 1.0
        alone = aion.run("sample.decay", rate=2.0, fields=True, progress=False)
        assert (alone["amount"] == data["amount"][1]).all()

    def test_fields_at_different_places_are_not_mixed(self):
        """A sweep of the time looks at other instants, though at as many."""
        with pytest.raises(RequestError, match="differ in shape or place over time"):
            aion.run("sample.decay", time=[1.0, 2.0], fields=True, progress=False)

    def test_what_is_no_result_is_nan_and_said(self):
        with pytest.warns(InvalidReadingWarning, match="are not results"):
            data = aion.run("sample.fragile", x=[0.5, 1.5], progress=False)
        assert math.isnan(float(data["root"][1]))
        assert str(data["outcome"][1].values) == "non_finite"

    def test_the_runs_are_in_the_store_and_are_found_there(self, tmp_path: Path):
        store = tmp_path / "elsewhere"
        aion.run("sample.decay", rate=3.0, store=store, progress=False)
        with aion.knowledge(store) as opened:
            (record,) = opened.runs("sample.decay")
        aion.run("sample.decay", rate=3.0, store=store, progress=False)
        assert len(list((store / "runs" / record.run_id).glob("attempt-*"))) == 1

    def test_progress_is_told_on_standard_error(self, capsys):
        aion.run("sample.decay", rate=[1.0, 2.0])
        out, err = capsys.readouterr()
        assert "2/2 done" in err
        assert out == ""

    @pytest.mark.parametrize(
        ("experiment", "request_", "error"),
        [
            ("sample.decoy", {}, UnknownNameError),
            ("sample.decay", {"rat": 1.0}, UnknownNameError),
            ("sample.decay", {"rate": 100.0}, BoundsError),
            ("sample.decay", {"rate": "1 m"}, UnitError),
            ("sample.decay", {"rate": []}, RequestError),
            ("sample.decay", {"rate": 1.0, "workers": 0}, SettingError),
            ("sample.decay", {"rate": 1.0, "executor": "slurmy"}, SettingError),
            ("sample.fragile", {"x": 0.5, "fields": True}, RequestError),
        ],
    )
    def test_a_wrong_request(self, experiment, request_, error):
        with pytest.raises(error):
            aion.run(experiment, progress=False, **request_)


class TestAsk:
    def test_a_question_that_was_answered(self, asked, asked_copy):
        answer = aion.ask(asked.question, progress=False)
        assert (answer.computed, answer.reused) == (0, len(answer.records))
        assert {a.design.hypothesis.kind: a.finding.verdict for a in answer.answers} == (
            asked.verdicts
        )
        assert answer.report is not None
        assert Path(answer.report).is_file()

    def test_it_is_found_again(self, asked):
        with aion.knowledge(asked.store) as store:
            found = {hit.id for hit in store.search("decay constant") if hit.kind == "claim"}
        assert found == {verdict["claim"] for verdict in asked.printed["verdicts"]}

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"budget_runs": 1}, QuestionError),
            ({"planner": "bays"}, SettingError),
            ({"workers": -1}, SettingError),
        ],
    )
    def test_a_wrong_request_leaves_no_store(self, options, error, asked, tmp_path):
        with pytest.raises(error):
            aion.ask(asked.question, progress=False, **options)
        assert not (tmp_path / "store").exists()

    def test_a_question_that_is_not_there(self, tmp_path):
        with pytest.raises(QuestionError, match="a question is a YAML file"):
            aion.ask(tmp_path / "none.yaml", progress=False)


def test_no_knowledge_yet():
    with pytest.raises(StoreError, match="there is no knowledge store"):
        aion.knowledge()


def test_setting_up_says_what_is_recorded():
    described = aion.setup()
    assert described["float64"] is True
    assert described["canaries"] == "passed"
    assert aion.setup() is described
