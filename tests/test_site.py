"""The documentation builds without a warning, has every command and knob, and its links lead on."""

import importlib.util
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from danq.catalog import BASELINES, METRICS, MODELS
from danq.cli import build_parser
from danq.config import Config, Section
from tests.test_cli import STEPS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SOURCES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks" / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((DOCS / "notes").glob("*.md")),
]
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_has_its_options_on_the_page(generate):
    page = generate.commands_page()
    parts = re.split(r"^### danq (.+)$", page, flags=re.MULTILINE)
    texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(texts) == list(STEPS)
    for name, parser in STEPS.items():
        for action in parser._actions[1:]:
            for option in action.option_strings:
                assert f"`{option}`" in texts[name], f"danq {name} {option}"


def knobs(section: type[Section], prefix: str = "") -> list[str]:
    """Return every knob below a section, as train.lr."""
    names = []
    for name, field in section.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
        if inner and name != "models":
            names += knobs(inner[0], f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def test_every_knob_is_on_the_page_with_its_help(generate):
    page = generate.knobs_page()
    terms = re.findall(r"^`([a-z0-9_.]+)`$", page, flags=re.MULTILINE)
    assert sorted(terms) == sorted(knobs(Config))
    assert ": ." not in page


def test_every_name_of_the_catalogue_is_on_the_page(generate):
    page = generate.names_page()
    for name in (*MODELS, *BASELINES, *METRICS):
        assert f"| `{name}` |" in page


def test_every_page_is_in_the_contents():
    """A page that is in no table of contents is a warning of Sphinx, which ends the build."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^(?:.*<)?([a-z/-]+)>?$", index, flags=re.MULTILINE))
    for page in [*DOCS.glob("*.md"), *(DOCS / "notes").glob("*.md")]:
        name = str(page.relative_to(DOCS).with_suffix(""))
        assert name in listed | {"index"}, f"add {name} to docs/index.md"


def test_the_readme_is_short_and_can_be_pasted():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) <= 900
    (table,) = re.findall(r"((?:^printf .*\n)+)", text, flags=re.MULTILINE)
    rows = [line.split("'")[1] for line in table.splitlines()]
    assert {row.count(r"\t") for row in rows} == {3}
    assert all(row.endswith(r"\n") for row in rows)


def test_a_bound_of_a_knob_is_on_the_page(generate):
    page = generate.knobs_page()
    _, _, text = page.partition("`extract.margin`")
    assert "at least 0, at most 1000, a multiple of 8" in text.partition("`extract.drop_empty`")[0]


def test_links_of_a_page_that_moves_lead_to_the_same_file(generate, tmp_path):
    text = "[a](../docs/x.md#y) [b](https://z.org/a) [c](#here) [d](e.py)"
    moved = generate.moved(text, Path("/p/benchmarks"), Path("/p/docs/generated"))
    assert moved == ("[a](../x.md#y) [b](https://z.org/a) [c](#here) [d](../../benchmarks/e.py)")


def promised_tests() -> list[tuple[str, str]]:
    """Return file and name of every test that docs/promises.md names; "" for a whole file."""
    text = (DOCS / "promises.md").read_text(encoding="utf-8")
    named = []
    file = ""
    for path, name in re.findall(r"`(?:\.\.\.|(tests/[\w/]+\.py))?(?:::(\w+))?`", text):
        file = path or file
        if path or name:
            named.append((file, name))
    return named


def test_every_test_that_holds_a_promise_is_there():
    named = promised_tests()
    assert len(named) > 100
    for file, name in named:
        assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def commands_of(page: Path) -> list[str]:
    """Return the calls of danq in the shell blocks of a page."""
    blocks = re.findall(r"^ *```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL | re.M)
    lines = [line.strip() for block in blocks for line in re.sub(r"\\\n", "", block).splitlines()]
    return [line for line in lines if line.startswith("danq ")]


CALLS = [(page, call) for page in SOURCES for call in commands_of(page)]


@pytest.mark.parametrize(("page", "call"), CALLS, ids=[f"{p.stem}: {c}"[:60] for p, c in CALLS])
def test_a_command_on_a_page_has_options_that_there_are(page, call):
    build_parser().parse_args(shlex.split(call, comments=True)[1:])


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page):
    for file, anchor in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        target = (page.parent / file).resolve() if file else page
        if target.parent == DOCS / "generated":
            continue  # made while the site is built, which looks at these links
        assert target.exists(), f"{page.name}: {file}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {file}#{anchor}"


class Links(HTMLParser):
    """Collects where the links of a page lead, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get("id"):
            self.ids.add(values["id"])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> dict[Path, Links]:
    """Build the site; return what each page holds."""
    for package in ("furo", "myst_parser"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("site")
    words = ["-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(folder)]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, cwd=ROOT
    )
    assert built.returncode == 0, built.stderr
    pages = {}
    for path in folder.rglob("*.html"):
        pages[path] = Links()
        pages[path].feed(path.read_text(encoding="utf-8"))
    return pages


def test_the_site_is_built_without_a_warning_and_has_every_page(site):
    names = {path.name for path in site}
    for source in [*DOCS.glob("*.md"), *(DOCS / "notes").glob("*.md")]:
        assert f"{source.stem}.html" in names
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"notebook-{notebook.stem}.html" in names


def test_every_link_inside_the_site_leads_somewhere(site):
    outside = re.compile(r"[a-z]+:|//")
    for path, page in site.items():
        for link in page.links:
            if outside.match(link) or link == "#":
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {link}"
            if anchor and target in site:
                assert anchor in site[target].ids, f"{path.name}: {link}"


def test_no_page_needs_another_server(site):
    """The site can be read offline: no script, style or font comes from elsewhere."""
    for path in site:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|img)[^>]+src=\"https?:", text), path.name
        assert not re.search(r"<link[^>]+rel=\"stylesheet\"[^>]+href=\"https?:", text), path.name
