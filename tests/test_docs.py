"""The pages and the README say what is true: they build, and their code runs.

The Python blocks of a page run top to bottom in one interpreter, as a reader would paste them,
and hold at least one `assert`. Questions in YAML are read; each verb in a shell block exists.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[str]:
    return [code for language, code in FENCE.findall(page.read_text()) if language in languages]


def pages_with(*languages: str, slow: bool = False):
    """The pages with such blocks; those beyond the README marked slow where that is asked for."""
    marks = pytest.mark.slow if slow else ()
    found = [
        pytest.param(page, marks=() if page.name == "README.md" else marks)
        for page in PAGES
        if blocks(page, *languages)
    ]
    return pytest.mark.parametrize("page", found, ids=lambda page: page.name)


@pages_with("python", slow=True)
def test_the_python_of_a_page_runs(page, tmp_path):
    code = "\n".join(blocks(page, "python"))
    assert re.search(r"^\s*assert ", code, re.MULTILINE), "a page's code asserts something"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pages_with("yaml")
def test_the_questions_of_a_page_can_be_read(page, tmp_path):
    from aion_sci.research.question import read_question

    for number, text in enumerate(blocks(page, "yaml")):
        if text.startswith("question:"):
            file = tmp_path / f"{number}.yaml"
            file.write_text(text)
            assert read_question(file)


@pytest.fixture(scope="module")
def verbs() -> set[str]:
    aion = Path(sys.executable).with_name("aion")
    printed = subprocess.run([aion, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^    ([a-z]+)\b", printed, re.MULTILINE))


@pages_with("bash", "console")
def test_the_commands_of_a_page_exist(page, verbs):
    text = "\n".join(blocks(page, "bash", "console"))
    named = set(re.findall(r"^(?:\$ )?aion ([a-z]+)", text, re.MULTILINE))
    assert named <= verbs
    targets = set(re.findall(r"^(?:\$ )?make ([a-z]+)", text, re.MULTILINE))
    assert targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_verb_has_its_row(verbs):
    """The table of the command line lists the verbs that `aion --help` lists."""
    table = (ROOT / "docs" / "command_line.md").read_text()
    assert set(re.findall(r"^\| `aion ([a-z]+)", table, re.MULTILINE)) == verbs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_tree_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_pages_build_without_a_warning(tmp_path):
    """Built from a copy, because autosummary writes next to the sources."""
    sources = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", sources, ignore=shutil.ignore_patterns("_build", "api"))
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("COV")}
    done = subprocess.run(
        [*command, sources, tmp_path / "html"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "api" / "aion_kernels.core.ensemble.html").exists()
