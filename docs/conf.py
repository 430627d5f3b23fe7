"""How Sphinx builds the documentation: `make docs`, into build/site."""

import importlib
import sys
from pathlib import Path
from typing import Any

import danq

sys.path.insert(0, str(Path(__file__).resolve().parent))

project = "danq"
author = "the danq developers"
copyright = author
version = release = danq.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
smartquotes = False  # options keep their two hyphens

# Headings that other pages link to, as training.md#tuning.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

# Every method and attribute is on the page of its class.
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"danq {version}"
html_static_path: list[str] = []
html_show_sphinx = False


def setup(app: Any) -> None:
    """Write the pages that follow from the code, before Sphinx looks for its sources."""
    generate = importlib.import_module("generate")
    generate.write_pages()

    def relink(app: Any, page: str, source: list[str]) -> None:
        """Let links to notebooks and to files beside docs/ lead to their pages."""
        folder = (Path(app.srcdir) / page).parent
        source[0] = generate.site_links(source[0], folder)

    app.connect("source-read", relink)
