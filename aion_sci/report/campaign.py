"""The report of a campaign: one self-contained HTML page.

What was asked, what was found, on which runs it rests, how it was decided, and how to check it.
Every number on the page is read from a record, a finding or the log.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from aion_kernels.files import write_text
from aion_sci.report.evidence import evidence_figure
from aion_sci.report.figures import ladder_figure
from aion_sci.report.page import Page
from aion_sci.report.wording import effect_text, entry_text, interval_text, significant
from aion_sci.research import verify_log
from aion_sci.research.campaign import ERROR_RATE
from aion_sci.research.log import Event
from aion_sci.research.result import Answer, CampaignResult
from aion_sci.runs.record import Record

__all__ = ["campaign_page", "write_report"]

_MEANING = (
    "Supported: the interval of the effect, with every numerical error bar in it, lies inside what "
    "was claimed. Refuted: it lies outside. Inconclusive: the runs cannot tell. Each hypothesis "
    "was frozen with its design before its runs were made; the pilot suggested and confirms none."
)


def write_report(
    result: CampaignResult, path: Path | None = None, words: str | None = None
) -> Path:
    """Write the report, by default into the campaign's folder, and return where it is.

    ``words`` is a summary that passed the linter of :mod:`aion_sci.report.words`.
    """
    path = result.folder / "report.html" if path is None else path
    write_text(path, campaign_page(result, words))
    return path


def campaign_page(result: CampaignResult, words: str | None = None) -> str:
    """The report as HTML."""
    page = Page(result.question.text)
    if words is not None:
        page.heading("In words")
        page.paragraph(words, "answer")
        page.paragraph(
            "Worded by a language model, which wrote no number and no verdict in it: each was "
            "filled in from the findings below."
        )
    _answers(page, result)
    _runs(page, result)
    _ladders(page, result)
    _replay(page, result)
    _log(page, verify_log(result.folder / "log.jsonl"))
    _environment(page, result)
    return page.html(f"Campaign {result.id}, planner {result.planner}, written by AION Sci.")


def _answers(page: Page, result: CampaignResult) -> None:
    page.heading("Answer")
    if not result.answers:
        page.paragraph("No hypothesis could be tested.", "inconclusive")
    for answer in result.answers:
        with page.beside(evidence_figure(result, answer)):
            _answer(page, answer)
    page.items([f"not tested: {p.hypothesis.kind}, because {why}" for p, why in result.declined])
    page.paragraph(_MEANING)
    page.paragraph(
        f"The error rate of the whole campaign is {ERROR_RATE:.0%}, split evenly over "
        f"{len(result.answers) + len(result.declined)} hypotheses."
    )


def _answer(page: Page, answer: Answer) -> None:
    finding = answer.finding
    page.paragraph(finding.verdict, finding.verdict)
    page.paragraph(answer.statement)
    page.items(
        [
            f"effect: {effect_text(finding)}",
            f"interval at {answer.design.confidence:.4g}: {interval_text(finding.interval)}",
            f"proposed because: {answer.proposal.rationale}",
            *(["expected to be refuted"] if answer.proposal.expected == "refuted" else []),
            *answer.remarks,
            *finding.notes,
            *(f"excluded: {run}" for run in finding.excluded),
            f"{answer.claim}, {answer.level}, {len(answer.design.runs)} runs",
        ]
    )


def _ladders(page: Page, result: CampaignResult) -> None:
    drawn = [(name, _ladder(result, name)) for name in result.question.scope.observe]
    for observable, svg in drawn:
        if svg is not None:
            page.heading(f"Refinement of {observable}")
            page.figure(svg, "One line a run; dashed, the stated order of accuracy.")


def _ladder(result: CampaignResult, observable: str) -> str | None:
    fidelity = result.question.scope.source.fidelity
    if fidelity is None or fidelity.order is None:
        return None
    lines: list[tuple[list[float], list[float]]] = []
    for record, details in _with_details(result.records):
        reading = record.result(observable)
        values = details["ladder"][observable]["values"]
        if reading is None or not reading.value or None in values:
            continue
        sizes = [1.0 / rung for rung in details["rungs"]]
        errors = [abs(v - reading.value) / abs(reading.value) for v in values]
        if all(errors):  # a logarithmic axis has no place for zero
            lines.append((sizes, errors))
    if not lines:
        return None
    return ladder_figure(f"{observable}: refinement", lines, fidelity.order)


def _runs(page: Page, result: CampaignResult) -> None:
    page.heading("Runs")
    varied = [axis.name for axis in result.question.scope.axes]
    refined = _varied_settings(result)
    observed = result.question.scope.observe
    headings = ["run", "purpose", *varied, *refined]
    for name in observed:
        headings += [name, "discretisation", "sampling", "solver", "observed order"]
    headings += ["outcome", "seconds"]
    pilot = {record.run_id for record in result.pilot}
    rows = []
    for record, details in _with_details(result.records):
        row = [record.run_id[:10], "pilot" if record.run_id in pilot else "evidence"]
        row += [f"{record.spec.parameters[name]:.6g}" for name in varied]
        row += [str(record.spec.settings[name]) for name in refined]
        for name in observed:
            reading = record.observables[name]
            parts = reading.estimate
            row.append(significant(reading.value, reading.error))
            errors = (parts.discretisation, parts.sampling, parts.solver)
            row += ["—" if math.isnan(error) else f"{error:.2g}" for error in errors]
            order = details["ladder"][name]["observed_order"]
            row.append("—" if order is None else f"{order:.2f}")
        outcomes = dict.fromkeys(record.observables[name].outcome for name in observed)
        rows.append([*row, ", ".join(outcomes), f"{record.seconds:.2f}"])
    page.table(headings, rows, ("", "", *["number"] * (len(headings) - 4), "", "number"))
    page.paragraph(
        f"{len(result.records)} runs, {result.reused} of them read from the store by the call that "
        f"wrote this report. Fixed: {_fixed(result)}."
    )


def _varied_settings(result: CampaignResult) -> list[str]:
    """Settings that are not alike in all runs: a design may ask for a finer grid at a place."""
    settings = [record.spec.settings for record in result.records]
    return [name for name in result.question.scope.settings if len({s[name] for s in settings}) > 1]


def _fixed(result: CampaignResult) -> str:
    scope, varied = result.question.scope, _varied_settings(result)
    fixed = {**scope.fixed, **scope.settings}
    return ", ".join(f"{name} = {value}" for name, value in fixed.items() if name not in varied)


def _replay(page: Page, result: CampaignResult) -> None:
    page.heading("How to check it")
    store = result.folder.parent.parent
    where = shlex.quote(str(store))
    lines = [f"aion replay {answer.claim} --store {where}" for answer in result.answers]
    page.code("\n".join(lines))
    page.paragraph(
        "recomputes a verdict from the stored runs after re-hashing them; with --rerun the runs "
        "are simulated afresh and compared value by value."
    )


def _log(page: Page, events: Sequence[Event]) -> None:
    page.heading("Log of decisions")
    rows = [(str(e.seq), e.name, _told(e), e.hash[:12]) for e in events]
    page.table(("no.", "event", "what", "hash"), rows, ("number",))
    page.paragraph("Each line's hash covers the line before it: nothing can be changed unseen.")


def _told(event: Event) -> str:
    """What an event says, in a few words."""
    data = event.data
    match event.name:
        case "asked":
            return f"planner {data['planner']}, code {data['code']}"
        case "pilot_planned":
            return f"{len(data['points'])} points for a first look"
        case "pilot_ran":
            return f"{len(data['outcomes'])} runs; {data['fresh_runs']} fresh ones are affordable"
        case "proposed":
            kinds = [next(iter(item["hypothesis"])) for item in data["proposals"]]
            return ", ".join(kinds) or "nothing"
        case "registered":
            kind = next(iter(data["design"]["hypothesis"]))
            return f"{kind}: design {data['design']['hash'][:12]} with {len(data['runs'])} runs"
        case "declined":
            return f"{next(iter(data['hypothesis']))}: {data['reason']}"
        case "evidence_ran":
            return f"{len(data['outcomes'])} runs"
        case "decided":
            return f"design {data['design'][:12]}: {data['finding']['verdict']}"
        case "filed":
            return str(data["claim"])
    return ""


def _environment(page: Page, result: CampaignResult) -> None:
    page.heading("Made with")
    seen = {json.dumps(dict(r.environment), sort_keys=True): r.environment for r in result.records}
    for environment in seen.values():
        page.items([f"{name}: {entry_text(value)}" for name, value in environment.items() if value])


def _with_details(records: Sequence[Record]) -> Iterator[tuple[Record, dict]]:
    """Records with what their folders keep beside the observables: values and orders by rung."""
    for record in records:
        if record.folder is not None:
            text = (record.folder / "observables.json").read_text(encoding="utf-8")
            yield record, json.loads(text)["details"]
