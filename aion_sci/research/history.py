"""What a log says happened: the state of a campaign, and the result of a finished one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aion_sci.errors import CampaignError, CorruptLogError, RequestError
from aion_sci.knowledge import KnowledgeStore
from aion_sci.research.campaign import Campaign, advance, begin
from aion_sci.research.log import Event, verify_log
from aion_sci.research.result import CampaignResult, assemble
from aion_sci.runs.folder import find_run

__all__ = ["recall", "state_after"]


def state_after(events: Sequence[Event], path: Path) -> Campaign:
    """The state of a campaign after the events of its log; ``path`` is named in errors.

    Raises :class:`~aion_sci.errors.CorruptLogError` where an event breaks the rules: a log whose
    chain holds may still have been written by something else than a campaign.
    """
    if not events:
        raise CorruptLogError(f"{path} is empty; ask the question again")
    try:
        state = begin(events[0].name, events[0].data)
        for event in events[1:]:
            state = advance(state, event.name, event.data)
    except (CampaignError, RequestError, KeyError, TypeError) as error:
        raise CorruptLogError(
            f"{path} holds what no campaign does: {error}; delete its folder and ask again "
            "(runs are kept)"
        ) from error
    return state


def recall(identity: str, store: KnowledgeStore) -> CampaignResult:
    """The result of a finished campaign, read back from the store."""
    folder = store.campaign_folder(identity)
    path = folder / "log.jsonl"
    state = state_after(verify_log(path) if path.exists() else [], path)
    if not state.finished:
        raise RequestError(f"{folder.name} is not finished; ask its question again to go on")
    ids = (*state.pilot_runs, *state.evidence_runs)
    found = {run_id: find_run(store.path, run_id) for run_id in ids}
    records = {run_id: record for run_id, record in found.items() if record is not None}
    return assemble(folder.name, state, records, folder)
