"""How Sphinx builds these pages: MyST for prose, autosummary for the reference.

A datasheet (the docstring of a module, and of what simulates) has equations and columns laid out by
hand, so the reference shows it as it was written. Other docstrings are reStructuredText.
"""

import re
from importlib.metadata import version as installed_version

project = "AION Sci"
author = "The AION Sci developers"
copyright = f"2026, {author}"
version = release = installed_version("aion-sci")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

html_theme = "furo"
html_title = "AION Sci"
html_copy_source = False

myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

napoleon_google_docstring = False

autosummary_generate = True
autosummary_ignore_module_all = True  # a package lists its modules, exported or not
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signature already shows them, jaxtyping's shapes as written
autodoc_default_options = {"members": True, "show-inheritance": True}
python_use_unqualified_type_names = True


COLUMN = re.compile(r"(Expect|Fails|Good start|Method|Reference)  +")


def show_as_written(app, what, name, object, options, lines):
    """Turn a datasheet into a literal block; elsewhere |x| is an absolute value."""
    if what == "module" or any(COLUMN.match(line) for line in lines):
        lines[:] = ["::", "", *(f"    {line}" for line in lines), ""] if lines else []
        return
    for number, line in enumerate(lines):
        parts = line.split("``")  # every second one is code
        parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
        lines[number] = "``".join(parts)


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", show_as_written)
