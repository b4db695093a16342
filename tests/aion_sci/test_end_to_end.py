"""A campaign in processes of its own that are killed, stopped, doubled and tampered with.

Every run takes a few tenths of a second, long enough for a signal to arrive in it. What an
undisturbed campaign leaves behind is the measure: the same verdicts, the same bytes in the log.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aion_sci.cli.main import main

QUESTION = """\
question: Does the number of rounds change the fixed point of the cosine?
experiment: sample.heavy
vary: {rounds: {low: 2.0e6, high: 4.0e6}}
observe: angle
budget: {runs: 14, core_minutes: 600}
hypotheses:
  - no_effect: {of: angle, in: rounds, within: 0.1 %}
  - equals: {of: angle, value: 0.739085, tolerance: 0.1 %, at: {rounds: 3000000}}
"""
COMPUTED = re.compile(r"^(\d+) runs computed, (\d+) reused from the store", re.MULTILINE)


@dataclass
class Ask:
    """Starts ``aion ask`` on one question; a fresh process each time."""

    folder: Path
    environment: dict[str, str]

    def start(self, store: Path, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "aion_sci.cli.main", "ask", "cosine.yaml", *options]
        return subprocess.Popen(
            [*command, "--store", str(store)],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, store: Path, *options: str) -> str:
        process = self.start(store, *options)
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        return out


@pytest.fixture(scope="module")
def ask(samples_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    folder = tmp_path_factory.mktemp("ask")
    (folder / "cosine.yaml").write_text(QUESTION)
    return Ask(folder, {**os.environ, "PYTHONPATH": str(samples_folder)})


@pytest.fixture(scope="module")
def undisturbed(ask: Ask) -> Path:
    """The store of a campaign that nothing happened to."""
    store = ask.folder / "undisturbed"
    out = ask.finish(store)
    computed, reused = map(int, COMPUTED.search(out).groups())
    assert (computed, reused) == (len(commits(store)), 0)
    return store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a store that is not there yet."""
    return tmp_path / "store"


def commits(store: Path) -> dict[Path, int]:
    """Every COMMIT of a store, and when it was written."""
    return {
        path.relative_to(store): path.stat().st_mtime_ns
        for path in store.glob("runs/*/attempt-*/COMMIT.json")
    }


def wait(process: subprocess.Popen[str], until: Callable[[], object]) -> None:
    deadline = time.monotonic() + 200
    while process.poll() is None and not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_alike(store: Path, undisturbed: Path) -> None:
    """The same runs, each computed once; the same claims; the same log, byte for byte."""
    runs = [path.parts[1] for path in commits(store)]
    assert len(set(runs)) == len(runs)
    assert set(runs) == {path.parts[1] for path in commits(undisturbed)}
    for pattern in ("claims/*.json", "campaigns/*/log.jsonl"):
        here, there = (
            {path.name: path.read_bytes() for path in each.glob(pattern)}
            for each in (store, undisturbed)
        )
        assert here == there != {}


def kill_at(ask: Ask, store: Path, runs: int, pause: float) -> dict[Path, int]:
    """Kill a campaign some time after so many of its runs; returns what it had committed."""
    process = ask.start(store)
    wait(process, lambda: len(commits(store)) >= runs)
    time.sleep(pause)
    process.kill()  # it may have ended on its own, which is no error
    process.communicate()
    return commits(store)


class TestKilled:
    def test_once_in_the_middle(self, ask: Ask, store: Path, undisturbed: Path):
        kept = kill_at(ask, store, runs=6, pause=0.05)
        out = ask.finish(store)
        assert kept.items() <= commits(store).items()
        computed, reused = map(int, COMPUTED.search(out).groups())
        assert computed == len(commits(store)) - len(kept)
        assert reused == len(kept)
        assert_alike(store, undisturbed)

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(2))
    def test_again_and_again_at_random(self, seed: int, ask: Ask, store: Path, undisturbed: Path):
        chance = random.Random(seed)
        kept: dict[Path, int] = {}
        for _ in range(5):
            runs = len(kept) + chance.randrange(3)
            now = kill_at(ask, store, runs, pause=chance.random())
            assert kept.items() <= now.items()
            kept = now
        ask.finish(store)
        assert kept.items() <= commits(store).items()
        assert_alike(store, undisturbed)


class TestStopped:
    def test_ctrl_c_while_a_second_coordinator_knocks(
        self, ask: Ask, store: Path, undisturbed: Path
    ):
        first = ask.start(store)
        wait(first, lambda: commits(store))
        os.killpg(first.pid, signal.SIGSTOP)  # or it would be done before the second begins
        second = ask.start(store)
        _, err = second.communicate(timeout=60)
        assert second.returncode == 2
        assert f"is in use by process {first.pid} on " in err
        assert "choose another store with --store or AION_STORE" in err

        os.killpg(first.pid, signal.SIGINT)
        os.killpg(first.pid, signal.SIGCONT)
        out, err = first.communicate(timeout=60)
        assert first.returncode == 75, err
        assert out == ""
        assert "stopping after the chunk in flight" in err
        assert "on from there" in err
        assert "Traceback" not in err
        kept = commits(store)
        assert 0 < len(kept) < len(commits(undisturbed))

        ask.finish(store)
        assert kept.items() <= commits(store).items()
        assert_alike(store, undisturbed)


class TestAgain:
    def test_everything_is_reused_and_it_says_so(self, ask: Ask, undisturbed: Path):
        before = commits(undisturbed)
        out = ask.finish(undisturbed, "--quiet")
        assert f"0 runs computed, {len(before)} reused from the store" in out
        assert commits(undisturbed) == before

    @pytest.mark.slow
    def test_two_workers_say_the_same(self, ask: Ask, store: Path, undisturbed: Path):
        """Values may differ in the last digit between processes; verdicts and runs may not."""
        there = json.loads(ask.finish(undisturbed, "--json"))
        here = json.loads(ask.finish(store, "--workers", "2", "--json"))
        told = [(v["kind"], v["verdict"], v["runs"]) for v in here["verdicts"]]
        assert told == [(v["kind"], v["verdict"], v["runs"]) for v in there["verdicts"]]


@pytest.fixture
def refused(ask: Ask, samples, capsys):
    """Ask, in this process, of a store that must be refused; returns what is said."""

    def call(store: Path) -> str:
        assert main(["ask", str(ask.folder / "cosine.yaml"), "--store", str(store)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("aion: ")
        return err

    return call


class TestWrongStores:
    def test_one_of_a_newer_version(self, refused, store: Path):
        store.mkdir()
        (store / "store.json").write_text('{"format": 99}')
        assert "written by a newer version of AION" in refused(store)

    def test_one_that_cannot_be_written(self, refused, tmp_path: Path):
        (tmp_path / "file").write_text("")
        assert "cannot be written" in refused(tmp_path / "file" / "store")

    def test_a_run_that_was_changed(self, refused, store: Path, undisturbed: Path):
        """Asking again would build on it."""
        shutil.copytree(undisturbed, store)
        path = next(store.glob("runs/*/attempt-*/observables.json"))
        path.write_text(path.read_text().replace("0.739", "0.7391", 1))
        assert path.parts[-3] in refused(store)
