"""``aion claims``: every claim of the store with its verdict."""

from __future__ import annotations

import argparse

from aion_sci.cli.common import console, open_store, print_json, verdict_text
from aion_sci.knowledge import Claim
from aion_sci.report.wording import interval_text
from aion_sci.research.discoveries import standing

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """List the claims by campaign."""
    with open_store(options) as store:
        claims = store.claims()
    stand = standing(claims)
    if options.json:
        print_json([{**claim.to_json(), "stands": claim.id in stand} for claim in claims])
        return 0
    from rich.table import Table
    from rich.text import Text

    table = Table("claim", "verdict", "level", "stands", "effect", "statement")
    for claim in claims:
        verdict = verdict_text(claim.verdict)
        stands = "yes" if claim.id in stand else "no"
        table.add_row(claim.id, verdict, claim.level, stands, _effect(claim), Text(claim.statement))
    console().print(table)
    return 0


def _effect(claim: Claim) -> str:
    if claim.effect is None:
        return "—"
    return f"{claim.effect:.4g} {interval_text(claim.interval)}".strip()
