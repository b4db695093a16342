"""Is everything in the store what it was when it was written?

Every run folder is hashed against its COMMIT, every claim against its id, and the index is compared
with the folders. What is found is listed, never repaired: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aion_sci.errors import StoreError
from aion_sci.knowledge.index import Index
from aion_sci.knowledge.layout import Layout
from aion_sci.runs.folder import find_run, iterate_runs, iterate_unfinished

__all__ = ["Problem", "problems"]


class Problem(NamedTuple):
    """Something wrong, where it is, and what to do."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def problems(layout: Layout, index: Index) -> Iterator[Problem]:
    """Everything that is wrong with a store, most serious first."""
    runs = list(iterate_runs(layout.root))
    for run_id in runs:
        try:
            find_run(layout.root, run_id, verify=True)
        except StoreError as error:
            yield Problem(layout.runs / run_id, str(error))
    yield from _claims(layout, set(runs))
    yield from _campaigns(layout)
    yield from _index(layout, index, runs)
    for attempt in iterate_unfinished(layout.root):
        yield Problem(
            attempt,
            "has no COMMIT: its writer died or is still at work; `aion store rebuild` removes it "
            "once it is a day old",
        )


def _claims(layout: Layout, runs: set[str]) -> Iterator[Problem]:
    for claim_id in layout.claim_ids():
        path = layout.claim(claim_id)
        try:
            claim = layout.read_claim(claim_id)
        except StoreError as error:
            yield Problem(path, str(error))
            continue
        if missing := sorted(set(claim.runs) - runs):
            yield Problem(
                path,
                f"rests on {len(missing)} runs that are not in the store, the first is "
                f"{missing[0]}; restore them, or check it anew with `aion replay --rerun`",
            )


def _campaigns(layout: Layout) -> Iterator[Problem]:
    folders = layout.campaigns.iterdir() if layout.campaigns.is_dir() else []
    for folder in sorted(folders):
        for name in ("question.json", "log.jsonl"):
            if not (folder / name).is_file():
                yield Problem(folder, f"{name} is missing; restore it from a copy")
        if (folder / "question.json").is_file():
            try:
                layout.read_question(folder.name)
            except StoreError as error:
                yield Problem(folder, str(error))


def _index(layout: Layout, index: Index, runs: Iterable[str]) -> Iterator[Problem]:
    for damage in index.damage():
        yield Problem(layout.index, f"{damage}; make it again with `aion store rebuild`")
        return
    compared = {
        "runs": (index.run_ids(), runs),
        "claims": (index.claim_ids(), layout.claim_ids()),
        "campaigns": (index.campaign_ids(), layout.campaign_ids()),
    }
    for kind, (listed, present) in compared.items():
        lacking, gone = set(present) - set(listed), set(listed) - set(present)
        if lacking or gone:
            yield Problem(
                layout.index,
                f"lacks {len(lacking)} {kind} and lists {len(gone)} that are gone; make it again "
                "with `aion store rebuild`",
            )
