"""A writer may die at any moment; what it leaves is a whole run or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aion_kernels import files
from aion_kernels.estimate import Estimate
from aion_sci.errors import StoreError, StoreUnwritableError
from aion_sci.runs import folder
from aion_sci.runs.folder import commit_run, find_run, iterate_runs, iterate_unfinished
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec


def make_record(nusselt: float = 2.243, *, rayleigh: float = 1e4) -> Record:
    spec = RunSpec("cfd.heated_cavity", {"rayleigh": rayleigh}, {"resolution": 64}, "0.1.0+ab")
    return Record(spec, "ok", "", {"nusselt": Reading(Estimate(nusselt), "1")}, seconds=0.25)


def test_commit_comes_last_and_every_file_is_synced_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    steps: list[tuple[str, str]] = []
    sync, rename = files._sync, os.replace
    monkeypatch.setattr(
        files, "_sync", lambda path: (steps.append(("sync", path.name[1:-33])), sync(path))
    )
    monkeypatch.setattr(
        os, "replace", lambda a, b: (steps.append(("rename", Path(b).name)), rename(a, b))
    )
    commit_run(tmp_path, make_record(), log=[{"event": "x"}])
    assert steps[-1] == ("rename", "COMMIT.json")
    assert [name for what, name in steps if what == "sync"] == [
        name for what, name in steps if what == "rename"
    ]
    assert steps[::2] == [("sync", name) for _, name in steps[1::2]]


@pytest.mark.parametrize("step", range(5))
def test_failing_at_any_step_leaves_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    """Five files are renamed into place; the disk fills at each of them in turn."""
    rename, calls = os.replace, []

    def rename_until_full(source, target):
        calls.append(target)
        if len(calls) == step + 1:
            raise OSError(28, "No space left on device", str(target))
        rename(source, target)

    monkeypatch.setattr(os, "replace", rename_until_full)
    with pytest.raises(StoreUnwritableError, match=r"No space left.*--store"):
        commit_run(tmp_path, make_record(), log=[{"event": "x"}])
    assert find_run(tmp_path, make_record().run_id) is None
    assert list(iterate_unfinished(tmp_path)) == []


def test_killed_at_random_moments_no_commit_is_ever_wrong(tmp_path: Path):
    """A hundred writers are killed within the time of three commits on this machine."""
    subprocess.run([sys.executable, "-c", _KILL_WRITERS, str(tmp_path)], check=True, timeout=120)
    unfinished = list(iterate_unfinished(tmp_path))
    committed = list(iterate_runs(tmp_path))
    assert unfinished, "no writer was killed in the middle of a commit"
    assert committed, "no writer got as far as a commit"
    for run_id in committed:
        assert find_run(tmp_path, run_id, verify=True) is not None
    # What the dead left behind does not keep anyone from computing their runs.
    record = commit_run(tmp_path, make_record(1.0, rayleigh=0.0))
    assert find_run(tmp_path, record.run_id, verify=True) == record


def test_a_store_deleted_under_the_writer_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def sync_then_lose(path: Path) -> None:
        if path == tmp_path / "runs":
            shutil.rmtree(path)

    monkeypatch.setattr(folder, "sync_folder", sync_then_lose)
    with pytest.raises(StoreError, match="deleted"):
        commit_run(tmp_path, make_record())


def test_a_store_below_a_file_is_unwritable(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnwritableError, match=r"file.*Not a directory"):
        commit_run(tmp_path / "file" / "store", make_record())


# A process without threads of its own forks the writers: no start of an interpreter for each.
_KILL_WRITERS = """
import os, random, signal, sys, time
from pathlib import Path
from aion_kernels.estimate import Estimate
from aion_sci.runs.folder import commit_run
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec

root, chance = Path(sys.argv[1]), random.Random(0)

def commit(code, number):
    spec = RunSpec("cfd.heated_cavity", {"rayleigh": number}, {}, code)
    reading = {"nusselt": Reading(Estimate(1.0), "1")}
    commit_run(root, Record(spec, "ok", "", reading, 0.1), log=[{"event": "x"}])

begin = time.perf_counter()
commit("before", 0)
one_commit = time.perf_counter() - begin
for writer in range(100):
    child = os.fork()
    if child == 0:
        number = 0
        while True:
            commit(f"writer-{writer % 7}", number)
            number += 1
    time.sleep(chance.uniform(0.0, 3 * one_commit))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
