"""``aion report``: write the HTML report of a finished campaign."""

from __future__ import annotations

import argparse
from pathlib import Path

from aion_sci.cli.common import open_store, print_json
from aion_sci.errors import RequestError
from aion_sci.report.campaign import write_report
from aion_sci.research import recall

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Write the page and print its path."""
    with open_store(options) as store:
        result = recall(options.campaign, store)
        path = Path(options.output or result.folder / "report.html").absolute()
        try:
            write_report(result, path)
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
