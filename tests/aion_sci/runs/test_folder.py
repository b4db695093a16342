"""Run folders are complete or not there, survive a kill at any moment, and notice damage."""

from __future__ import annotations

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from aion_kernels import files
from aion_kernels.estimate import Estimate
from aion_sci.errors import (
    ConflictingRunError,
    CorruptRunError,
    StoreError,
    StoreVersionError,
)
from aion_sci.runs.folder import (
    commit_run,
    find_run,
    iterate_runs,
    iterate_unfinished,
    load_fields,
    remove_attempt,
)
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec, content_hash


def make_record(nusselt: float = 2.243, *, rayleigh: float = 1e4, **errors: float) -> Record:
    return Record(
        spec=RunSpec("cfd.heated_cavity", {"rayleigh": rayleigh}, {"resolution": 64}, "0.1.0+ab"),
        outcome="ok",
        message="",
        observables={"nusselt": Reading(Estimate(nusselt, **errors), "1")},
        seconds=0.25,
        units={"rayleigh": "1", "resolution": "1"},
        environment={"python": "3.12.0", "devices": ["cpu"]},
    )


def make_fields() -> xarray.Dataset:
    x = np.linspace(0.0, 1.0, 5)
    return xarray.Dataset(
        {
            "temperature": (("x", "y"), np.outer(x, x), {"units": "K", "long_name": "temperature"}),
            "age": (("x",), x, {"units": "seconds"}),
        },
        coords={"x": ("x", x, {"units": "m"})},
        attrs={"made": "by a test"},
    )


class TestRoundTrip:
    def test_a_run_is_found_as_it_was_committed(self, tmp_path: Path):
        record = make_record(discretisation=1e-3, solver=1e-9, sampling=0.02)
        committed = commit_run(tmp_path, record)
        found = find_run(tmp_path, record.run_id, verify=True)
        assert found == committed
        assert found == replace(record, folder=committed.folder, files=committed.files)

    def test_contents_follow_the_contract(self, tmp_path: Path):
        record = commit_run(
            tmp_path,
            make_record(),
            fields=make_fields(),
            details={"orders": np.array([1.9, math.nan]), "rungs": (32, 64), "at": tmp_path},
            log=[{"event": "started"}, {"event": "ended", "residual": np.float64(1e-9)}],
        )
        folder = record.folder
        assert folder is not None
        assert folder.parent == tmp_path / "runs" / record.run_id
        assert {p.name for p in folder.iterdir()} == {
            "COMMIT.json", "environment.json", "fields.nc", "log.jsonl", "observables.json",
            "spec.json",
        }  # fmt: skip
        assert set(record.files) == {p.name for p in folder.iterdir()} - {"COMMIT.json"}
        spec = json.loads((folder / "spec.json").read_text())
        assert spec == {**record.spec.to_json(), "units": record.units}
        environment = json.loads((folder / "environment.json").read_text())
        assert environment == {"python": "3.12.0", "devices": ["cpu"], "seconds": 0.25}
        observables = json.loads((folder / "observables.json").read_text())
        assert observables["details"] == {
            "orders": [1.9, None],
            "rungs": [32, 64],
            "at": str(tmp_path),
        }
        events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        assert events == [{"event": "started"}, {"event": "ended", "residual": 1e-9}]

    def test_what_is_not_finite_survives_as_not_a_number(self, tmp_path: Path):
        record = replace(make_record(math.inf), outcome="non_finite", message="reduce the step")
        found = commit_run(tmp_path, record)
        assert math.isnan(found.observables["nusselt"].value)
        assert (found.outcome, found.message) == ("non_finite", "reduce the step")
        assert commit_run(tmp_path, record).folder == found.folder

    def test_an_absent_run_is_none(self, tmp_path: Path):
        assert find_run(tmp_path, "0" * 20) is None
        assert list(iterate_runs(tmp_path)) == []
        assert list(iterate_unfinished(tmp_path)) == []

    def test_runs_are_iterated_in_order(self, tmp_path: Path):
        ids = [commit_run(tmp_path, make_record(rayleigh=1e3 * n)).run_id for n in (1, 2, 3)]
        assert list(iterate_runs(tmp_path)) == sorted(ids)

    def test_other_users_may_read_it(self, tmp_path: Path):
        """A store is shared: the files take the permissions that the umask leaves, not 0600."""
        old = os.umask(0o022)
        try:
            folder = commit_run(tmp_path, make_record()).folder
        finally:
            os.umask(old)
        assert folder is not None
        assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o644}


class TestFields:
    def test_fields_keep_values_units_and_attributes(self, tmp_path: Path):
        """Exact, since the arrays are stored as they are; a time in seconds stays a number."""
        record = commit_run(tmp_path, make_record(), fields=make_fields())
        loaded = load_fields(record)
        xarray.testing.assert_equal(loaded, make_fields())
        assert loaded["temperature"].attrs["units"] == "K"
        assert loaded["age"].dtype == np.float64
        assert loaded["age"].attrs["units"] == "seconds"
        assert loaded.attrs == {
            "made": "by a test",
            "run_id": record.run_id,
            "experiment": "cfd.heated_cavity",
        }

    def test_a_run_without_fields_says_so(self, tmp_path: Path):
        with pytest.raises(StoreError, match="has no fields"):
            load_fields(commit_run(tmp_path, make_record()))

    def test_unreadable_fields_are_damage(self, tmp_path: Path):
        record = commit_run(tmp_path, make_record(), fields=make_fields())
        assert record.folder is not None
        path = record.folder / "fields.nc"
        path.write_bytes(b"\0" * path.stat().st_size)
        with pytest.raises(CorruptRunError, match=r"fields\.nc cannot be read"):
            load_fields(record)


class TestSecondCommit:
    def test_an_equal_one_is_dropped(self, tmp_path: Path):
        first = commit_run(tmp_path, make_record())
        assert commit_run(tmp_path, make_record()) == first
        assert attempts(tmp_path, first) == [first.folder]

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (make_record(1.0), make_record(1.0 + 1e-10)),  # the last bits of another batch
            (make_record(1.0, solver=1e-6), make_record(1.0 + 1.9e-6, solver=1e-6)),
            (make_record(1.0, sampling=0.1), make_record(1.5, sampling=0.1)),  # another sample
            (make_record(math.nan), make_record(math.inf)),
            (make_record(0.0), make_record(-0.0)),
        ],
    )
    def test_the_last_bits_do_not_make_it_unequal(self, tmp_path: Path, first, second):
        standing = commit_run(tmp_path, first)
        assert commit_run(tmp_path, second).folder == standing.folder

    @pytest.mark.parametrize(
        "second",
        [
            make_record(1.0 + 1e-8),
            make_record(1.1, discretisation=0.2),  # the same grid: no excuse for another value
            make_record(math.nan),
            make_record(2.0, solver=math.nan),
            replace(make_record(1.0), outcome="not_converged"),
            replace(make_record(1.0), observables={}),
        ],
    )
    def test_an_unequal_one_is_an_error_that_keeps_both(self, tmp_path: Path, second):
        first = commit_run(tmp_path, make_record(1.0))
        with pytest.raises(ConflictingRunError) as raised:
            commit_run(tmp_path, second)
        both = attempts(tmp_path, first)
        assert len(both) == 2
        assert all(str(attempt) in str(raised.value) for attempt in both)
        with pytest.raises(ConflictingRunError):
            find_run(tmp_path, first.run_id)
        remove_attempt(next(a for a in both if a != first.folder))
        assert find_run(tmp_path, first.run_id) == first

    def test_one_that_adds_fields_stands(self, tmp_path: Path):
        bare = commit_run(tmp_path, make_record())
        full = commit_run(tmp_path, make_record(), fields=make_fields())
        assert "fields.nc" in full.files
        assert full.folder != bare.folder
        assert find_run(tmp_path, bare.run_id) == full
        assert commit_run(tmp_path, make_record(), fields=make_fields()) == full
        assert commit_run(tmp_path, make_record()) == full

    def test_many_at_once_leave_one_standing(self, tmp_path: Path):
        """Sixteen writers race; whichever wins, all of them end with a valid committed record."""
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: commit_run(tmp_path, make_record()), range(64)))
        record = find_run(tmp_path, make_record().run_id, verify=True)
        assert record is not None
        assert list(iterate_unfinished(tmp_path)) == []


class TestDamage:
    @pytest.mark.parametrize(
        "name",
        ["COMMIT.json", "environment.json", "fields.nc", "log.jsonl", "observables.json",
         "spec.json"],
    )  # fmt: skip
    def test_a_flipped_bit_in_any_file_is_found(self, tmp_path: Path, name: str):
        record = commit_run(tmp_path, make_record(), fields=make_fields(), log=[{"event": "x"}])
        assert record.folder is not None
        path = record.folder / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(CorruptRunError, match="aion store verify"):
            find_run(tmp_path, record.run_id, verify=True)

    @pytest.mark.parametrize("name", ["COMMIT.json", "observables.json", "spec.json"])
    @pytest.mark.parametrize("damage", ["cut", "emptied", "removed", "replaced"])
    def test_gross_damage_is_found_without_hashing(self, tmp_path: Path, name: str, damage: str):
        record = commit_run(tmp_path, make_record())
        assert record.folder is not None
        path = record.folder / name
        content = path.read_bytes()
        if damage == "removed" and name == "COMMIT.json":
            path.unlink()
            assert find_run(tmp_path, record.run_id) is None
            return
        if damage == "removed":
            path.unlink()
        else:
            path.write_bytes(
                {"cut": content[:-9], "emptied": b"", "replaced": b"[" * len(content)}[damage]
            )
        with pytest.raises(CorruptRunError) as raised:
            find_run(tmp_path, record.run_id)
        assert str(record.folder) in str(raised.value)
        assert name in str(raised.value)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("observables.json", {"outcome": "ok", "message": "", "observables": {"nusselt": 3}}),
            ("observables.json", {"outcome": "ok", "message": ""}),
            ("observables.json", ["ok"]),
            ("spec.json", {"experiment": "cfd.heated_cavity"}),
            ("environment.json", {}),
        ],
    )
    def test_a_wrong_entry_is_damage_even_with_a_valid_commit(
        self, tmp_path: Path, name: str, content
    ):
        record = commit_run(tmp_path, make_record())
        overwrite(record, name, json.dumps(content))
        with pytest.raises(CorruptRunError):
            find_run(tmp_path, record.run_id)

    def test_an_edited_commit_does_not_vouch_for_edited_files(self, tmp_path: Path):
        record = commit_run(tmp_path, make_record())
        assert record.folder is not None
        commit = record.folder / "COMMIT.json"
        commit.write_text(commit.read_text().replace('"bytes": ', '"bytes": 1'))
        with pytest.raises(CorruptRunError, match=r"COMMIT\.json does not match its own checksum"):
            find_run(tmp_path, record.run_id)

    def test_a_folder_under_another_id_is_damage(self, tmp_path: Path):
        record = commit_run(tmp_path, make_record())
        (tmp_path / "runs" / record.run_id).rename(tmp_path / "runs" / ("f" * 20))
        with pytest.raises(CorruptRunError, match=f"belongs to run {record.run_id}"):
            find_run(tmp_path, "f" * 20)

    def test_a_newer_format_asks_for_an_upgrade(self, tmp_path: Path):
        record = commit_run(tmp_path, make_record())
        assert record.folder is not None
        commit = record.folder / "COMMIT.json"
        commit.write_text(json.dumps({"format": 99, "written": "differently"}))
        with pytest.raises(StoreVersionError, match=r"format 99.*upgrade"):
            find_run(tmp_path, record.run_id)


def attempts(root: Path, record: Record) -> list[Path]:
    return sorted((root / "runs" / record.run_id).iterdir())


def overwrite(record: Record, name: str, text: str) -> None:
    """Replace a file and write a COMMIT that vouches for it, as no honest writer would."""
    assert record.folder is not None
    path = record.folder / name
    path.write_text(text)
    commit = json.loads((record.folder / "COMMIT.json").read_text())
    commit["files"][name] = {"bytes": len(text), "sha256": files.sha256_of_file(path)}
    del commit["sha256"]
    commit["sha256"] = content_hash(commit)
    (record.folder / "COMMIT.json").write_text(json.dumps(commit))
