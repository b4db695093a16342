"""The entry point: help at once, and every error as one line with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from aion_sci import __version__, errors
from aion_sci.cli import config
from aion_sci.cli.main import main

EVERY_HELP = """
import contextlib, io, json, sys, time
begin = time.process_time()
from aion_sci.cli.main import main
seconds = {"import": time.process_time() - begin}
for verb in sys.argv[1:]:
    begin = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main([verb, "--help"])
    assert f"usage: aion {verb}" in printed.getvalue() and "--json" in printed.getvalue()
    seconds[verb] = time.process_time() - begin
print(json.dumps([seconds, sorted(sys.modules)]))
"""
VERBS = [
    "ask", "claims", "config", "doctor", "experiments", "replay", "report", "run", "search",
    "show", "store", "verify",
]  # fmt: skip


def test_every_verb_has_its_help_at_once():
    """0.3 s of the processor, imports included: no verb is imported for its help."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", EVERY_HELP, *VERBS],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, modules = json.loads(done.stdout)
    assert seconds.pop("import") + max(seconds.values()) < 0.3
    assert not any(f"aion_sci.cli.{verb}" in modules for verb in VERBS)


@pytest.mark.parametrize(
    "arguments", [[], ["answer"], ["run"], ["store", "destroy"], ["ask", "--x"]]
)
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: aion" in capsys.readouterr().err


def test_the_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"aion {__version__}\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (errors.RequestError("no such thing"), 2, "aion: no such thing\n"),
        (errors.StoreLockedError("it is in use"), 2, "aion: it is in use\n"),
        (errors.EnvironmentUnfitError("a canary failed"), 1, "aion: a canary failed\n"),
        (errors.StoppedError("to be continued"), 75, "aion: to be continued\n"),
        (KeyboardInterrupt(), 130, "aion: interrupted; finished runs are kept\n"),
    ],
)
def test_an_error_is_one_line_and_a_code(error, code, said, monkeypatch, capsys):
    def fail(options):
        raise error

    monkeypatch.setattr(config, "command", fail)
    assert main(["config"]) == code
    assert capsys.readouterr() == ("", said)


def test_a_reader_who_has_seen_enough_is_no_error():
    """As in `aion experiments --json | head -1`, where the pipe is closed before the end."""
    code = "import sys; from aion_sci.cli.main import main; sys.exit(main(['config', '--json']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
