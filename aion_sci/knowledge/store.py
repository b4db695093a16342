"""The knowledge store: the only writer of the index, and the way to what was found out.

Workers write run folders; one coordinator at a time opens the store for writing, takes them in and
files claims. Anyone may read at any time: reading takes no lock and leaves no trace. The folders
are the truth and the index is derived, so whatever is wrong with the index is mended by making it
again, which :attr:`KnowledgeStore.notices` then says.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aion_kernels.files import write_text
from aion_sci.errors import RequestError, StoreError, UnknownNameError
from aion_sci.knowledge.check import Problem, problems
from aion_sci.knowledge.claim import Claim
from aion_sci.knowledge.index import Index, UnusableIndexError
from aion_sci.knowledge.layout import Layout
from aion_sci.knowledge.lock import CoordinatorLock
from aion_sci.knowledge.rebuild import Rebuilt, rebuild
from aion_sci.knowledge.search import Hit
from aion_sci.runs.folder import (
    find_run,
    iterate_unfinished,
    remove_attempt,
    unwritable_as_store_error,
)
from aion_sci.runs.record import Record

__all__ = ["KnowledgeStore"]

_A_DAY = 86400.0
_NAME = re.compile(r"^[\w.-]+$")


class KnowledgeStore:
    """An open store; use it as a context manager.

    with KnowledgeStore.open(path, write=False) as store:
        store.search("heat transfer")
    """

    def __init__(self, layout: Layout, index: Index, lock: CoordinatorLock | None) -> None:
        """Use :meth:`open`."""
        self._layout, self._index, self._lock = layout, index, lock
        self.notices: list[str] = []
        """What happened on opening that the user should know."""

    @classmethod
    def open(cls, path: Path | str, *, write: bool) -> Self:
        """Open the store at ``path``; for writing, make it where there is none and lock it.

        Raises :class:`~aion_sci.errors.StoreVersionError` for a store of a newer version, and for
        writing :class:`~aion_sci.errors.StoreLockedError` while another coordinator holds it and
        :class:`~aion_sci.errors.StoreUnwritableError` where the disk refuses.
        """
        layout = Layout(Path(path).expanduser())
        if not write:
            layout.check()
            return cls._with_sound_index(layout, None)
        with unwritable_as_store_error(layout.root):
            layout.make()
            lock = CoordinatorLock(layout.root)
            try:
                return cls._with_sound_index(layout, lock)
            except BaseException:
                lock.release()
                raise

    @classmethod
    def _with_sound_index(cls, layout: Layout, lock: CoordinatorLock | None) -> Self:
        write = lock is not None
        try:
            return cls(layout, Index.open(layout.index, write=write), lock)
        except UnusableIndexError as error:
            reason = str(error)
        store = cls(layout, Index.create(layout.index) if write else Index.in_memory(), lock)
        rebuilt = rebuild(layout, store._index)
        if any(rebuilt):
            store.notices.append(
                f"the index of {layout.root} was made again from its folders "
                f"({rebuilt.runs} runs, {rebuilt.claims} claims), because {reason}"
                + ("" if write else "; `aion store rebuild` keeps it")
            )
        if rebuilt.problems:
            store.notices.append(
                f"{len(rebuilt.problems)} damaged entries were left out; `aion store verify` lists "
                "them"
            )
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index and give the lock back."""
        self._index.close()
        if self._lock is not None:
            self._lock.release()

    @property
    def path(self) -> Path:
        """The store's folder; run folders lie below ``path / "runs"``."""
        return self._layout.root

    # -- taking in ------------------------------------------------------------------------------

    def ingest(self, record: Record) -> bool:
        """Put a committed run into the index; returns whether it was new."""
        return self.ingest_batch([record]) == 1

    def ingest_batch(self, records: Iterable[Record]) -> int:
        """Put committed runs into the index in one transaction; returns how many were new."""
        self._require_writable()
        with self._index.transaction():
            return self._index.add_runs(records)

    def file_claim(self, claim: Claim) -> Path:
        """Write a claim's file and put it into the index; filing it again changes nothing."""
        self._require_writable()
        path = self._layout.claim(claim.id)
        if not path.exists():
            with unwritable_as_store_error(self.path):
                write_text(path, _document(claim.to_json()))
        with self._index.transaction():
            self._index.add_claim(claim)
        return path

    def file_question(self, campaign_id: str, question: Mapping[str, Any]) -> Path:
        """Write a campaign's ``question.json`` and make it findable; returns the campaign's folder.

        ``question`` is plain data whose entry ``question`` is the text.
        """
        self._require_writable()
        folder = self.campaign_folder(campaign_id)
        with unwritable_as_store_error(self.path):
            write_text(folder / "question.json", _document(question))
        with self._index.transaction():
            self._index.add_campaign(campaign_id, *self._layout.read_question(campaign_id))
        return folder

    def campaign_folder(self, campaign_id: str) -> Path:
        """The folder of a campaign, made where the store is open for writing.

        A store open for reading also takes the first characters of an id where they are enough.
        """
        if not _NAME.match(campaign_id):
            raise RequestError(f"'{campaign_id}' is no campaign id")
        if self._lock is None:
            known = self._layout.campaign_ids()
            found = [name for name in known if name.startswith(campaign_id)]
            return self._layout.campaigns / _only("campaign", campaign_id, found, known)
        folder = self._layout.campaigns / campaign_id
        with unwritable_as_store_error(self.path):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    # -- asking ---------------------------------------------------------------------------------

    def record(self, run_id: str) -> Record:
        """The run of this id, or of the only id that begins so."""
        record = find_run(self.path, run_id) if _NAME.match(run_id) else None
        if record is None:
            found = self._index.run_ids_starting(run_id, 9)
            near = self._index.run_ids_starting(run_id[:2], 200)
            record = find_run(self.path, _only("run", run_id, found, near))
        if record is None:
            raise StoreError(
                f"the index lists run {run_id}, but its folder is gone; `aion store rebuild` makes "
                "the index again"
            )
        return record

    def runs(
        self,
        experiment: str | None = None,
        where: Mapping[str, tuple[float, float]] | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """The runs of an experiment whose parameters or observables lie in closed ranges.

        A run that is in the index but has lost its folder is no run and is left out.
        """
        ids = self._index.run_ids(experiment, where, limit)
        found = (find_run(self.path, run_id) for run_id in ids)
        return [record for record in found if record is not None]

    def claim(self, claim_id: str) -> Claim:
        """The claim of this id, or of the only id that begins so."""
        wanted = f"claim-{claim_id.removeprefix('claim-')}"
        known = self._layout.claim_ids()
        found = [known_id for known_id in known if known_id.startswith(wanted)]
        return self._layout.read_claim(_only("claim", claim_id, found, known))

    def claims(
        self,
        experiment: str | None = None,
        verdict: str | None = None,
        campaign: str | None = None,
    ) -> list[Claim]:
        """The claims with these properties, by campaign."""
        ids = self._index.claim_ids(experiment, verdict, campaign)
        return [self._layout.read_claim(claim_id) for claim_id in ids]

    def search(self, text: str, limit: int = 20) -> list[Hit]:
        """Claims, campaigns and runs that hold the words of ``text``, best first."""
        return self._index.search(text, limit)

    # -- keeping --------------------------------------------------------------------------------

    def rebuild(self) -> Rebuilt:
        """Make the index again from the folders; readers see the old one until it is done."""
        self._require_writable()
        return rebuild(self._layout, self._index)

    def verify(self) -> list[Problem]:
        """Re-hash everything and compare the index with the folders; changes nothing."""
        return list(problems(self._layout, self._index))

    def tidy(self, older_than: float = _A_DAY) -> list[Path]:
        """Remove what dead writers left: attempts without COMMIT, untouched for so many seconds."""
        self._require_writable()
        limit = time.time() - older_than
        removed = []
        with unwritable_as_store_error(self.path):
            for attempt in iterate_unfinished(self.path):
                if _last_touched(attempt) <= limit:
                    remove_attempt(attempt)
                    removed.append(attempt)
        return removed

    def _require_writable(self) -> None:
        if self._lock is None:
            raise StoreError(f"the store {self.path} is open for reading only; open it for writing")


def _last_touched(attempt: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (attempt, *attempt.iterdir()))
    except FileNotFoundError:  # a file was renamed meanwhile: its writer is alive
        return time.time()


def _only(kind: str, prefix: str, found: list[str], known: list[str]) -> str:
    if prefix in found:
        return prefix
    if not found or not prefix:
        raise UnknownNameError(kind, prefix, known)
    if len(found) > 1:
        raise RequestError(
            f"'{prefix}' could be any of {', '.join(found[:8])}; write more of the {kind}'s id"
        )
    return found[0]


def _document(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2, allow_nan=False) + "\n"
