"""``aion ask``: answer a question file, or draft one from a question in words."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from textwrap import fill, indent

from aion_sci.cli.common import console, open_bench, print_json, settings_of, verdict_text
from aion_sci.llm import Allowance, Assistant, Transcript
from aion_sci.llm.providers import find_model
from aion_sci.report.answer import answer
from aion_sci.report.wording import effect_text, interval_text
from aion_sci.research import CampaignResult, find_planner, read_question
from aion_sci.research.framing import Draft, draft_by_match, draft_by_model, is_prose
from aion_sci.research.log import Event
from aion_sci.research.question import Budget
from aion_sci.settings import Settings

__all__ = ["command"]

_STAGES = {
    "pilot_planned": "looking: a few pilot runs",
    "pilot_ran": "proposing hypotheses",
    "proposed": "freezing one design a hypothesis",
    "evidence_ran": "deciding",
}


def command(options: argparse.Namespace) -> int:
    """Conduct the campaign, print the verdicts and where the report is."""
    settings = settings_of(options)
    file = options.question
    if not Path(file).exists() and is_prose(file):
        draft = _drafted(file, settings)
        file = _keep(draft)
        if not options.yes:
            return _show_draft(draft, file, as_json=options.json)
        print(f"drafted by {draft.by} It is in {file}", file=sys.stderr)
    question = read_question(file, runs=options.budget_runs)
    planner = find_planner(settings.planner, settings.model, options.transcript)
    begin = time.monotonic()
    quiet = options.json or options.quiet
    with open_bench(options, settings) as bench:
        result = answer(bench, question, planner, None if quiet else _announce)
        compiling = bench.compile_seconds
    if options.json:
        print_json(result.to_json())
        return 0
    _print_answer(result)
    total = time.monotonic() - begin
    console().print(
        f"{result.computed} runs computed, {result.reused} reused from the store; "
        f"{total:.1f} s in all, {compiling:.1f} s of it compiling"
    )
    console().print(f"report: {result.report}", soft_wrap=True)
    return 0


def _drafted(text: str, settings: Settings) -> Draft:
    """A question file for a question in words: by the model where one is named."""
    if not settings.model:
        return draft_by_match(text)
    with tempfile.TemporaryDirectory(prefix="aion-draft-") as folder:
        transcript = Transcript(Path(folder) / "transcript.jsonl")
        allowance = Allowance(Budget.tokens, Budget.usd)
        return draft_by_model(text, Assistant(settings.model, transcript, allowance, find_model))


def _keep(draft: Draft) -> Path:
    """Write the draft beside what is there already, never over it."""
    stem, number = Path(draft.file_name).stem, 1
    path = Path(draft.file_name)
    while path.exists() and path.read_text(encoding="utf-8") != draft.text:
        number += 1
        path = Path(f"{stem}-{number}.yaml")
    path.write_text(draft.text, encoding="utf-8")
    return path


def _show_draft(draft: Draft, path: Path, *, as_json: bool) -> int:
    if as_json:
        print_json({"file": str(path), "drafted_by": draft.by, "draft": draft.question.to_json()})
        return 0
    out = console()
    out.print(draft.text, markup=False)
    out.print(f"This is {path}. Nothing has run; when it is right: aion ask {path}", markup=False)
    return 0


def _announce(event: Event) -> None:
    if event.name in _STAGES:
        print(_STAGES[event.name], file=sys.stderr)


def _print_answer(result: CampaignResult) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(f"\n{result.question.text}\n", style="bold"))
    for each in result.answers:
        finding = each.finding
        out.print(f"{verdict_text(finding.verdict)}  {effect_text(finding)}", end="")
        interval = "" if finding.interval is None else f" ({interval_text(finding.interval)})"
        out.print(f"{interval}, {each.claim}")
        out.print(Text(indent(fill(each.statement, 92), "    ")))
        for remark in each.remarks:
            out.print(Text(f"    {remark}"))
        out.print()
    for proposal, reason in result.declined:
        out.print(Text(f"not tested: {proposal.hypothesis.kind}, because {reason}"))
    if result.answers:
        out.print(f"check one with: aion replay {result.answers[0].claim}")
