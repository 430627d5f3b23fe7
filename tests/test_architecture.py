"""Who may know whom, read from the source."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "danq"
MAY_NOT = {
    "config": {"torch", "h5py", "snakemake", "pyfaidx"},
    "bins": {"torch", "h5py", "danq.data.dataset"},
    "sequence": {"torch", "h5py", "danq.data.dataset", "danq.genome.bins"},
    "peaks": {"torch", "h5py", "danq.genome.sequence", "danq.genome.bins"},
    "fasta": {"torch", "h5py", "danq.genome.bins", "danq.genome.peaks"},
    "extract": {"torch", "h5py", "pandas", "pyfaidx"},
    "check": {"torch", "h5py", "pandas"},
    "audit": {"torch", "h5py", "matplotlib"},
    "describe": {"torch", "jinja2"},
    "dataplots": {"torch", "h5py", "danq.files", "danq.data.dataset"},
    "deepsea": {"torch", "scipy"},
    "dataset": {"torch", "danq.network.models", "danq.training.train", "pyfaidx"},
    "models": {"h5py", "danq.data.dataset", "danq.training.train"},
    "layers": {"h5py", "danq.data.dataset", "danq.network.models"},
    "recipes": {"h5py", "danq.data.dataset", "danq.training.train", "danq.network.models"},
    "batches": {"danq.network.models", "danq.training.train", "pyfaidx"},
    "predict": {"danq.training.train"},
    "metrics": {"torch", "jinja2", "h5py", "pandas"},
    "probe": {
        "h5py",
        "matplotlib",
        "danq.training.train",
        "danq.network.models",
        "danq.evaluation.evaluate",
    },
    "attribute": {"h5py", "matplotlib", "danq.training.train", "danq.network.models.build"},
    "design": {"h5py", "matplotlib", "danq.training.train", "danq.data.dataset"},
    "attributions": {"torch", "matplotlib", "danq.data.dataset"},
    "tracks": {"torch", "h5py", "danq.data.dataset"},
    "evaluate": {"torch", "jinja2"},
    "plots": {"h5py", "torch", "danq.evaluation.evaluate", "danq.files"},
    "report": {"torch", "danq.training.train", "danq.network.models", "sklearn"},
    "results": {"torch", "jinja2", "matplotlib"},
    "words": {"torch", "h5py", "jinja2", "matplotlib"},
    "page": {"torch", "h5py", "danq.report.results"},
    "tomtom": {"torch"},
}


def imports(path):
    """Return the modules that a file imports, at the top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found | {name.split(".")[0] for name in found}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_imports_go_one_way(path):
    found = imports(path)
    assert "snakemake" not in found
    assert "danq.cli" not in found or path.stem == "__main__"
    assert not found & MAY_NOT.get(path.stem, set())


def test_nothing_unpickles():
    for path in PACKAGE.glob("*.py"):
        assert not imports(path) & {"pickle", "joblib", "dill", "shelve"}
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert "weights_only=True" in ast.unparse(node)
            assert "allow_pickle=True" not in (
                ast.unparse(node) if isinstance(node, ast.Call) else ""
            )


def test_no_circles():
    arrows = {
        path.stem: {name.split(".")[1] for name in imports(path) if name.startswith("danq.")}
        & {other.stem for other in PACKAGE.glob("*.py")}
        for path in PACKAGE.glob("*.py")
    }
    left = dict(arrows)
    while True:
        done = [stem for stem, needed in left.items() if not needed & set(left)]
        if not done:
            break
        for stem in done:
            del left[stem]
    assert not left, f"these import each other in a circle: {sorted(left)}"
