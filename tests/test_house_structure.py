"""The rules of the house that a machine can hold: what each source file must be like."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import aion_kernels
import aion_sci

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*ROOT.glob("aion_sci/**/*.py"), *ROOT.glob("kernels/**/*.py")])
SCRIPTS = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])
LONGEST = 400
"""Lines after which a file is asked what its second idea is."""

MODULES = sorted(
    module.name
    for package in (aion_kernels, aion_sci)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not module.name.endswith("__main__")
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES + SCRIPTS, ids=relative)
def test_a_file_introduces_its_idea_and_has_only_one(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SOURCES + SCRIPTS, ids=relative)
def test_imports_are_absolute(path):
    imports = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)]
    assert all(node.level == 0 for node in imports)
    assert all(alias.name != "*" for node in imports for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_left_to_do(path):
    text = path.read_text()
    assert not [word for word in ("TODO", "FIXME", "XXX", "NotImplementedError") if word in text]


@pytest.mark.parametrize("name", MODULES)
def test_the_public_names_are_all_listed(name):
    """A module without `__all__` has nothing public, so it defines no public function or class."""
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert all(hasattr(module, public) for public in listed)
    defined = {
        public
        for public, thing in vars(module).items()
        if not public.startswith("_")
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == name
    }
    assert defined <= set(listed)


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_documented(name):
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", []):
        thing = getattr(module, public)
        if inspect.isclass(thing) or inspect.isroutine(thing):
            assert inspect.getdoc(thing), f"{name}.{public} has no docstring"
        if inspect.isclass(thing) and thing.__module__.startswith("aion"):
            _assert_methods_documented(thing)


def _assert_methods_documented(thing: type) -> None:
    for method, value in vars(thing).items():
        if method.startswith(("_", "test_")):  # the name of a test in a contract says it all
            continue
        if inspect.isroutine(value) or isinstance(value, property):
            documented = any(
                inspect.getdoc(vars(c)[method]) for c in thing.__mro__ if method in vars(c)
            )
            assert documented, f"{thing.__name__}.{method} has no docstring"


@pytest.mark.parametrize("path", sorted(ROOT.glob("aion_sci/experiments/catalogue/**/*.py")))
def test_the_catalogue_can_be_listed_without_jax(path):
    """Its files import kernels where they run, never at the top."""
    for node in ast.parse(path.read_text()).body:
        modules = [node.module] if isinstance(node, ast.ImportFrom) else []
        modules += [a.name for a in node.names] if isinstance(node, ast.Import) else []
        assert not {m.split(".")[0] for m in modules} & {"aion_kernels", "equinox", "jax", "numpy"}
