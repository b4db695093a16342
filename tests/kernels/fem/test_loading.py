"""What finite elements load takes over no signal, opens no port and changes no environment."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEARS = """
import os, signal
os.environ["PETSC_OPTIONS"] = "-malloc no"
before = dict(os.environ)
heard = []
signal.signal(signal.{name}, lambda number, frame: heard.append(number))
import aion_kernels.fem.poisson
assert {{**os.environ}} == before
os.kill(os.getpid(), signal.{name})
assert heard == [signal.{name}]
"""

LISTENS = """
import os
import aion_kernels.fem.poisson

ours = set()
for number in os.listdir("/proc/self/fd"):
    try:
        ours.add(os.readlink(f"/proc/self/fd/{number}"))
    except FileNotFoundError:  # that of the listing itself
        pass
with open("/proc/net/tcp") as table:
    sockets = [line.split() for line in table][1:]
assert not [row for row in sockets if row[3] == "0A" and f"socket:[{row[9]}]" in ours]
"""


def run(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGPIPE"])
def test_a_handler_set_before_still_hears(name):
    run(HEARS.format(name=name))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_port_is_opened():
    run(LISTENS)
