"""The index of a store: SQLite tables that answer questions the folders cannot answer fast.

Everything here is derived from the folders and can be made again from them, so an index that is
damaged or of another schema is thrown away, never repaired or migrated. While a coordinator writes,
readers are not held up: the journal is a write-ahead log, except on a network file system, which
cannot carry one. At rest the index is a single file that opens on a read-only disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from aion_sci.errors import StoreError, StoreUnwritableError, UnknownNameError
from aion_sci.knowledge.claim import Claim
from aion_sci.knowledge.filesystem import is_network
from aion_sci.knowledge.search import Hit, number_text, search
from aion_sci.runs.record import Record

__all__ = ["Index", "UnusableIndexError"]

SCHEMA = 1
"""Version of the tables; an index of any other is made again."""

_MILLISECONDS_TO_WAIT = 30_000
_TABLES = ("runs", "quantities", "claims", "campaigns", "run_text", "knowledge_text")
_TOKENS = "tokenize = 'porter unicode61 remove_diacritics 2'"
_DEFINITIONS = (
    """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, experiment TEXT NOT NULL, outcome TEXT NOT NULL,
        code TEXT NOT NULL, seconds REAL)""",
    "CREATE INDEX runs_by_experiment ON runs (experiment, run_id)",
    """CREATE TABLE quantities (
        run_id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, value,
        PRIMARY KEY (run_id, name)) WITHOUT ROWID""",
    "CREATE INDEX quantities_by_value ON quantities (name, value, run_id)",
    """CREATE TABLE claims (
        claim_id TEXT PRIMARY KEY, experiment TEXT NOT NULL, kind TEXT NOT NULL,
        verdict TEXT NOT NULL, campaign TEXT NOT NULL)""",
    "CREATE TABLE campaigns (campaign_id TEXT PRIMARY KEY, question TEXT NOT NULL)",
    f"CREATE VIRTUAL TABLE run_text USING fts5(run_id UNINDEXED, title, body, {_TOKENS})",
    f"""CREATE VIRTUAL TABLE knowledge_text USING fts5(
        kind UNINDEXED, id UNINDEXED, title, body, {_TOKENS})""",
)


class UnusableIndexError(Exception):
    """The index is damaged, of another schema or cannot be opened; make it again."""


class Index:
    """An open index. Methods that write need :meth:`create` or ``open(path, write=True)``."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None) -> None:
        self._connection, self._path = connection, path

    @classmethod
    def in_memory(cls) -> Index:
        """An index that nothing keeps; :meth:`clear` makes its tables."""
        return cls(sqlite3.connect(":memory:", isolation_level=None), None)

    @classmethod
    def create(cls, path: Path) -> Index:
        """A new index in place of whatever is there; :meth:`clear` makes its tables."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            return cls(_connect(path, write=True), path)
        except sqlite3.Error as error:
            raise StoreUnwritableError(
                f"the index {path} cannot be made: {error}; free the disk, or choose another store "
                "with --store or AION_STORE"
            ) from error

    @classmethod
    def open(cls, path: Path, *, write: bool) -> Index:
        """The index at ``path``; raises :class:`UnusableIndexError` where there is no sound one."""
        if not path.is_file():
            raise UnusableIndexError("it is missing")
        try:
            connection = _connect(path, write=write)
            try:
                _check_schema(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise UnusableIndexError(str(error)) from error
        return cls(connection, path)

    def close(self) -> None:
        """Close it; the last writer folds the write-ahead log back into the one file."""
        _set_journal(self._connection, "DELETE")
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is in the index, or none of it."""
        with self._reported():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself may have ended it
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def clear(self) -> None:
        """Drop everything and make empty tables; call in a transaction, and fill them in it."""
        for table in _TABLES:
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        for definition in _DEFINITIONS:
            self._connection.execute(definition)
        self._connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def add_runs(self, records: Iterable[Record]) -> int:
        """Add the records that are not there yet, and return how many; call in a transaction."""
        insert, fresh = self._connection.execute, []
        for record in records:
            row = (
                record.run_id,
                record.spec.experiment,
                record.outcome,
                record.spec.code,
                record.seconds,
            )
            if insert("INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?)", row).rowcount:
                fresh.append(record)
        insert_many = self._connection.executemany
        insert_many(
            "INSERT OR IGNORE INTO quantities VALUES (?, ?, ?, ?)",
            (row for record in fresh for row in _quantities(record)),
        )
        insert_many("INSERT INTO run_text VALUES (?, ?, ?)", map(_run_text, fresh))
        return len(fresh)

    def add_claim(self, claim: Claim) -> bool:
        """Add a claim unless it is there, and return whether it was new; call in a transaction."""
        row = (claim.id, claim.experiment, claim.kind, claim.verdict, claim.campaign)
        insert = self._connection.execute
        if not insert("INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)", row).rowcount:
            return False
        about = f"{claim.question} {claim.verdict} {claim.kind} {claim.experiment}"
        text = ("claim", claim.id, claim.statement, about)
        insert("INSERT INTO knowledge_text VALUES (?, ?, ?, ?)", text)
        return True

    def add_campaign(self, campaign_id: str, question: str, about: str) -> bool:
        """Add a campaign unless it is there, and return whether it was new; as above."""
        insert = self._connection.execute
        row = (campaign_id, question)
        if not insert("INSERT OR IGNORE INTO campaigns VALUES (?, ?)", row).rowcount:
            return False
        text = ("campaign", campaign_id, question, about)
        insert("INSERT INTO knowledge_text VALUES (?, ?, ?, ?)", text)
        return True

    def run_ids(
        self,
        experiment: str | None = None,
        where: Mapping[str, tuple[float, float]] | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Ids of the runs of an experiment whose named quantities lie in closed ranges."""
        conditions, values = ["1"], []
        if experiment is not None:
            conditions.append("experiment = ?")
            values.append(experiment)
        for name, (low, high) in (where or {}).items():
            self._check_quantity(name)
            conditions.append(
                "run_id IN (SELECT run_id FROM quantities WHERE name = ? AND value BETWEEN ? AND ?)"
            )
            values += [name, low, high]
        query = f"SELECT run_id FROM runs WHERE {' AND '.join(conditions)}"
        return self._column(
            f"{query} ORDER BY experiment, run_id LIMIT ?", *values, -1 if limit is None else limit
        )

    def run_ids_starting(self, prefix: str, limit: int) -> list[str]:
        """Ids that begin with ``prefix``."""
        query = "SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? ORDER BY run_id LIMIT ?"
        return self._column(query, prefix, prefix + "g", limit)  # g follows the last hex digit

    def claim_ids(
        self,
        experiment: str | None = None,
        verdict: str | None = None,
        campaign: str | None = None,
    ) -> list[str]:
        """Ids of the claims with these properties, by campaign."""
        given = {"experiment": experiment, "verdict": verdict, "campaign": campaign}
        wanted = {name: value for name, value in given.items() if value is not None}
        conditions = " AND ".join(["1", *(f"{name} = ?" for name in wanted)])
        query = f"SELECT claim_id FROM claims WHERE {conditions} ORDER BY campaign, claim_id"
        return self._column(query, *wanted.values())

    def campaign_ids(self) -> list[str]:
        """Ids of all campaigns."""
        return self._column("SELECT campaign_id FROM campaigns ORDER BY campaign_id")

    def search(self, text: str, limit: int) -> list[Hit]:
        """See :mod:`aion_sci.knowledge.search`."""
        with self._reported():
            return search(self._connection, text, limit)

    def damage(self) -> list[str]:
        """What SQLite's own check finds wrong; empty for a sound index."""
        try:
            found = [row[0] for row in self._connection.execute("PRAGMA integrity_check(10)")]
        except sqlite3.Error as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def _check_quantity(self, name: str) -> None:
        if not self._column("SELECT name FROM quantities WHERE name = ? LIMIT 1", name):
            names = self._column("SELECT DISTINCT name FROM quantities")
            raise UnknownNameError("parameter or observable", name, names)

    def _column(self, query: str, *values: object) -> list[str]:
        with self._reported():
            return [row[0] for row in self._connection.execute(query, values)]

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"the index {self._path or 'in memory'} failed: {error}; `aion store rebuild` "
                "makes a new one from the folders"
            ) from error


def _connect(path: Path, *, write: bool) -> sqlite3.Connection:
    address = f"file:{quote(str(path.resolve()))}?mode={'rwc' if write else 'ro'}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    if write:
        connection.execute("PRAGMA synchronous = NORMAL")
        _set_journal(connection, "DELETE" if is_network(path) else "WAL")
    connection.execute(f"PRAGMA busy_timeout = {_MILLISECONDS_TO_WAIT}")
    return connection


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Ask for a journal mode; while a reader is at work, or for a reader, it stays as it is."""
    connection.execute("PRAGMA busy_timeout = 0")
    with suppress(sqlite3.OperationalError):
        connection.execute(f"PRAGMA journal_mode = {mode}")


def _check_schema(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA:
        raise UnusableIndexError(f"its schema is {version}, this version of AION uses {SCHEMA}")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    if missing := set(_TABLES) - tables:
        raise UnusableIndexError(f"it lacks {', '.join(sorted(missing))}")


def _quantities(record: Record) -> Iterator[tuple[str, str, str, float | int | str]]:
    for name, value in record.spec.parameters.items():
        yield record.run_id, name, "parameter", value
    for name, value in record.spec.settings.items():
        yield record.run_id, name, "setting", value
    for name, reading in record.observables.items():
        yield record.run_id, name, "observable", reading.value


def _run_text(record: Record) -> tuple[str, str, str]:
    given = {**record.spec.parameters, **record.spec.settings}
    measured = {name: reading.value for name, reading in record.observables.items()}
    title = " ".join([record.spec.experiment, *_assignments(given)])
    return record.run_id, title, " ".join([*_assignments(measured), record.outcome])


def _assignments(values: Mapping[str, float | int | str]) -> list[str]:
    return [
        f"{name}={value if isinstance(value, str) else number_text(value)}"
        for name, value in values.items()
    ]
