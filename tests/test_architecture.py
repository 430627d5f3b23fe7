"""The architecture, read from the source: which module may import which, and what each has."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from numpydoc.validate import validate
from packaging.requirements import Requirement

import danq

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "danq"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Lower first. A module imports from its own room and from rooms of lower levels, never from another
# room of its level.
LEVELS = [
    {
        "errors",
        "catalog",
        "config",
        "files",
        "finish",
        "formats",
        "progress",
        "reading",
        "records",
        "wording",
    },
    {"genome", "motif"},
    {"data", "simulation", "plotting"},
    {"network", "evaluation"},
    {"training", "interpret"},
    {"report"},
    {"options", "commands", "start", "cli", "__main__"},
]
BASE = LEVELS[0]
TOP = LEVELS[-1]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# Which rooms may import a heavy library.
ONLY_IN = {
    "torch": {"network", "training", "interpret"},
    "lightning_fabric": {"network", "training", "interpret"},
    "h5py": {"data"},
    "pyfaidx": {"genome", "data"},
    "matplotlib": {"plotting", "interpret", "report"},
    "jinja2": {"report"},
    "snakemake": set(),
}


def name_of(path):
    """Return the dotted name of a module: danq.genome.bins."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module):
    """Return the room of a module, its own name for one at the top, None for danq itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def runtime_nodes(tree):
    """Yield the nodes of a module but those under `if TYPE_CHECKING`, which never run."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def imports(path):
    """Return the modules that a file imports, at the top or inside functions."""
    modules = set()
    for node in runtime_nodes(tree_of(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules |= {node.module, *(name for name in names if is_module(name))}
    return modules


def is_module(name):
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def ids(path):
    return name_of(path)


def test_every_room_has_its_level():
    rooms = {room_of(name_of(path)) for path in MODULES} - {None}
    assert rooms == set(LEVEL_OF)


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path != PACKAGE / "__init__.py"], ids=ids
)
def test_imports_go_one_way(path):
    room = room_of(name_of(path))
    for imported in imports(path):
        imported_room = room_of(imported) if imported.split(".")[0] == "danq" else None
        if imported_room is None or imported_room == room:
            continue
        together = BASE if room in BASE else TOP
        allowed = LEVEL_OF[imported_room] < LEVEL_OF[room] or {room, imported_room} <= together
        assert allowed, f"{name_of(path)} imports {imported}, which is not below it"


def report_layer(module):
    """Return the layer of a module of the report: a run is read, then findings, then rendering."""
    names = module.split(".")[2:]
    if names and names[0].startswith("run"):
        return 0
    return 1 if names and names[0] == "findings" else 2


@pytest.mark.parametrize("path", sorted((PACKAGE / "report").rglob("*.py")), ids=ids)
def test_the_report_reads_then_finds_then_renders(path):
    layer = report_layer(name_of(path))
    for imported in imports(path):
        if imported.startswith("danq.report."):
            assert report_layer(imported) <= layer, f"{name_of(path)} imports {imported}"
        if imported.split(".")[0] in ("jinja2", "matplotlib"):
            assert layer == 2, f"{name_of(path)} draws"


STEPS = [
    "data/extract",
    "training/train",
    "evaluation/evaluate",
    "interpret/motifs",
    "report/report",
]
"""Main module of each long step."""


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_read_in_five_files(step):
    """Beyond its main module, and what every module may use: errors, files, configuration."""
    modules = {name for name in imports(PACKAGE / f"{step}.py") if name.startswith("danq.")}
    files = {
        name for name in modules if (ROOT / name.replace(".", "/")).with_suffix(".py").exists()
    }
    packages = {name for name in modules - files if (PACKAGE / name.split(".", 1)[1]).is_dir()}
    roomless = {f"danq.{room}" for room in LEVEL_OF}
    to_open = (files | packages) - roomless - {"danq.errors", "danq.files", "danq.config"}
    assert len(to_open) <= 5, f"{step} needs {sorted(to_open)}"


def test_importing_danq_imports_no_module_of_it():
    code = "import sys, danq; sys.exit(any(name.startswith('danq.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_heavy_libraries_stay_in_their_rooms(path):
    libraries = {imported.split(".")[0] for imported in imports(path)}
    for library in libraries & set(ONLY_IN):
        assert room_of(name_of(path)) in ONLY_IN[library], f"{name_of(path)} imports {library}"


def test_no_circular_imports():
    waiting = {name_of(path): imports(path) for path in MODULES}
    waiting = {name: needed & set(waiting) - {name, "danq"} for name, needed in waiting.items()}
    while waiting:
        ready = [name for name, needed in waiting.items() if not needed & set(waiting)]
        assert ready, f"these import each other: {sorted(waiting)}"
        for name in ready:
            del waiting[name]


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_private_names_stay_private(path):
    """No module takes a name that begins with an underscore from another one."""
    ours = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "danq":
            assert not [alias.name for alias in node.names if is_private(alias.name)]
            ours |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            taken = node.value.id in ours and is_private(node.attr)
            assert not taken, f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}"


def is_private(name):
    # Methods of named tuples begin with an underscore, so that no field can have their name.
    of_named_tuples = ("_replace", "_make", "_asdict", "_fields")
    return name.startswith("_") and not name.startswith("__") and name not in of_named_tuples


def test_nothing_unpickles():
    for path in MODULES:
        assert not imports(path) & {"pickle", "joblib", "dill", "shelve"}
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call):
                call = ast.unparse(node)
                assert "allow_pickle=True" not in call
                assert ast.unparse(node.func) != "torch.load" or "weights_only=True" in call


def test_every_module_has_its_tests():
    """Tests mirror the package: danq/genome/bins.py is tested by tests/genome/test_bins.py."""
    for path in MODULES:
        if path.stem not in ("__init__", "__main__"):
            relative = path.relative_to(PACKAGE)
            test = ROOT / "tests" / relative.with_name(f"test_{relative.name}")
            assert test.exists(), f"{relative} has no {test.relative_to(ROOT)}"


def test_tests_mirror_the_package():
    for test in (ROOT / "tests").glob("*/test_*.py"):
        module = PACKAGE / test.parent.name / test.name.removeprefix("test_")
        assert module.exists() or test.stem == "test_browser", f"{test} tests no module"


def public_functions(path):
    """Yield name and node of the functions and methods that others may call: Dataset.labels."""
    waiting = [(node, "") for node in tree_of(path).body]
    for node, owner in waiting:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            waiting += [(child, f"{node.name}.") for child in node.body]
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield owner + node.name, node


def arguments_of(function):
    named = function.args
    arguments = [*named.posonlyargs, *named.args, *named.kwonlyargs]
    return [argument for argument in arguments if argument.arg not in ("self", "cls")]


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_public_functions_are_typed(path):
    for name, function in public_functions(path):
        arguments = arguments_of(function)
        untyped = [argument.arg for argument in arguments if argument.annotation is None]
        assert not untyped, f"{name_of(path)}.{name} has no type of {untyped}"
        assert function.returns is not None, f"{name_of(path)}.{name} has no type of its result"


INCOMPLETE = {"PR01", "PR02", "RT01", "YD01"}
"""numpydoc's names of what is missing: parameters, unknown ones, Returns, Yields."""


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_public_functions_are_documented(path):
    """Two arguments or more want sections: parameters by name, what comes out, what is raised."""
    for name, function in public_functions(path):
        where = f"{name_of(path)}.{name}"
        text = ast.get_docstring(function)
        assert text, f"{where} has no docstring"
        if len(arguments_of(function)) >= 2:
            problems = [
                problem for problem in validate(where)["errors"] if problem[0] in INCOMPLETE
            ]
            assert not problems, f"{where}: {problems}"
            raises = any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(function))
            assert not raises or "\nRaises\n------" in text, f"{where} does not say what it raises"


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_what_is_imported_is_declared():
    """Every library that danq imports is named in pyproject.toml, and the other way round."""
    imported = {name.split(".")[0] for path in MODULES for name in imports(path)}
    foreign = imported - set(sys.stdlib_module_names) - {"danq"}
    distributions = importlib.metadata.packages_distributions()
    used = {canonical(distributions[library][0]) for library in foreign if library in distributions}
    assert not foreign - set(distributions), "not installed, so not in the lock file"
    declared = {canonical(Requirement(text).name) for text in project()["dependencies"]}
    extras = project()["optional-dependencies"].values()
    optional = {canonical(Requirement(text).name) for extra in extras for text in extra}
    assert used <= declared | optional
    # These are run, not imported: the workflow and its plugin, and the lock's reader of downloads.
    assert declared - used <= {"snakemake", "snakemake-storage-plugin-http"}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


SHIPPED = ("configs", "notebooks", "profiles", "workflow")
"""Folders beside the package that the wheel holds, too."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the Python of an empty environment that holds the wheel, without its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves files beside what it builds
    shutil.copytree(PACKAGE, source / "danq", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, source)
    for name in SHIPPED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "empty"], check=True)
    (site,) = (folder / "empty").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    return folder / "empty" / "bin" / "python", site


def test_the_wheel_holds_every_module_and_template(installed):
    python, site = installed
    templates = [path for path in PACKAGE.rglob("templates/*") if path.is_file()]
    assert templates
    for path in [*MODULES, *templates]:
        copied = site / path.relative_to(ROOT)
        assert copied.read_bytes() == path.read_bytes()
    code = "import danq; print(danq.__file__, danq.__version__)"
    command = [python, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=site.parent)
    assert answer.stdout.split() == [str(site / "danq" / "__init__.py"), danq.__version__]


def test_the_wheel_starts_a_folder_whose_workflow_runs(installed, tmp_path):
    python, site = installed
    # Its environment has no libraries: those of this one are lent, without this danq.
    libraries = str(Path(pytest.__file__).parent.parent)
    lent = {"env": os.environ | {"PYTHONPATH": libraries}, "text": True}
    danq_here = [python, "-m", "danq"]
    folder = tmp_path / "study"
    subprocess.run([*danq_here, "init", folder], check=True, cwd=tmp_path, **lent)
    command = [*danq_here, "run", "--dry-run", "--", "--quiet"]
    answer = subprocess.run(command, cwd=folder, **lent, capture_output=True)
    assert answer.returncode == 0, answer.stderr
    code = "from danq.start import shipped; print(shipped('workflow'))"
    answer = subprocess.run([python, "-c", code], cwd=folder, **lent, capture_output=True)
    assert Path(answer.stdout.strip()) == site / "danq" / "share" / "workflow"
    for name in SHIPPED:
        for path in (ROOT / name).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                copied = site / "danq" / "share" / path.relative_to(ROOT)
                assert copied.read_bytes() == path.read_bytes()


CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "snakemake-minimal": "snakemake",
}
"""What conda's channels call a package otherwise than the package index."""


def test_the_conda_recipe_asks_for_the_same_libraries():
    text = (ROOT / "recipe" / "meta.yaml").read_text(encoding="utf-8")
    asked = text[text.index("  run:\n") : text.index("\ntest:")]
    lines = re.findall(r"^ +- (\S+) (\S+)$", asked, re.MULTILINE)
    recipe = {CONDA_NAMES.get(name, name): versions for name, versions in lines}
    assert recipe.pop("python") == project()["requires-python"]
    declared = [Requirement(text) for text in project()["dependencies"]]
    assert set(recipe) == {requirement.name for requirement in declared}
    for requirement in declared:
        versions = set(recipe[requirement.name].split(","))
        assert versions == set(str(requirement.specifier).split(","))


LOCKS = {
    "requirements.lock": ("cluster", "interpret", "tune", "variants"),
    "requirements-dev.lock": ("dev", "docs", "notebook", "onnx", "tensorboard"),
}
"""Lock files, and the extras that each is for."""


def test_the_lock_files_hold_what_is_declared_and_nothing_twice():
    pinned = {}
    for name in LOCKS:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
        pinned[name] = {canonical(pin.name): pin.specifier for pin in pins}
    run, dev = pinned.values()
    assert not set(run) & set(dev)
    extras = project()["optional-dependencies"]
    assert {extra for names in LOCKS.values() for extra in names} == set(extras)
    needed = {name: [text for extra in LOCKS[name] for text in extras[extra]] for name in LOCKS}
    needed["requirements.lock"] += project()["dependencies"]
    for name, texts in needed.items():
        for requirement in map(Requirement, texts):
            (pin,) = {**run, **pinned[name]}[canonical(requirement.name)]
            assert pin.operator == "==" and requirement.specifier.contains(pin.version)
