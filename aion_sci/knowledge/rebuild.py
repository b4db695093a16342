"""Making the index again from the folders.

What cannot be read is left out of the index and listed, so that one damaged folder does not cost
the sight of all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aion_sci.errors import StoreError
from aion_sci.knowledge.check import Problem
from aion_sci.knowledge.index import Index
from aion_sci.knowledge.layout import Layout
from aion_sci.runs.folder import find_run, iterate_runs

__all__ = ["Rebuilt", "rebuild"]


class Rebuilt(NamedTuple):
    """What a rebuild put into the index, and what it had to leave out."""

    runs: int
    claims: int
    campaigns: int
    problems: list[Problem]


def rebuild(layout: Layout, index: Index) -> Rebuilt:
    """Empty the index and fill it from the folders, in one transaction."""
    left_out: list[Problem] = []

    def readable[T](
        folder: Path, names: Iterable[str], read: Callable[[str], T]
    ) -> Iterator[tuple[str, T]]:
        for name in names:
            try:
                yield name, read(name)
            except StoreError as error:
                left_out.append(Problem(folder / name, str(error)))

    runs = readable(
        layout.runs, iterate_runs(layout.root), lambda run_id: find_run(layout.root, run_id)
    )
    claims = readable(layout.claims, layout.claim_ids(), layout.read_claim)
    questions = readable(layout.campaigns, layout.campaign_ids(), layout.read_question)
    with index.transaction():
        index.clear()
        run_count = index.add_runs(record for _, record in runs if record is not None)
        claim_count = sum(index.add_claim(claim) for _, claim in claims)
        campaign_count = sum(index.add_campaign(name, *question) for name, question in questions)
    return Rebuilt(run_count, claim_count, campaign_count, left_out)
