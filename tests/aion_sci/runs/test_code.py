"""An edit to a source that decides a run's numbers makes another version; nothing else does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from aion_sci.experiments import Experiment, Measured, Observable
from aion_sci.runs import code
from aion_sci.runs.code import code_version


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree of kernels in place of the real one."""
    files = {"core/base.py": "1", "core/native/loop.cpp": "2", "cfd/flow.py": "3", "md/lj.py": "4"}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(code, "_kernels_folder", lambda: tmp_path)
    return tmp_path


def fresh_version(experiment: Experiment) -> str:
    """As another process would find it."""
    code_version.cache_clear()
    code._kernels_digest.cache_clear()
    version = code_version(experiment)
    code_version.cache_clear()
    code._kernels_digest.cache_clear()
    return version


@pytest.fixture
def flow(samples: ModuleType) -> Experiment:
    return replace(samples.decay, id="cfd.decay")


def test_the_version_begins_with_that_of_the_kernels(samples: ModuleType):
    from aion_kernels import __version__

    assert re.fullmatch(rf"{re.escape(__version__)}\+[0-9a-f]{{12}}", code_version(samples.decay))


@pytest.mark.parametrize("name", ["core/base.py", "core/native/loop.cpp", "cfd/flow.py"])
def test_an_edit_to_a_reachable_kernel_changes_it(kernels: Path, flow: Experiment, name: str):
    before = fresh_version(flow)
    (kernels / name).write_text("edited")
    assert fresh_version(flow) != before


def test_a_new_or_renamed_kernel_changes_it(kernels: Path, flow: Experiment):
    before = fresh_version(flow)
    (kernels / "cfd" / "wall.py").write_text("")
    added = fresh_version(flow)
    (kernels / "cfd" / "wall.py").rename(kernels / "cfd" / "walls.py")
    assert len({before, added, fresh_version(flow)}) == 3


def test_an_edit_elsewhere_does_not_change_it(kernels: Path, flow: Experiment):
    before = fresh_version(flow)
    (kernels / "md" / "lj.py").write_text("edited")
    (kernels / "core" / "notes.txt").write_text("not a source")
    assert fresh_version(flow) == before


def test_an_edit_to_the_experiments_own_file_changes_it(samples: ModuleType):
    source = Path(samples.__file__ or "")
    text = source.read_text()
    before = fresh_version(samples.decay)
    try:
        source.write_text(text + "\n")
        assert fresh_version(samples.decay) != before
    finally:
        source.write_text(text)
    assert fresh_version(samples.decay) == before


def test_within_a_process_it_is_that_of_the_code_that_was_imported(samples: ModuleType):
    source = Path(samples.__file__ or "")
    text = source.read_text()
    before = code_version(samples.decay)
    try:
        source.write_text(text + "\n")
        assert code_version(samples.decay) == before
    finally:
        source.write_text(text)


def test_a_function_defined_at_a_prompt_is_known_by_its_compiled_code():
    def at_prompt(body: str) -> Experiment:
        space: dict = {"Measured": Measured}
        exec(f"def f():\n    return Measured({{'a': {body}}})", space)
        return Experiment("test.prompt", space["f"], (), (Observable("a"),))

    assert code_version(at_prompt("1 + 0.0")) == code_version(at_prompt("1 + 0.0"))
    assert code_version(at_prompt("abs(1)")) != code_version(at_prompt("(1)"))
