"""``aion show``: one run, claim or campaign."""

from __future__ import annotations

import argparse
from typing import Any

from aion_sci.cli.common import console, open_store, print_json
from aion_sci.knowledge import Claim, KnowledgeStore
from aion_sci.report.wording import interval_text, significant
from aion_sci.runs.record import Record

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Show what an id stands for; ids of claims and campaigns say so in their first word."""
    with open_store(options) as store:
        if options.id.startswith("claim-"):
            return _show_claim(store.claim(options.id), options.json)
        if options.id.startswith("campaign-"):
            return _show_campaign(store, options.id, options.json)
        return _show_run(store.record(options.id), options.json)


def _show_run(record: Record, as_json: bool) -> int:
    if as_json:
        print_json({**record.to_json(), "environment": dict(record.environment)})
        return 0
    rows = [("run", record.run_id), ("experiment", record.spec.experiment)]
    rows += [
        (name, f"{entry['value']} {_unit(entry['unit'])}".strip())
        for name, entry in record.parameters_json().items()
    ]
    for name, reading in record.observables.items():
        text = f"{significant(reading.value, reading.error)} {_unit(reading.unit)}".strip()
        rows.append((name, text if reading.outcome == "ok" else f"{text} ({reading.outcome})"))
    rows += [("outcome", record.outcome), ("code", record.spec.code)]
    rows += [("seconds", f"{record.seconds:.3g}"), ("folder", str(record.folder))]
    _print_rows(rows)
    return 0


def _show_claim(claim: Claim, as_json: bool) -> int:
    if as_json:
        print_json(claim.to_json())
        return 0
    effect = "none" if claim.effect is None else f"{claim.effect:.6g}"
    _print_rows(
        [
            ("claim", claim.id),
            ("statement", claim.statement),
            ("verdict", claim.verdict),
            ("effect", f"{effect} {interval_text(claim.interval)}".strip()),
            ("confidence", f"{claim.confidence:.4g}"),
            ("level", claim.level),
            ("question", claim.question),
            ("campaign", claim.campaign),
            ("runs", " ".join(run[:10] for run in claim.runs)),
            ("replay", f"aion replay {claim.id}"),
        ]
    )
    return 0


def _show_campaign(store: KnowledgeStore, campaign: str, as_json: bool) -> int:
    folder = store.campaign_folder(campaign)
    campaign = folder.name
    claims = store.claims(campaign=campaign)
    if as_json:
        found: dict[str, Any] = {"campaign": campaign, "folder": str(folder)}
        print_json({**found, "claims": [claim.to_json() for claim in claims]})
        return 0
    rows = [("campaign", campaign), ("folder", str(folder))]
    rows += [(claim.verdict, f"{claim.statement} ({claim.id})") for claim in claims]
    _print_rows(rows)
    return 0


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit


def _print_rows(rows: list[tuple[str, str]]) -> None:
    from rich.text import Text

    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        console().print(Text.assemble((name.ljust(width), "bold"), "  ", text))
