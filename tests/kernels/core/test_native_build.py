"""Building native kernels: the cache, and what happens where nothing can be built."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core import native
from aion_kernels.core.cache import processor_cache
from aion_kernels.core.native import dispatch
from aion_kernels.core.native.build import find_compiler, load_library

needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("c++", "g++", "clang++")), reason="no C++ compiler"
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(dispatch, "_REGISTRY", {})
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A library without the FFI's headers: it compiles in a tenth of a second."""
    return write(tmp_path / "answer.cpp", 'extern "C" int answer() { return 42; }')


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def libraries() -> list[Path]:
    return sorted((processor_cache() / "native").glob("*.so"))


def doubling(source: Path) -> native.NativeKernel:
    return native.kernel("doubling", source=source, twin=lambda x: 2 * x)


@needs_compiler
class TestCache:
    def test_the_second_load_builds_nothing(self, source, monkeypatch):
        library, path = load_library(source)
        assert library.answer() == 42
        assert libraries() == [path]
        monkeypatch.setattr("aion_kernels.core.native.build._compile", None)
        assert load_library(source)[1] == path

    def test_a_changed_source_is_a_new_build(self, source):
        first = load_library(source)[1]
        write(source, 'extern "C" int answer() { return 43; }')
        library, second = load_library(source)
        assert library.answer() == 43
        assert libraries() == sorted([first, second])

    @pytest.mark.parametrize("damage", [b"", b"not a library", None])
    def test_a_damaged_library_is_rebuilt(self, source, damage):
        """None cuts it in half: loading such a file kills the process instead of raising."""
        path = load_library(source)[1]
        content = path.read_bytes()
        path.unlink()  # a new file: this process has the old one mapped
        path.write_bytes(content[: len(content) // 2] if damage is None else damage)
        library, again = load_library(source)
        assert library.answer() == 42
        assert libraries() == [again]

    def test_a_library_that_the_system_refuses_is_an_error(self, source):
        """Its checksum is right, so it was built like this: building again would not help."""
        path = load_library(source)[1]
        path.unlink()
        junk = b"not a library"
        stem = path.stem.rpartition("-")[0]
        path.with_name(f"{stem}-{hashlib.sha256(junk).hexdigest()[:16]}.so").write_bytes(junk)
        with pytest.raises(native.BuildFailedError, match="cannot be loaded"):
            load_library(source)

    def test_a_compiler_that_hangs_is_an_error(self, source, tmp_path, monkeypatch):
        script = '#!/bin/sh\ncase "$*" in --version) echo slow 1.0;; *) exec sleep 60;; esac\n'
        slow = write(tmp_path / "slow", script)
        slow.chmod(0o755)
        monkeypatch.setenv("CXX", str(slow))
        monkeypatch.setattr("aion_kernels.core.native.build.COMPILE_SECONDS", 0.1)
        with pytest.raises(native.BuildFailedError, match="timed out"):
            load_library(source)

    def test_two_processes_may_build_at_once(self, source):
        script = (
            "from pathlib import Path; import sys;"
            "from aion_kernels.core.native.build import load_library;"
            "print(load_library(Path(sys.argv[1]))[0].answer())"
        )
        command = [sys.executable, "-c", script, str(source)]
        builders = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
            for _ in range(2)
        ]
        assert [builder.communicate(timeout=120)[0] for builder in builders] == ["42\n", "42\n"]
        assert load_library(source)[1] in libraries()
        assert not list((processor_cache() / "native").glob(".build-*"))

    def test_cxx_chooses_the_compiler(self, source, tmp_path, monkeypatch):
        default = find_compiler()
        wrapper = write(tmp_path / "wrapped", f'#!/bin/sh\nexec {default.command[0]} "$@"\n')
        wrapper.chmod(0o755)
        first = load_library(source)[1]
        monkeypatch.setenv("CXX", f"{wrapper} -DEXTRA")
        assert find_compiler().command == (str(wrapper), "-DEXTRA")
        assert load_library(source)[1] != first


class TestFallback:
    """A kernel that cannot be built computes the same with its twin, and says why."""

    def check_twin(self, kernel: native.NativeKernel, reason: str) -> None:
        np.testing.assert_array_equal(kernel(jnp.arange(3.0)), [0.0, 2.0, 4.0])
        (entry,) = native.status()
        assert (entry.name, entry.path) == ("doubling", "twin")
        assert reason in entry.reason

    def test_without_a_compiler(self, source, monkeypatch):
        monkeypatch.setenv("PATH", "/nowhere")
        monkeypatch.delenv("CXX", raising=False)
        self.check_twin(doubling(source), "no C++ compiler: none of c++, g++, clang++")

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [("no-such-compiler", "'no-such-compiler', which is not on"), ("false", "does not run")],
    )
    def test_with_a_cxx_that_is_no_compiler(self, source, monkeypatch, wanted, reason):
        monkeypatch.setenv("CXX", wanted)
        self.check_twin(doubling(source), reason)

    def test_when_told_not_to(self, source, monkeypatch):
        monkeypatch.setenv("AION_NATIVE", "0")
        self.check_twin(doubling(source), "AION_NATIVE is 0")

    @needs_compiler
    def test_after_a_failed_compilation_warns_once_with_the_compilers_message(self, source):
        kernel = doubling(write(source, "#error these rows do not add up"))
        with pytest.warns(native.NativeBuildWarning, match="these rows do not add up"):
            kernel(jnp.arange(3.0))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.check_twin(kernel, "the build failed")

    @needs_compiler
    def test_with_a_source_that_lacks_the_symbol(self, source):
        kernel = doubling(source)
        with pytest.warns(native.NativeBuildWarning, match="doubling"):
            self.check_twin(kernel, "undefined symbol")

    @needs_compiler
    def test_with_a_cache_that_cannot_be_written(self, source, own_cache):
        write(own_cache, "a file where the folder should be")
        kernel = doubling(source)
        with pytest.warns(native.NativeBuildWarning, match="set AION_CACHE to a folder"):
            self.check_twin(kernel, "cannot be kept")
