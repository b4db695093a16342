"""The index is disposable: made again from the folders, it is the same."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from aion_sci.errors import StoreError
from aion_sci.knowledge import KnowledgeStore, index
from aion_sci.knowledge.index import SCHEMA, Index
from aion_sci.runs.folder import commit_run

_TABLES = {
    "runs": "*",
    "quantities": "*",
    "claims": "*",
    "campaigns": "*",
    "run_text": "run_id, title, body",
    "knowledge_text": "kind, id, title, body",
}


def tables(path: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(path / "index.sqlite") as connection:
        rows = {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall())
            for table, columns in _TABLES.items()
        }
    connection.close()
    return rows


@pytest.fixture
def filled(path: Path, make_record, make_claim) -> Path:
    """A closed store, filled step by step as a campaign does."""
    with KnowledgeStore.open(path, write=True) as store:
        records = [commit_run(path, make_record(1e3 * n, nusselt=1.0 + n)) for n in (3, 1, 2)]
        failed = make_record(5e5, nusselt=float("nan"), outcome="non_finite", message="smaller dt")
        for record in (*records, commit_run(path, failed)):
            store.ingest(record)
        store.file_claim(make_claim(runs=tuple(record.run_id for record in records)))
        store.file_claim(make_claim(interval=(0.1, float("inf"))))
        store.file_question("campaign-1", {"question": "Is it so?", "observe": ["nusselt"]})
    return path


def test_a_rebuilt_index_equals_the_grown_one(filled: Path):
    grown = tables(filled)
    assert [len(rows) for rows in grown.values()] == [4, 20, 2, 1, 4, 3]
    with KnowledgeStore.open(filled, write=True) as store:
        rebuilt = store.rebuild()
    assert rebuilt == (4, 2, 1, [])
    assert tables(filled) == grown


def test_damage_is_left_out_and_listed(filled: Path):
    with KnowledgeStore.open(filled, write=True) as store:
        run, other = store.runs(limit=2)
        assert run.folder is not None
        (run.folder / "COMMIT.json").write_text("{")
        claim = next((filled / "claims").iterdir())
        claim.write_text("[]")
        rebuilt = store.rebuild()
        assert rebuilt[:3] == (3, 1, 1)
        assert {p.path.name for p in rebuilt.problems} == {run.run_id, claim.stem}
        assert store.record(other.run_id).folder == other.folder


@pytest.mark.parametrize("damage", ["removed", "garbage", "empty", "older", "newer", "table"])
@pytest.mark.parametrize("write", [True, False])
def test_an_unusable_index_is_made_again_on_opening(filled: Path, damage: str, write: bool):
    grown, index = tables(filled), filled / "index.sqlite"
    spoil(index, damage)
    spoiled = index.read_bytes() if index.exists() else None
    with KnowledgeStore.open(filled, write=write) as store:
        assert "made again" in store.notices[0]
        assert "4 runs, 2 claims" in store.notices[0]
        assert len(store.search("cavity")) == 6
        assert len(store.runs()) == 4
    if write:
        assert tables(filled) == grown
        with KnowledgeStore.open(filled, write=True) as store:
            assert store.notices == []
    else:
        assert (index.read_bytes() if index.exists() else None) == spoiled


def test_what_opening_left_out_is_noticed(filled: Path):
    spoil(filled / "index.sqlite", "removed")
    next((filled / "claims").iterdir()).write_text("")
    with KnowledgeStore.open(filled, write=False) as store:
        assert "1 damaged entries" in store.notices[1]


def test_a_failed_rebuild_keeps_the_old_index(filled: Path, monkeypatch: pytest.MonkeyPatch):
    grown = tables(filled)

    def fail(_self: Index, _claim: object) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    with KnowledgeStore.open(filled, write=True) as store:
        monkeypatch.setattr(Index, "add_claim", fail)
        with pytest.raises(StoreError, match="disk I/O error"):
            store.rebuild()
    assert tables(filled) == grown


def test_on_a_network_disk_there_is_no_write_ahead_log(
    path: Path, make_record, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(index, "is_network", lambda _path: True)
    with KnowledgeStore.open(path, write=True) as store:
        store.ingest(make_record())
        assert not list(path.glob("*-wal"))
    monkeypatch.setattr(index, "is_network", lambda _path: False)
    with KnowledgeStore.open(path, write=True) as store:
        store.ingest(make_record(1e5))
        assert list(path.glob("*-wal"))


def test_a_reader_at_work_does_not_hold_up_the_writer(filled: Path):
    """Changing the journal needs the file for itself; without it, the old journal goes on."""
    with KnowledgeStore.open(filled, write=False) as reader:
        rows = reader._index._connection.execute("SELECT * FROM runs")
        rows.fetchone()
        with KnowledgeStore.open(filled, write=True) as writer:
            assert len(writer.runs()) == 4
        rows.close()
        assert len(reader.runs()) == 4


def spoil(index: Path, damage: str) -> None:
    match damage:
        case "removed":
            index.unlink()
        case "garbage":
            index.write_bytes(b"not a database" * 1000)
        case "empty":
            index.write_bytes(b"")
        case _:
            with sqlite3.connect(index) as connection:
                if damage == "table":
                    connection.execute("DROP TABLE claims")
                else:
                    version = SCHEMA + (1 if damage == "newer" else -1)
                    connection.execute(f"PRAGMA user_version = {version}")
            connection.close()
