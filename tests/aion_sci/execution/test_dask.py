"""A local cluster: the same records as without one, closed to the network, and hard to kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.error import HTTPError
from urllib.request import urlopen

import distributed
import pytest

from aion_sci import allocator
from aion_sci.errors import RunFailedError, StoppedError, StoreUnwritableError
from aion_sci.execution import DaskExecutor, LocalExecutor
from aion_sci.execution.dask import _core_shares
from aion_sci.runs.folder import find_run, iterate_runs
from aion_sci.runs.runner import Progress, run_study
from aion_sci.runs.study import Study

pytestmark = pytest.mark.filterwarnings(
    # A worker that is killed closes its connection in the middle of whatever it was saying.
    "ignore::pytest.PytestUnhandledThreadExceptionWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(scope="module")
def executor(samples: ModuleType) -> Iterator[DaskExecutor]:
    """One cluster of two workers for all tests: starting one takes seconds."""
    with DaskExecutor(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def started(executor: DaskExecutor) -> DaskExecutor:
    executor._start()
    return executor


def heavy(count: int, rounds: int = 3_000_000) -> Study:
    """Runs of about a tenth of a second each, a chunk a run."""
    return Study.grid("sample.heavy", {"rounds": list(range(rounds, rounds + count))})


class TestResults:
    def test_records_are_those_of_the_local_executor(self, tmp_path: Path, executor: DaskExecutor):
        """1e-12: a batch of another size may order additions in another way."""
        study = Study.grid("sample.decay", {"rate": "1:4:5", "steps": "16,32"})
        seen: list[Progress] = []
        ours = run_study(study, tmp_path / "dask", executor, on_progress=seen.append)
        theirs = run_study(study, tmp_path / "local", LocalExecutor())
        for a, b in zip(ours, theirs, strict=True):
            assert a.spec == b.spec
            assert a.outcome == b.outcome
            for name, reading in a.observables.items():
                expected = pytest.approx(b.observables[name].value, rel=1e-12)
                assert reading.value == expected
                assert reading.error == pytest.approx(b.observables[name].error, rel=1e-6)
        assert seen[-1].done == 10
        assert seen[-1].work == 1
        assert sum(p.compile_seconds > 0 for p in seen) > 0

    def test_a_failing_member_is_a_record_not_an_exception(
        self, tmp_path: Path, executor: DaskExecutor
    ):
        study = Study.grid("sample.fragile", {"x": "0.5,1.5"})
        records = run_study(study, tmp_path, executor)
        assert [r.outcome for r in records] == ["ok", "non_finite"]

    def test_workers_are_as_we_set_them_up(self, tmp_path: Path, executor: DaskExecutor):
        record = run_study(Study.grid("sample.fragile", {}), tmp_path, executor)[0]
        assert record.environment["float64"] is True
        assert record.environment["canaries"] == "passed"
        assert record.environment["cores"] == len(_core_shares(2)[0])
        if allocator._is_glibc():
            assert "hugetlb" in record.environment["malloc"]

    def test_an_error_in_a_worker_arrives_here(self, tmp_path: Path, executor: DaskExecutor):
        blocked = tmp_path / "file"
        blocked.write_text("no folder")
        with pytest.raises(StoreUnwritableError, match="cannot be written"):
            run_study(Study.grid("sample.fragile", {}), blocked, executor)


BESIDE_PETSC = """
import mpi4py.MPI
import dolfinx  # PETSc takes the signals over, and ends the process at a closed connection
from aion_sci.execution import DaskExecutor

if __name__ == "__main__":
    with DaskExecutor(1) as executor:
        executor._start()
    print("closed")
"""


def test_a_cluster_lives_beside_petsc(tmp_path: Path):
    script = tmp_path / "beside_petsc.py"
    script.write_text(BESIDE_PETSC)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "closed\n", done.stderr
    assert done.returncode == 0


class TestNetwork:
    def test_everything_listens_on_loopback_only_and_speaks_tls(self, started: DaskExecutor):
        client = started._client
        assert client is not None
        workers = client.scheduler_info(n_workers=-1)["workers"]
        nannies = [info["nanny"] for info in workers.values()]
        addresses = [client.scheduler_info()["address"], *workers, *nannies]
        assert len(addresses) == 5
        assert all(address.startswith("tls://127.0.0.1:") for address in addresses)

    def test_there_are_no_pages_for_browsers(self, started: DaskExecutor):
        assert started._client is not None
        info = started._client.scheduler_info(n_workers=-1)
        services = [info["services"], *(w["services"] for w in info["workers"].values())]
        for port in (service["dashboard"] for service in services if service):
            for page in ("status", "health", "metrics", "info/main/workers.html", "api/v1"):
                with pytest.raises(HTTPError, match="404"):
                    urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5)

    def test_no_process_of_ours_listens_elsewhere(self, started: DaskExecutor):
        assert started._client is not None
        pids = {os.getpid(), *started._client.run(os.getpid).values()}
        assert set().union(*(_listening_hosts(pid) for pid in pids)) == {"0100007F"}

    def test_a_stranger_without_the_certificate_is_refused(self, started: DaskExecutor):
        assert started._client is not None
        address = started._client.scheduler_info()["address"]
        host, port = address.removeprefix("tls://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as stranger:
            stranger.sendall(b"\0" * 64)
            stranger.settimeout(5)
            try:
                answer = stranger.recv(64)
            except ConnectionResetError:
                answer = b""
        assert not answer or answer[0] == 21  # the connection is closed, perhaps after an alert


class TestCores:
    def test_cores_are_dealt_out(self, started: DaskExecutor):
        assert started._client is not None
        bound = list(started._client.run(lambda: frozenset(os.sched_getaffinity(0))).values())
        assert sorted(bound, key=min) == sorted(_core_shares(2), key=min)

    @pytest.mark.parametrize("workers", [1, 2, 3, 7])
    def test_each_worker_has_a_core_and_no_core_is_idle(self, workers: int):
        shares = _core_shares(workers)
        assert len(shares) == workers
        assert all(shares)
        assert frozenset().union(*shares) == os.sched_getaffinity(0)


class TestStopping:
    def test_a_stop_lets_chunks_end_and_the_same_study_goes_on(
        self, tmp_path: Path, executor: DaskExecutor
    ):
        study = heavy(12)
        with pytest.raises(StoppedError, match="of 12 runs done"):
            run_study(
                study, tmp_path, executor, should_stop=lambda: bool(list(iterate_runs(tmp_path)))
            )
        kept = {run_id: _attempts(tmp_path, run_id) for run_id in iterate_runs(tmp_path)}
        assert 1 <= len(kept) < 12
        records = run_study(study, tmp_path, executor)
        assert len(records) == 12
        assert {run_id: _attempts(tmp_path, run_id) for run_id in kept} == kept

    def test_a_killed_workers_order_is_finished_by_another(
        self, tmp_path: Path, executor: DaskExecutor, started: DaskExecutor
    ):
        assert started._client is not None
        victim = min(started._client.run(os.getpid).values())

        def kill_after_the_first_commit() -> None:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not list(iterate_runs(tmp_path)):
                time.sleep(0.02)
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill_after_the_first_commit)
        killer.start()
        study = heavy(16, rounds=4_000_000)
        records = run_study(study, tmp_path, executor)
        killer.join()
        assert len(records) == 16
        assert all(len(_attempts(tmp_path, record.run_id)) == 1 for record in records)
        assert all(find_run(tmp_path, r.run_id, verify=True) == r for r in records)
        started._client.wait_for_workers(2)
        bound = list(started._client.run(lambda: frozenset(os.sched_getaffinity(0))).values())
        assert sorted(bound, key=min) == sorted(_core_shares(2), key=min)

    def test_an_order_that_kills_every_worker_is_given_up(
        self, tmp_path: Path, executor: DaskExecutor, monkeypatch: pytest.MonkeyPatch
    ):
        def gather(self, futures):
            raise distributed.KilledWorker("work", None, 3)

        monkeypatch.setattr(distributed.Client, "gather", gather)
        with pytest.raises(RunFailedError, match="want of memory"):
            run_study(Study.grid("sample.fragile", {}), tmp_path, executor)


def _attempts(root: Path, run_id: str) -> list[str]:
    return sorted(path.name for path in (root / "runs" / run_id).iterdir())


def _listening_hosts(pid: int) -> set[str]:
    """Local addresses, in hexadecimal, of the TCP sockets that a process listens on."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(descriptor) if descriptor.is_symlink() else ""
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    hosts = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                hosts.add(fields[1].partition(":")[0])
    return hosts
