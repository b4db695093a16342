"""``aion report``: write the HTML report of a finished campaign."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from aion_sci.cli.common import open_store, print_json
from aion_sci.errors import RequestError
from aion_sci.llm import Allowance, Assistant, Transcript
from aion_sci.llm.providers import find_model
from aion_sci.report.campaign import write_report
from aion_sci.report.words import worded
from aion_sci.research import CampaignResult, recall

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Write the page and print its path."""
    with open_store(options) as store:
        result = recall(options.campaign, store)
        path = Path(options.output or result.folder / "report.html").absolute()
        words = _words(result, options.model)
        try:
            write_report(result, path, words)
        except OSError as error:
            raise RequestError(
                f"the report cannot be written to {path}: {error.strerror}; "
                "name another file with --output"
            ) from error
    if options.json:
        print_json({"campaign": result.id, "report": str(path)})
    else:
        print(path)
    return 0


def _words(result: CampaignResult, model: str | None) -> str | None:
    """A summary by the model that was named; without one the report has none."""
    if model is None:
        return None
    budget = result.question.budget
    with tempfile.TemporaryDirectory(prefix="aion-report-") as folder:
        transcript = Transcript(Path(folder) / "transcript.jsonl")
        allowance = Allowance(budget.tokens, budget.usd)
        words = worded(result, Assistant(model, transcript, allowance, find_model))
    if words is None:
        print("aion: the model's text held numbers of its own; it is left out", file=sys.stderr)
    return words
