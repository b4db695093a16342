"""The store keeps claims, campaigns and runs, and notices what happened to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aion_sci.errors import (
    CorruptClaimError,
    CorruptRunError,
    RequestError,
    StoreError,
    StoreUnwritableError,
    StoreVersionError,
    UnknownNameError,
)
from aion_sci.knowledge import KnowledgeStore
from aion_sci.runs.folder import commit_run
from aion_sci.runs.record import Record


def commit(store: KnowledgeStore, record: Record) -> Record:
    """What a worker and then the coordinator do."""
    committed = commit_run(store.path, record)
    store.ingest(committed)
    return committed


class TestOpening:
    def test_reading_what_is_not_there_says_how_to_make_it(self, path: Path):
        with pytest.raises(StoreError, match=r"no knowledge store at .*--store"):
            KnowledgeStore.open(path, write=False)
        assert not path.exists()

    def test_reading_leaves_no_trace(self, path: Path, make_record):
        with KnowledgeStore.open(path, write=True) as store:
            commit(store, make_record())
        before = sorted(p.relative_to(path) for p in path.rglob("*"))
        with KnowledgeStore.open(path, write=False) as store:
            assert len(store.runs()) == 1
        assert sorted(p.relative_to(path) for p in path.rglob("*")) == before

    def test_at_rest_the_index_is_one_file(self, path: Path):
        KnowledgeStore.open(path, write=True).close()
        assert [p.name for p in path.glob("index*")] == ["index.sqlite"]

    def test_a_store_opened_for_reading_is_not_written(self, path: Path, make_record, make_claim):
        KnowledgeStore.open(path, write=True).close()
        with KnowledgeStore.open(path, write=False) as store:
            for write in (
                lambda: store.ingest(make_record()),
                lambda: store.file_claim(make_claim()),
                lambda: store.file_question("campaign-1", {"question": "?"}),
                store.rebuild,
                store.tidy,
            ):
                with pytest.raises(StoreError, match="open it for writing"):
                    write()

    def test_a_newer_store_asks_for_an_upgrade(self, path: Path):
        KnowledgeStore.open(path, write=True).close()
        (path / "store.json").write_text('{"format": 7}')
        for write in (False, True):
            with pytest.raises(StoreVersionError, match=r"format 7.*upgrade"):
                KnowledgeStore.open(path, write=write)

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "one"}'])
    def test_a_damaged_marker_is_named(self, path: Path, content: str):
        KnowledgeStore.open(path, write=True).close()
        (path / "store.json").write_text(content)
        with pytest.raises(StoreError, match=r"store\.json"):
            KnowledgeStore.open(path, write=True)

    def test_a_path_below_a_file_is_unwritable(self, tmp_path: Path):
        (tmp_path / "file").touch()
        with pytest.raises(StoreUnwritableError, match=str(tmp_path / "file")):
            KnowledgeStore.open(tmp_path / "file" / "store", write=True)

    def test_a_read_only_disk_is_unwritable(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        def refuse(self: Path, *_args: object, **_kwargs: object) -> None:
            raise OSError(30, "Read-only file system", str(self))

        monkeypatch.setattr(Path, "mkdir", refuse)
        with pytest.raises(StoreUnwritableError, match=r"Read-only file system.*--store"):
            KnowledgeStore.open(path, write=True)

    def test_an_index_that_cannot_be_made_is_named(self, path: Path):
        KnowledgeStore.open(path, write=True).close()
        (path / "index.sqlite").unlink()
        (path / "index.sqlite").mkdir()
        with pytest.raises(StoreUnwritableError, match=r"index\.sqlite"):
            KnowledgeStore.open(path, write=True)

    def test_a_folder_of_other_files_is_left_alone(self, path: Path):
        path.mkdir()
        (path / "thesis.tex").touch()
        with pytest.raises(StoreError, match=r"holds other files, such as 'thesis.tex'"):
            KnowledgeStore.open(path, write=True)
        assert [p.name for p in path.iterdir()] == ["thesis.tex"]

    def test_runs_written_before_the_store_was_opened_are_taken_in(self, path: Path, make_record):
        commit_run(path, make_record())
        with KnowledgeStore.open(path, write=True) as store:
            assert len(store.runs()) == 1
            assert "1 runs" in store.notices[0]


class TestRuns:
    def test_a_run_is_taken_in_once(self, store: KnowledgeStore, make_record):
        record = commit_run(store.path, make_record())
        assert store.ingest(record)
        assert not store.ingest(record)
        assert store.ingest_batch([record, commit_run(store.path, make_record(1e5)), record]) == 1
        assert len(store.search("cavity")) == 2

    def test_a_run_is_found_by_the_start_of_its_id(self, store: KnowledgeStore, make_record):
        record = commit(store, make_record())
        assert store.record(record.run_id) == record
        assert store.record(record.run_id[:6]) == record

    def test_a_run_that_was_never_taken_in_is_found_by_its_id(self, store, make_record):
        record = commit_run(store.path, make_record())
        assert store.record(record.run_id) == record

    def test_an_unknown_run_suggests_the_nearest(self, store: KnowledgeStore, make_record):
        record = commit(store, make_record())
        mistyped = record.run_id[:-1] + ("0" if record.run_id[-1] != "0" else "1")
        with pytest.raises(UnknownNameError, match=f"did you mean '{record.run_id}'"):
            store.record(mistyped)

    @pytest.mark.parametrize("wanted", ["", "..", "../../etc", "%", "*", "a/b", "\0"])
    def test_what_is_no_id_is_unknown(self, store: KnowledgeStore, make_record, wanted: str):
        commit(store, make_record())
        with pytest.raises(UnknownNameError):
            store.record(wanted)

    def test_an_ambiguous_start_asks_for_more(self, store: KnowledgeStore, make_record):
        """Among 17 ids two begin with the same hexadecimal digit."""
        ids = [commit(store, make_record(1e3 + n)).run_id for n in range(17)]
        first = next(i[0] for i in ids if sum(other[0] == i[0] for other in ids) > 1)
        with pytest.raises(RequestError, match="write more"):
            store.record(first)

    def test_runs_are_chosen_by_experiment_and_range(self, store: KnowledgeStore, make_record):
        for n, rayleigh in enumerate((1e3, 1e4, 1e5)):
            commit(store, make_record(rayleigh, nusselt=1.0 + n))
        values = [r.spec.parameters["rayleigh"] for r in store.runs(where={"rayleigh": (1e4, 1e5)})]
        assert sorted(values) == [1e4, 1e5]
        (record,) = store.runs("cfd.heated_cavity", {"rayleigh": (1e4, 1e6), "nusselt": (2.5, 3)})
        assert record.spec.parameters["rayleigh"] == 1e5
        assert store.runs("cfd.lid_cavity") == []
        assert len(store.runs(limit=2)) == 2
        with pytest.raises(UnknownNameError, match="did you mean 'rayleigh'"):
            store.runs(where={"raleigh": (0, 1)})

    def test_a_run_without_its_folder_is_no_run(self, store: KnowledgeStore, make_record):
        record = commit(store, make_record())
        assert record.folder is not None
        record.folder.rename(store.path / "elsewhere")
        assert store.runs() == []
        with pytest.raises(StoreError, match="folder is gone"):
            store.record(record.run_id)

    def test_a_damaged_run_is_not_handed_out(self, store: KnowledgeStore, make_record):
        record = commit(store, make_record())
        assert record.folder is not None
        (record.folder / "spec.json").write_text("{}")
        with pytest.raises(CorruptRunError):
            store.record(record.run_id)


class TestClaims:
    def test_a_claim_is_kept(self, store: KnowledgeStore, make_claim):
        claim = make_claim()
        file = store.file_claim(claim)
        assert store.file_claim(claim) == file == store.path / "claims" / f"{claim.id}.json"
        assert json.loads(file.read_text()) == claim.to_json()
        assert store.claim(claim.id) == claim
        assert store.claim(claim.id[:9]) == claim
        assert store.claim(claim.id.removeprefix("claim-")[:5]) == claim
        assert store.claims() == [claim]

    def test_an_unknown_claim_suggests_the_nearest(self, store: KnowledgeStore, make_claim):
        claim = make_claim()
        store.file_claim(claim)
        with pytest.raises(UnknownNameError, match=f"did you mean '{claim.id}'"):
            store.claim(claim.id[:-1] + "x")

    def test_claims_are_chosen_by_their_properties(self, store: KnowledgeStore, make_claim):
        first, second = make_claim(), make_claim(verdict="refuted", campaign="campaign-2")
        third = make_claim(experiment="cfd.lid_cavity", campaign="campaign-3")
        for claim in (third, second, first):
            store.file_claim(claim)
        assert store.claims() == [first, second, third]
        assert store.claims(verdict="refuted") == [second]
        assert store.claims(experiment="cfd.lid_cavity") == [third]
        assert store.claims(campaign="campaign-2", verdict="supported") == []

    def test_an_edited_claim_is_refused(self, store: KnowledgeStore, make_claim):
        file = store.file_claim(make_claim())
        file.write_text(file.read_text().replace("supported", "refuted"))
        with pytest.raises(CorruptClaimError, match=str(file)):
            store.claim(make_claim().id)

    def test_a_renamed_claim_is_refused(self, store: KnowledgeStore, make_claim):
        file = store.file_claim(make_claim())
        file.rename(file.with_name("claim-000000000000.json"))
        with pytest.raises(CorruptClaimError, match="rename it back"):
            store.claim("claim-000000000000")


class TestCampaigns:
    def test_a_campaign_has_a_folder_and_a_question(self, store: KnowledgeStore):
        folder = store.campaign_folder("campaign-1")
        assert folder == store.path / "campaigns" / "campaign-1"
        assert folder.is_dir()
        question = {"question": "Is it so?", "vary": {"rayleigh": {"low": 1e3}}}
        assert store.file_question("campaign-1", question) == folder
        assert json.loads((folder / "question.json").read_text()) == question
        store.file_question("campaign-1", question)
        assert [h.id for h in store.search("rayleigh so")] == ["campaign-1"]

    def test_reading_makes_no_folder(self, path: Path):
        with KnowledgeStore.open(path, write=True) as store:
            store.file_question("campaign-1", {"question": "Is it so?"})
        with KnowledgeStore.open(path, write=False) as store:
            assert store.campaign_folder("campaign-1").is_dir()
            with pytest.raises(UnknownNameError, match="did you mean 'campaign-1'"):
                store.campaign_folder("campaign-2")

    def test_a_campaign_stays_in_the_store(self, store: KnowledgeStore):
        with pytest.raises(RequestError, match="no campaign id"):
            store.campaign_folder("../../elsewhere")


class TestVerify:
    def test_a_sound_store_has_no_problems(self, store: KnowledgeStore, make_record, make_claim):
        record = commit(store, make_record())
        store.file_claim(make_claim(runs=(record.run_id,)))
        folder = store.file_question("campaign-1", {"question": "Is it so?"})
        (folder / "log.jsonl").touch()
        assert store.verify() == []

    def test_everything_that_is_wrong_is_listed(self, store, make_record, make_claim):
        damaged = commit(store, make_record())
        observables = damaged.folder / "observables.json"
        observables.write_text(observables.read_text().replace("2.243", "3.243"))
        conflicting = commit(store, make_record(1e5))
        with pytest.raises(StoreError):
            commit_run(store.path, replace(conflicting, outcome="not_converged"))
        commit_run(store.path, make_record(1e6))  # committed by a worker, never taken in
        unfinished = store.path / "runs" / ("a" * 20) / "attempt-1"
        unfinished.mkdir(parents=True)
        edited = store.file_claim(make_claim())
        edited.write_text(edited.read_text().replace("0.31", "0.41"))
        unfounded = store.file_claim(make_claim(runs=("f" * 20,)))
        asked = store.file_question("campaign-1", {"question": "Is it so?"})
        broken = store.file_question("campaign-2", {"question": "And this?"})
        (broken / "log.jsonl").touch()
        (broken / "question.json").write_text("{}")
        expected = [
            (store.path / "runs" / damaged.run_id, "another SHA-256"),
            (store.path / "runs" / conflicting.run_id, "committed twice"),
            (edited, "does not match its content"),
            (unfounded, "1 runs that are not in the store"),
            (asked, "log.jsonl is missing"),
            (broken, "holds no question"),
            (store.path / "index.sqlite", "lacks 1 runs"),
            (unfinished, "no COMMIT"),
        ]
        found = store.verify()
        assert sorted(p.path for p in found) == sorted(path for path, _ in expected)
        for path, message in expected:
            assert any(p.path == path and message in p.message for p in found)
        assert store.verify() == found, "verifying changed something"

    def test_a_damaged_index_is_reported(self, path: Path, make_record):
        with KnowledgeStore.open(path, write=True) as store:
            for n in range(300):
                store.ingest(make_record(1e3 + n))
        index = path / "index.sqlite"
        content = bytearray(index.read_bytes())
        content[8192:-4096] = bytes(len(content) - 8192 - 4096)
        index.write_bytes(content)
        with KnowledgeStore.open(path, write=False) as store:
            (problem, *_) = store.verify()
            assert problem.path == index
            assert "aion store rebuild" in str(problem)
            assert str(index) in str(problem)
            with pytest.raises(StoreError, match="aion store rebuild"):
                store.search("cavity")


class TestTidy:
    def test_only_what_is_old_and_uncommitted_is_removed(self, store, make_record):
        committed = commit(store, make_record())
        old, fresh = (store.path / "runs" / ("a" * 20) / f"attempt-{n}" for n in (1, 2))
        for folder in (old, fresh):
            folder.mkdir(parents=True)
            (folder / "spec.json").touch()
        for path in (old, old / "spec.json", fresh):
            os.utime(path, (0, 0))  # the fresh folder is old, but a file in it is not
        assert store.tidy() == [old]
        assert fresh.is_dir()
        assert store.tidy(older_than=-1) == [fresh]
        assert store.record(committed.run_id) == committed
        assert store.verify() == []


class TestConcurrency:
    def test_readers_see_whole_batches_while_a_writer_writes(self, store, make_record):
        """Each batch holds ten runs, so a reader in another process never counts otherwise."""
        reader = subprocess.Popen(
            [sys.executable, "-c", _READ, str(store.path)], stdout=subprocess.PIPE, text=True
        )
        with reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            batch = 0
            while reader.poll() is None and batch < 2000:
                store.ingest_batch(make_record(1e3 + 10 * batch + n) for n in range(10))
                batch += 1
            counts = [int(line) for line in reader.stdout]
        assert reader.returncode == 0
        assert counts == sorted(counts)
        assert all(count % 10 == 0 for count in counts)
        assert len(set(counts)) > 3, "the reader never saw the store grow"


_READ = """
import sys, time
from aion_sci.knowledge import KnowledgeStore
with KnowledgeStore.open(sys.argv[1], write=False) as store:
    print("reading", flush=True)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        print(len(store.search("heated cavity", limit=10**6)))
        time.sleep(0.01)
"""
