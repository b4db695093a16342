"""``aion run``: what it prints, how it ends, and that a signal costs no finished run."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from aion_sci.cli.main import main
from aion_sci.runs.folder import iterate_runs


@pytest.fixture(autouse=True)
def _registered(samples: ModuleType) -> None:
    """Every test here needs the sample experiments."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder that `own_store` of tests/conftest.py names."""
    return tmp_path / "store"


class TestJson:
    def test_one_run_is_one_object_with_the_keys_of_the_contract(self, capsys):
        assert main(["run", "sample.decay", "rate=2", "time=500 ms", "--json"]) == 0
        out, err = capsys.readouterr()
        printed = json.loads(out)
        assert list(printed) == [
            "run_id", "experiment", "parameters", "observables", "outcome", "seconds",
        ]  # fmt: skip
        assert printed["experiment"] == "sample.decay"
        assert printed["parameters"]["time"] == {"value": 0.5, "unit": "s"}
        assert printed["parameters"]["steps"] == {"value": 32, "unit": "1"}
        lost = printed["observables"]["lost"]
        assert set(lost) == {"value", "unit", "error", "discretisation", "sampling", "solver"}
        assert lost["unit"] == "percent"
        assert abs(lost["value"] - 100 * (1 - math.exp(-1))) <= lost["error"]
        assert printed["outcome"] == "ok"
        assert printed["seconds"] > 0
        assert err == ""

    def test_a_sweep_is_one_object_a_line_in_the_order_asked_for(self, capsys):
        assert main(["run", "sample.decay", "rate=3,1,2", "--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line)["parameters"]["rate"]["value"] for line in lines] == [3, 1, 2]

    def test_a_run_that_failed_is_printed_as_valid_json(self, capsys):
        assert main(["run", "sample.fragile", "x=0.5,1.5", "--json"]) == 1
        good, bad = map(json.loads, capsys.readouterr().out.splitlines())
        assert (good["outcome"], bad["outcome"]) == ("ok", "non_finite")
        assert bad["observables"]["root"]["value"] is None


class TestTable:
    def test_values_show_the_digits_that_their_errors_leave(self, capsys):
        assert main(["run", "sample.decay", "rate=1,2", "--quiet"]) == 0
        out = capsys.readouterr().out
        assert "sample.decay" in out
        assert "rate (1/s)" in out
        assert "lost (percent)" in out
        assert "0.367879 ± 0.000037" in out
        assert "fixed: time = 1, steps = 32, precision = float64" in out

    def test_a_second_time_it_says_what_was_in_the_store(self, capsys):
        main(["run", "sample.decay", "rate=1", "--quiet"])
        main(["run", "sample.decay", "rate=1,2", "--quiet"])
        assert "1 of 2 runs were in the store already" in capsys.readouterr().out

    def test_a_failure_is_explained(self, capsys):
        assert main(["run", "sample.fragile", "x=1.5", "--quiet"]) == 1
        out = capsys.readouterr().out
        assert "non_finite" in out
        assert "shorten the time step" in out

    def test_texts_are_printed_as_they_are(self, capsys):
        """Brackets are no markup: in a SMILES string they hold the atom."""
        main(["run", "sample.area", "label=c1cc[nH]c1", "sides=3,4", "--quiet"])
        assert "label = c1cc[nH]c1" in capsys.readouterr().out

    def test_progress_goes_to_standard_error(self, capsys):
        main(["run", "sample.decay", "rate=1,2"])
        out, err = capsys.readouterr()
        assert "2/2 done" in err
        assert "2/2 done" not in out


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["sample.deca"], "unknown experiment 'sample.deca'; did you mean 'sample.decay'?"),
            (["sample.decay", "rat=1"], "did you mean 'rate'?"),
            (["sample.decay", "rate=1 m"], "wrong dimension"),
            (["sample.decay", "rate=1 hertzz"], "unknown unit 'hertzz'; did you mean 'hertz'?"),
            (["sample.decay", "rate=100"], "above its upper bound 10 1/s"),
            (["sample.decay", "rate"], "is not NAME=VALUE"),
            (["sample.decay", "rate=1", "rate=2"], "given twice"),
            (["sample.decay", "rate=1:2"], "a range is low:high:count"),
            (["sample.fragile", "--fields"], "gives no fields"),
            (["sample.decay", "--workers", "0"], "workers is '0' (from flag)"),
            (["sample.decay", "--executor", "slurmy"], "choose from: auto, local, dask"),
        ],
    )
    def test_a_wrong_request_ends_with_2_and_one_line(self, arguments, message, capsys):
        assert main(["run", *arguments, "--quiet"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("aion: ")
        assert message in err
        assert "Traceback" not in err

    def test_nothing_is_written_for_a_wrong_request(self, store: Path):
        main(["run", "sample.decay", "rate=100", "--quiet"])
        assert not store.exists()

    def test_a_store_that_cannot_be_written_ends_with_2(self, tmp_path: Path, capsys):
        (tmp_path / "file").write_text("")
        store = str(tmp_path / "file" / "store")
        assert main(["run", "sample.decay", "--store", store, "--quiet"]) == 2
        assert "aion: " in capsys.readouterr().err


class TestFields:
    def test_fields_are_kept_in_the_run_folder(self, store: Path, capsys):
        assert main(["run", "sample.decay", "--fields", "--quiet"]) == 0
        assert len(list(store.glob("runs/*/attempt-*/fields.nc"))) == 1


@pytest.fixture
def command(samples_folder: Path, store: Path, tmp_path: Path):
    """Start ``aion run`` of twelve runs of a third of a second, in its own process group."""
    environment = {**os.environ, "PYTHONPATH": str(samples_folder)}
    rounds = ",".join(str(10_000_000 + i) for i in range(12))

    def start(*more: str) -> subprocess.Popen[str]:
        arguments = ["-m", "aion_sci.cli.main", "run", "sample.heavy", f"rounds={rounds}"]
        return subprocess.Popen(
            [sys.executable, *arguments, *more],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


def wait_for_a_run(store: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not list(iterate_runs(store)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestSignals:
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_ctrl_c_ends_with_75_and_the_same_command_goes_on(
        self, workers: str, command, store: Path
    ):
        """Ctrl-C reaches every process of the terminal's group, the workers included."""
        first = command("--workers", workers, "--json")
        wait_for_a_run(store, first)
        os.killpg(first.pid, signal.SIGINT)
        out, err = first.communicate(timeout=60)
        assert first.returncode == 75, err
        assert out == ""
        assert "stopping after the chunk in flight" in err
        assert "of 12 runs done; the same command goes on from there" in err
        assert "Traceback" not in err
        assert "Warning" not in err
        kept = {path: path.stat().st_mtime_ns for path in store.glob("runs/*/*/COMMIT.json")}
        assert 1 <= len(kept) < 12

        second = command("--json")
        out, err = second.communicate(timeout=60)
        assert second.returncode == 0, err
        printed = [json.loads(line) for line in out.splitlines()]
        assert len(printed) == 12
        assert all(abs(r["observables"]["angle"]["value"] - 0.739085133215) < 1e-9 for r in printed)
        commits = list(store.glob("runs/*/*/COMMIT.json"))
        assert len(commits) == 12
        assert all(path.stat().st_mtime_ns == written for path, written in kept.items())
