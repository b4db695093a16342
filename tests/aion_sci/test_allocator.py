"""The allocator's settings: merged with the user's own, and applied by starting again once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aion_sci import allocator

OURS = ":".join(f"{key}={value}" for key, value in allocator.TUNABLES.items())

needs_glibc = pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="the C library is not glibc"
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("GLIBC_TUNABLES", "MALLOC_", "AION_ALLOCATOR")):
            monkeypatch.delenv(name)


@needs_glibc
class TestEnvironment:
    def test_holds_every_tunable(self):
        assert allocator.environment() == {"GLIBC_TUNABLES": OURS}

    def test_keeps_what_the_user_set(self, monkeypatch):
        own = "glibc.malloc.hugetlb=0:glibc.malloc.check=1"
        monkeypatch.setenv("GLIBC_TUNABLES", own)
        merged = allocator.environment()["GLIBC_TUNABLES"]
        assert merged.startswith(own + ":")
        assert merged.count("hugetlb") == 1
        assert "arena_max=1" in merged

    def test_keeps_a_setting_under_its_older_name(self, monkeypatch):
        monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
        assert "arena_max" not in allocator.environment()["GLIBC_TUNABLES"]

    def test_is_empty_when_all_is_set(self, monkeypatch):
        monkeypatch.setenv("GLIBC_TUNABLES", OURS)
        assert allocator.environment() == {}

    def test_is_empty_when_told_so(self, monkeypatch):
        monkeypatch.setenv("AION_ALLOCATOR", "0")
        assert allocator.environment() == {}


@pytest.mark.parametrize("answer", [ValueError, AttributeError, None, "musl 1.2"])
def test_environment_is_empty_without_glibc(monkeypatch, answer):
    def confstr(name):
        if isinstance(answer, type):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    assert allocator.environment() == {}
    assert not allocator.is_active()


def test_is_not_active_where_it_cannot_be_told(monkeypatch):
    """Without /proc, as on macOS, nothing was set by us."""

    def refuse(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert not allocator.is_active()


@needs_glibc
def test_what_is_started_again_is_this_command(monkeypatch):
    started = []
    monkeypatch.setattr(os, "execve", lambda *call: started.append(call))
    allocator.ensure()
    ((program, command, environment),) = started
    assert program == command[0] == sys.executable
    assert command[1:] == sys.orig_argv[1:]
    assert environment["GLIBC_TUNABLES"] == OURS
    assert environment.keys() >= os.environ.keys()


@needs_glibc
class TestEnsure:
    script = (
        "import os, sys; from aion_sci import allocator;"
        "print(os.getpid(), allocator.is_active(), sys.argv[1:], sys.flags.utf8_mode, flush=True);"
        "allocator.ensure(); print('computing', 'jax' in sys.modules)"
    )

    def run(self, **environment: str) -> list[str]:
        command = [sys.executable, "-X", "utf8", "-c", self.script, "two words", ""]
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    def test_starts_the_same_command_again_once(self):
        first, second, done = self.run()
        process = first.split()[0]
        assert first == f"{process} False ['two words', ''] 1"
        assert second == f"{process} True ['two words', ''] 1"
        assert done == "computing False"

    def test_does_not_start_again_when_all_is_set(self):
        assert len(self.run(GLIBC_TUNABLES=OURS)) == 2

    def test_does_not_start_again_when_it_did(self):
        """Where the variables do not survive (a set-uid interpreter) it must not go on for ever."""
        assert len(self.run(AION_ALLOCATOR_SET="1")) == 2
