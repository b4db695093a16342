"""The entry point: reads the command line, calls one verb, turns errors into exit codes.

This module imports nothing heavy, so that ``--help`` answers at once; a verb's module is imported
when the verb is called. Exit codes: 0 done, 1 a run failed, 2 the request was wrong, 75 stopped by
a signal and resumable.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from aion_sci import __version__
from aion_sci.errors import AionError

__all__ = ["main"]

_INTERRUPTED = 130  # the shell's code for a process ended by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ``aion`` command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.simulates and arguments is None:  # a caller's process is not ours to restart
            from aion_sci.allocator import ensure

            ensure()
        verb = import_module(f"aion_sci.cli.{options.module}")
        return verb.command(options)
    except AionError as error:
        print(f"aion: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("aion: interrupted; finished runs are kept", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aion", description="A workbench that answers scientific questions by simulation."
    )
    parser.add_argument("--version", action="version", version=f"aion {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    def add(
        name: str, help: str, *, module: str | None = None, simulates: bool = False
    ) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=help, description=help)
        verb.set_defaults(module=module or name, verb=name, simulates=simulates)
        verb.add_argument("--store", metavar="DIR", help="folder of the knowledge store")
        verb.add_argument("--json", action="store_true", help="print JSON")
        return verb

    verb = add("experiments", "list the catalogue, or show one datasheet")
    verb.add_argument("id", nargs="?", metavar="ID", help="experiment, such as cfd.heated_cavity")

    verb = add("run", "run one point of an experiment, or a sweep", simulates=True)
    verb.add_argument("id", metavar="ID", help="experiment, such as cfd.heated_cavity")
    verb.add_argument(
        "values",
        nargs="*",
        metavar="NAME=VALUE",
        help="a value, optionally with a unit; a sweep as 100,400 or 10:100:5 or log:1e3:1e6:7",
    )
    verb.add_argument("--fields", action="store_true", help="keep the fields in the run folder")
    _execution(verb)

    verb = add("ask", "answer a question by a campaign of simulations", simulates=True)
    verb.add_argument(
        "question", metavar="FILE|QUESTION", help="question file (YAML), or a question in words"
    )
    verb.add_argument(
        "--planner", metavar="NAME", help="who proposes hypotheses: bayes, llm, hybrid, human"
    )
    verb.add_argument("--model", metavar="PROVIDER:NAME", help="language model of llm and hybrid")
    verb.add_argument("--transcript", metavar="FILE", help="recorded answers for --planner replay")
    verb.add_argument("--yes", action="store_true", help="answer a drafted question at once")
    verb.add_argument("--budget-runs", type=_count, metavar="N", help="replace the budget of runs")
    _execution(verb)

    verb = add("show", "show a run, a claim or a campaign")
    verb.add_argument("id", metavar="ID", help="its id, or the first characters of it")

    verb = add("search", "search claims, campaigns and runs")
    verb.add_argument("text", nargs="+", metavar="TEXT")
    verb.add_argument("--limit", type=_count, default=20, metavar="N", help="most hits to show")

    add("claims", "list the claims")

    verb = add("replay", "recompute a claim's verdict from its runs", simulates=True)
    verb.add_argument("claim", metavar="CLAIM")
    verb.add_argument("--rerun", action="store_true", help="simulate its runs afresh and compare")
    _execution(verb)

    verb = add(
        "replicate", "test a claim again: fresh runs, a finer grid, another engine", simulates=True
    )
    verb.add_argument("claim", metavar="CLAIM")
    _execution(verb)

    verb = add("report", "write a campaign's HTML report")
    verb.add_argument("campaign", metavar="CAMPAIGN")
    verb.add_argument("--output", metavar="FILE", help="where to write it")
    verb.add_argument("--model", metavar="PROVIDER:NAME", help="have it worded by a language model")

    verb = add("store", "rebuild or verify the index of the store")
    verb.add_argument("action", choices=["rebuild", "verify"])

    add("doctor", "check this environment: canaries, kernels, extras", simulates=True)

    verb = add(
        "verify", "check experiments against published values, and the store", simulates=True
    )
    verb.add_argument("id", nargs="?", metavar="ID", help="one experiment; all when left out")
    _execution(verb)

    verb = add("exam", "test the loop itself: known physics, and nothing at all", simulates=True)
    verb.add_argument("id", nargs="?", metavar="ID", help="one experiment; all when left out")
    _execution(verb)

    add("config", "show the settings and where each came from")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}'; a whole number of at least 1 is needed")
    return int(text)


def _execution(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--workers", metavar="N", help="processes that run simulations")
    verb.add_argument("--executor", metavar="NAME", help="auto, local or dask")
    verb.add_argument("--quiet", action="store_true", help="show no progress")


if __name__ == "__main__":
    sys.exit(main())
