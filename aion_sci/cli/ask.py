"""``aion ask``: answer a question file."""

from __future__ import annotations

import argparse
import sys
import time
from textwrap import fill, indent

from aion_sci.cli.common import console, open_bench, print_json, settings_of, verdict_text
from aion_sci.report.answer import answer
from aion_sci.report.wording import effect_text, interval_text
from aion_sci.research import CampaignResult, read_question
from aion_sci.research.log import Event

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
    question = read_question(options.question, runs=options.budget_runs)
    begin = time.monotonic()
    quiet = options.json or options.quiet
    with open_bench(options, settings) as bench:
        result = answer(bench, question, settings.planner, None if quiet else _announce)
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
        out.print(Text(indent(fill(each.statement, 92), "    ") + "\n"))
    for proposal, reason in result.declined:
        out.print(Text(f"not tested: {proposal.hypothesis.kind}, because {reason}"))
    if result.answers:
        out.print(f"check one with: aion replay {result.answers[0].claim}")
