import tracemalloc

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from danq.data import deepsea, matlab, matlab5
from danq.data.dataset import open_dataset
from danq.data.deepsea import import_deepsea
from danq.errors import DanqError
from danq.genome.bins import SPLITS
from danq.genome.sequence import decode

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
KINDS = ("v7.3", "v7.3 contiguous", "v5", "v5 compressed")


def random_rows(n, window, n_targets, seed=0):
    """Return bases (list of str) and labels (n, T) of the forward strand."""
    rng = np.random.default_rng(seed)
    bases = [
        "".join(row)
        for row in rng.choice(list("ACGTN"), size=(n, window), p=[0.3, 0.2, 0.2, 0.2, 0.1])
    ]
    return bases, rng.integers(0, 2, size=(n, n_targets), dtype=np.uint8)


def matlab_arrays(bases, labels):
    """Return x (2n, 4, L) and y (2n, T) as in the published files, set element by element."""
    both = [*bases, *(text[::-1].translate(COMPLEMENT) for text in bases)]
    x = np.zeros((len(both), 4, len(bases[0])), dtype=np.uint8)
    for row, text in enumerate(both):
        for position, base in enumerate(text):
            if base != "N":
                x[row, "AGCT".index(base), position] = 1
    return x, np.concatenate([labels, labels])


def write_mat(path, kind, variables):
    """Write arrays in MATLAB's order, as MATLAB or SciPy do.

    v7.3 is HDF5 behind a header of 512 bytes.
    """
    if kind.startswith("v5"):
        savemat(path, variables, do_compression=kind.endswith("compressed"))
        return
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in variables.items():
            layout = (
                {}
                if kind.endswith("contiguous")
                else {
                    "chunks": tuple(max(1, size // 3) for size in values.shape[::-1]),
                    "compression": "gzip",
                }
            )
            file.create_dataset(name, data=values.T, **layout).attrs["MATLAB_class"] = np.bytes_(
                "uint8"
            )
    with open(path, "r+b") as file:
        file.write(
            b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
        )


def small_bundle(folder, kinds=("v5",) * 3, n=3, window=13, n_targets=5, change=None):
    """Write the three files; `change` (split, function) changes the variables of one before."""
    rows, paths = {}, []
    for seed, (split, kind) in enumerate(zip(SPLITS, kinds, strict=True)):
        rows[split] = random_rows(n + seed, window, n_targets, seed)
        variables = dict(
            zip((f"{split}xdata", f"{split}data"), matlab_arrays(*rows[split]), strict=True)
        )
        if change and change[0] == split:
            change[1](variables)
        paths.append(folder / f"{split}.mat")
        write_mat(paths[-1], kind, variables)
    return rows, paths


def check(path, rows):
    """Compare every base, label and position of a dataset with the expected ones."""
    with open_dataset(path) as dataset:
        for number, (split, (bases, labels)) in enumerate(rows.items()):
            assert [decode(indices) for indices in dataset.base_indices(split)] == bases
            assert dataset.labels(split).tolist() == labels.tolist()
            chromosomes, starts = dataset.positions(split)
            assert (
                set(chromosomes.tolist()) == {number} and list(dataset.chromosomes)[number] == split
            )
            assert starts.tolist() == [200 * row for row in range(len(bases))]


def refused(folder, paths, match, **options):
    """Import files that must be refused with a message of one line, and leave nothing."""
    before = set(folder.iterdir())
    with pytest.raises(DanqError, match=match) as caught:
        import_deepsea(*paths, folder / "dataset.h5", **options)
    assert "\n" not in str(caught.value) and set(folder.iterdir()) == before


# --- what is read ---


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Import small files of the published window and targets, in every format."""
    bundles = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp("bundle")
        (folder / "predictor.names").write_text(
            "".join(f"Cell|TF {index % 844}|None\n" for index in range(919))
        )
        rows, paths = small_bundle(folder, (kind,) * 3, 18, 1000, 919)
        import_deepsea(*paths, folder / "dataset.h5", names=folder / "predictor.names")
        bundles[kind] = rows, paths, folder / "dataset.h5"
    return bundles


@pytest.mark.parametrize("kind", KINDS)
def test_every_base_and_label_is_that_of_the_files(published, kind):
    rows, paths, path = published[kind]
    check(path, rows)
    with open_dataset(path) as dataset:
        assert (dataset.window, dataset.bin_size, dataset.attributes["assembly"]) == (
            1000,
            200,
            "hg19",
        )
        assert dataset.attributes["coordinates"] == "rows"
        assert dataset.source["files"]["valid"]["path"] == str(paths[1])
        assert dataset.source["counts"]["test"] == {"rows": 40, "windows": 20}


def test_published_targets_have_their_groups_and_names_may_repeat(published):
    with open_dataset(published["v5"][2]) as dataset:
        assert dataset.groups == ["DNase"] * 125 + ["TF"] * 690 + ["histone"] * 104
        assert dataset.names == [f"Cell|TF {index % 844}|None" for index in range(919)]


def test_both_formats_give_the_same_dataset(published):
    checksums = []
    for _, _, path in published.values():
        with open_dataset(path) as dataset:
            checksums.append([dataset.split_checksum(split) for split in SPLITS])
    assert checksums == checksums[:1] * len(KINDS)


@pytest.mark.parametrize("size", [(1, 8, 1), (1, 9, 2), (3, 13, 5), (5, 16, 8), (21, 31, 17)])
def test_any_size_in_any_format_and_small_blocks(tmp_path, monkeypatch, size):
    monkeypatch.setattr(deepsea, "_BLOCK", 2)
    monkeypatch.setattr(matlab, "_SLAB", 100)
    monkeypatch.setattr(matlab, "_TILE", 150)
    monkeypatch.setattr(matlab5, "_INPUT", 7)
    for number, kinds in enumerate([KINDS[:3], KINDS[1:]]):
        rows, paths = small_bundle(tmp_path, kinds, *size)
        import_deepsea(*paths, tmp_path / f"{number}.h5")
        check(tmp_path / f"{number}.h5", rows)
    with open_dataset(tmp_path / "0.h5") as dataset:
        assert dataset.groups == ["all"] * size[2]
        assert dataset.names == [f"target {index}" for index in range(size[2])]


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_that_of_packed_rows(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(matlab, "_SLAB", 1 << 20)
    monkeypatch.setattr(matlab, "_TILE", 1 << 20)
    indices = np.random.default_rng(0).integers(
        0, 4, size=(10_000, 200), dtype=np.uint8
    )  # in the order A, G, C, T
    both = np.concatenate([indices, 3 - indices[:, ::-1]])
    x = np.stack([both == index for index in range(4)], axis=1).astype(np.uint8)
    y = np.zeros((20_000, 10), dtype=np.uint8)
    _, paths = small_bundle(tmp_path, window=200, n_targets=10)
    write_mat(paths[0], kind, {"trainxdata": x, "traindata": y})
    tracemalloc.start()
    import_deepsea(*paths, tmp_path / "dataset.h5")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 2
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert (dataset.base_indices("train") == np.array([0, 2, 1, 3])[indices]).all()


# --- what is refused ---


def changed(name, change):
    """Return a function that changes one variable of a dict in place."""
    return lambda variables: change(variables[name])


def put(*where):
    """Return a function that sets one value of an array: indices, then the value."""
    return lambda values: values.__setitem__(where[:-1], where[-1])


def unbased(values):
    values[1, :, 4] = [1, 0, 1, 0]
    values[4 + 1, :, 13 - 5] = [0, 1, 0, 1]


def swapped(values):
    values[[4, 5]] = values[[5, 4]]


def flipped(values):
    values[6, 2] ^= 1


def narrower(variables):
    variables["validxdata"] = variables["validxdata"][:, :, 1:-1]


def odd(variables):
    variables.update({name: values[:7] for name, values in variables.items()})


CHANGES = {
    "second half in another order": (
        changed("validxdata", swapped),
        r"row 4 .*of validxdata is not the reverse comp",
    ),
    "a flipped label": (
        changed("validdata", flipped),
        r"row 6 .*of validdata is not a copy of row 2",
    ),
    "a 2": (
        changed("validxdata", put(3, 1, 7, 2)),
        r"row 3 \(from 0\) of validxdata holds 2, not 0 or 1",
    ),
    "a label of 255": (
        changed("validdata", put(5, 0, 255)),
        r"row 5 \(from 0\) of validdata holds 255",
    ),
    "two bases": (
        changed("validxdata", unbased),
        r"row 1 .*of validxdata has two bases at one position",
    ),
    "no variable": (
        lambda v: v.pop("validdata"),
        "lacks the variable validdata; give the valid.mat",
    ),
    "other targets": (
        lambda v: v.update(validdata=v["validdata"][:, :4]),
        "has windows of 13 bp and 4 targets",
    ),
    "another window": (
        narrower,
        "has windows of 11 bp and 5 targets, .*train.mat has 13 and 5; give three",
    ),
    "odd rows": (odd, "validxdata is 7 x 4 x 13 and validdata is 7 x 5 .*an even number of rows"),
    "other rows": (lambda v: v.update(validdata=v["validdata"][:6]), "validdata is 6 x 5"),
    "other axes": (
        lambda v: v.update(validxdata=v["validxdata"].transpose(0, 2, 1)),
        "validxdata is 8 x 13 x 4",
    ),
    "flat": (lambda v: v.update(validxdata=v["validxdata"][:, 0]), "validxdata is 8 x 13 and"),
}


@pytest.mark.parametrize("kind", KINDS[::2])
@pytest.mark.parametrize("case", CHANGES)
def test_bad_data_are_refused(tmp_path, kind, case):
    change, match = CHANGES[case]
    _, paths = small_bundle(tmp_path, (kind,) * 3, change=("valid", change))
    refused(tmp_path, paths, match)


@pytest.mark.parametrize("value", [0.5, np.nan, -1])
def test_doubles_other_than_0_and_1_are_refused(tmp_path, value):
    def change(variables):
        variables["testdata"] = variables["testdata"].astype(float)
        variables["testdata"][2, 3] = value

    _, paths = small_bundle(tmp_path, ("v5", "v5", "v7.3"), change=("test", change))
    refused(tmp_path, paths, f"test.mat: row 2 .*of testdata holds {value}")


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_cut_off_are_refused(tmp_path, kind):
    _, paths = small_bundle(tmp_path, ("v5", "v5", kind), n=6)
    content = paths[2].read_bytes()
    for length in [*range(1, len(content), 1 + len(content) // 40), len(content) - 1]:
        paths[2].write_bytes(content[:length])
        refused(
            tmp_path,
            paths,
            "test.mat: (is cut off or damaged|is not a MATLAB file|lacks the variable)",
        )


def test_files_of_another_kind_are_refused(tmp_path):
    _, paths = small_bundle(tmp_path)
    paths[0].write_bytes(b"")
    refused(tmp_path, paths, "train.mat: is not a MATLAB file of version 5 or 7.3; give the .mat")
    paths[0].write_text("<html>not found</html>" * 20)
    refused(tmp_path, paths, "train.mat: is not a MATLAB file")
    paths[0].unlink()
    refused(tmp_path, paths, "train.mat: cannot be read .No such file")
    refused(tmp_path, [tmp_path, *paths[1:]], "cannot be read .Is a directory")


def test_a_given_file_is_never_overwritten(tmp_path):
    _, paths = small_bundle(tmp_path)
    message = r"test.mat: is also an input, a file of the bundle; choose another output file$"
    with pytest.raises(DanqError, match=message):
        import_deepsea(*paths, paths[2])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a|b|c\n" * 4, "predictor.names: has 4 names, the files have 5 targets"),
        ("a|b|c\n" * 6, "has 6 names"),
        ("a|b|c\na|b\n", r"predictor.names:2: 'a\|b' is not cell\|target\|treatment"),
        ("1\ta|b|c\n", "predictor.names:1: .*is not cell"),
        ("a||c\n", "is not cell"),
        ("a|b|c\n" * 5 + "\n", "predictor.names:6: '' is not cell"),
        ("a|b|\xff\n", "predictor.names:1: is not UTF-8"),
    ],
)
def test_names_that_do_not_fit_are_refused(tmp_path, text, match):
    _, paths = small_bundle(tmp_path)
    (tmp_path / "predictor.names").write_bytes(text.encode("latin-1"))
    refused(tmp_path, paths, match, names=tmp_path / "predictor.names")


def test_names_keep_their_spaces_and_lose_their_line_ends(tmp_path):
    _, paths = small_bundle(tmp_path)
    (tmp_path / "predictor.names").write_bytes(
        "A| b |c\u00a0\r\nA|b|c\nA|b|c\nA|b|d\nA|b|e".encode()
    )
    import_deepsea(*paths, tmp_path / "dataset.h5", names=tmp_path / "predictor.names")
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert dataset.names == ["A| b |c\u00a0", "A|b|c", "A|b|c", "A|b|d", "A|b|e"]
        assert set(dataset.source["files"]) == {*SPLITS, "names"}
