import struct
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from danq.data import deepsea
from danq.data.dataset import open_dataset
from danq.data.deepsea import (
    export_predictions,
    import_deepsea,
    import_predictions,
    read_deepsea_predictions,
)
from danq.data.predictions import read_predictions, write_predictions
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
    """Return x (2n, 4, L) and y (2n, T) as the published files hold them, set element by element."""
    both = [*bases, *(text[::-1].translate(COMPLEMENT) for text in bases)]
    x = np.zeros((len(both), 4, len(bases[0])), dtype=np.uint8)
    for row, text in enumerate(both):
        for position, base in enumerate(text):
            if base != "N":
                x[row, "AGCT".index(base), position] = 1
    return x, np.concatenate([labels, labels])


def write_mat(path, kind, variables):
    """Write arrays in MATLAB's order, as MATLAB or SciPy do; v7.3 is HDF5 behind a header of 512 bytes."""
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
    """Compare every base, label and place of a dataset with what was meant."""
    with open_dataset(path) as dataset:
        for place, (split, (bases, labels)) in enumerate(rows.items()):
            assert [decode(codes) for codes in dataset.base_indices(split)] == bases
            assert dataset.labels(split).tolist() == labels.tolist()
            chromosomes, starts = dataset.places(split)
            assert (
                set(chromosomes.tolist()) == {place} and list(dataset.chromosomes)[place] == split
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
    made = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp("bundle")
        (folder / "predictor.names").write_text(
            "".join(f"Cell|TF {index % 844}|None\n" for index in range(919))
        )
        rows, paths = small_bundle(folder, (kind,) * 3, 18, 1000, 919)
        import_deepsea(*paths, folder / "dataset.h5", names=folder / "predictor.names")
        made[kind] = rows, paths, folder / "dataset.h5"
    return made


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
    for name, value in (("_BLOCK", 2), ("_SLAB", 100), ("_TILE", 150), ("_INPUT", 7)):
        monkeypatch.setattr(deepsea, name, value)
    for number, kinds in enumerate([KINDS[:3], KINDS[1:]]):
        rows, paths = small_bundle(tmp_path, kinds, *size)
        import_deepsea(*paths, tmp_path / f"{number}.h5")
        check(tmp_path / f"{number}.h5", rows)
    with open_dataset(tmp_path / "0.h5") as dataset:
        assert dataset.groups == ["all"] * size[2]
        assert dataset.names == [f"target {index}" for index in range(size[2])]


@pytest.mark.parametrize("chunks", [(1, 1, 1), (3, 4, 5), (13, 1, 2), (1, 4, 40), (13, 4, 40)])
def test_chunks_of_any_shape(tmp_path, monkeypatch, chunks):
    monkeypatch.setattr(deepsea, "_SLAB", 90)
    monkeypatch.setattr(deepsea, "_TILE", 100)
    rows, paths = small_bundle(tmp_path, n=20)
    variables = dict(zip(("trainxdata", "traindata"), matlab_arrays(*rows["train"]), strict=True))
    with h5py.File(paths[0], "w") as file:
        file.create_dataset(
            "trainxdata", data=variables["trainxdata"].T, chunks=chunks, compression="gzip"
        )
        file.create_dataset("traindata", data=variables["traindata"].T, chunks=(2, chunks[2]))
    import_deepsea(*paths, tmp_path / "dataset.h5")
    check(tmp_path / "dataset.h5", rows)


def element(order, kind, raw):
    """Write a data element of MATLAB's level 5 format: small, or padded to 8 bytes."""
    if len(raw) <= 4:
        return struct.pack(order + "I", len(raw) << 16 | kind) + raw.ljust(4, b"\0")
    return struct.pack(order + "II", kind, len(raw)) + raw + b"\0" * (-len(raw) % 8)


def array_element(order, name, values, array_class=9, kind=2, flags=0):
    """Write an array: its class (9: uint8, 6: double) and the type of its data (2: uint8, 9: double) may differ."""
    body = (
        element(order, 6, struct.pack(order + "II", flags | array_class, 0))
        + element(order, 5, struct.pack(f"{order}{values.ndim}i", *values.shape))
        + element(order, 1, name.encode())
        + element(order, kind, values.astype(order + {2: "u1", 9: "f8"}[kind]).tobytes("F"))
    )
    return element(order, 14, body)


def write_mat5(path, order, elements):
    version = struct.pack(order + "H", 0x0100) + (b"IM" if order == "<" else b"MI")
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + version + b"".join(elements))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compressed", [False, True])
def test_both_byte_orders_other_variables_and_numbers_that_are_doubles(tmp_path, order, compressed):
    rows, paths = small_bundle(tmp_path)
    x, y = matlab_arrays(*rows["train"])
    elements = [
        array_element(order, "other", np.ones((1, 3), dtype=np.uint8)),
        array_element(order, "traindata", y, 6),
        array_element(order, "trainxdata", x, 6, 9),
    ]
    if compressed:
        elements = [
            struct.pack(order + "II", 15, len(raw)) + raw for raw in map(zlib.compress, elements)
        ]
    write_mat5(paths[0], order, elements)
    import_deepsea(*paths, tmp_path / "dataset.h5")
    check(tmp_path / "dataset.h5", rows)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_that_of_packed_rows(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(deepsea, "_SLAB", 1 << 20)
    monkeypatch.setattr(deepsea, "_TILE", 1 << 20)
    codes = np.random.default_rng(0).integers(
        0, 4, size=(10_000, 200), dtype=np.uint8
    )  # in the order A, G, C, T
    both = np.concatenate([codes, 3 - codes[:, ::-1]])
    x = np.stack([both == code for code in range(4)], axis=1).astype(np.uint8)
    y = np.zeros((20_000, 10), dtype=np.uint8)
    _, paths = small_bundle(tmp_path, window=200, n_targets=10)
    write_mat(paths[0], kind, {"trainxdata": x, "traindata": y})
    tracemalloc.start()
    import_deepsea(*paths, tmp_path / "dataset.h5")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 2
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert (dataset.base_indices("train") == np.array([0, 2, 1, 3])[codes]).all()


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
    whole = paths[2].read_bytes()
    for length in [*range(1, len(whole), 1 + len(whole) // 40), len(whole) - 1]:
        paths[2].write_bytes(whole[:length])
        refused(
            tmp_path,
            paths,
            "test.mat: (is cut off or damaged|is no MATLAB file|lacks the variable)",
        )


@pytest.mark.parametrize("kind", KINDS[2:])
def test_damaged_bytes_are_told_or_harmless(tmp_path, kind):
    rows, paths = small_bundle(tmp_path, ("v5", "v5", kind))
    whole = paths[2].read_bytes()
    for place in range(124, min(len(whole), 420), 2):
        paths[2].write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            import_deepsea(*paths, tmp_path / "dataset.h5")
        except DanqError as error:
            assert "\n" not in str(error) and str(paths[2]) in str(error)
        else:
            check(tmp_path / "dataset.h5", rows)


def test_parts_that_hdf5_would_silently_read_as_zeros_are_refused(tmp_path):
    rows, paths = small_bundle(tmp_path, ("v7.3", "v5", "v5"))
    x, y = matlab_arrays(*rows["train"])
    with h5py.File(paths[0], "w") as file:
        file["trainxdata"] = x.T
        file.create_dataset("traindata", shape=y.T.shape, dtype="u1", chunks=(1, 6))[:4] = y.T[:4]
    refused(tmp_path, paths, r"train.mat: its traindata has 4 of 5 parts; .*: download it again")


def test_files_of_another_kind_are_refused(tmp_path):
    _, paths = small_bundle(tmp_path)
    paths[0].write_bytes(b"")
    refused(tmp_path, paths, "train.mat: is no MATLAB file of version 5 or 7.3; give the .mat")
    paths[0].write_text("<html>not found</html>" * 20)
    refused(tmp_path, paths, "train.mat: is no MATLAB file")
    paths[0].unlink()
    refused(tmp_path, paths, "train.mat: cannot be read .No such file")
    refused(tmp_path, [tmp_path, *paths[1:]], "cannot be read .Is a directory")


def test_arrays_of_another_kind_are_refused(tmp_path):
    _, paths = small_bundle(tmp_path)
    for flags, array_class in ((0x0800, 9), (0, 5), (0, 4)):  # complex, sparse, text
        write_mat5(
            paths[0],
            "<",
            [
                array_element("<", name, np.ones((2, 2)), array_class, flags=flags)
                for name in ("trainxdata", "traindata")
            ],
        )
        refused(tmp_path, paths, "its trainxdata is not a full array of real numbers")
    with h5py.File(paths[0], "w") as file:
        file.create_group("trainxdata")
        file["traindata"] = np.zeros((5, 6), dtype=np.uint8)
    refused(tmp_path, paths, "its trainxdata is not a full array of real numbers")


def test_a_given_file_is_never_overwritten(tmp_path):
    _, paths = small_bundle(tmp_path)
    with pytest.raises(DanqError, match=r"test.mat: is also to be the output"):
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


# --- predictions ---


def write_pred(path, values):
    with h5py.File(path, "w") as file:
        file["pred"] = values
    return path


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", [4, 4096])
def test_strands_are_averaged_on_probabilities(tmp_path, monkeypatch, dtype, block):
    monkeypatch.setattr(deepsea, "_BLOCK", block)
    values = np.random.default_rng(0).random((18, 7)).astype(dtype)
    path = write_pred(tmp_path / "pred.h5", values)
    found = read_deepsea_predictions(path, 9)
    assert found.dtype == np.float32
    expected = (values[:9].astype(float) + values[9:]) / 2
    assert np.array_equal(found, expected.astype(np.float32))
    assert np.array_equal(read_deepsea_predictions(path, 18), values.astype(np.float32))


def test_predictions_that_do_not_fit_are_refused(tmp_path):
    values = np.random.default_rng(0).random((18, 7))
    path = write_pred(tmp_path / "pred.h5", values)
    with pytest.raises(
        DanqError, match=r"pred.h5: has 18 rows, not 6 windows or 12 with both strands"
    ):
        read_deepsea_predictions(path, 6)
    for value in (np.nan, np.inf, -0.1, 1.5):
        values[10, 3] = value
        with pytest.raises(DanqError, match=rf"row 10 \(from 0\) holds {value}, not a probability"):
            read_deepsea_predictions(write_pred(path, values), 9)
    for other in (np.zeros(18), np.zeros((18, 7), dtype=int)):
        with pytest.raises(DanqError, match="has no dataset pred of windows x targets"):
            read_deepsea_predictions(write_pred(path, other), 9)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DanqError, match="is cut off or damaged"):
        read_deepsea_predictions(path, 9)
    with pytest.raises(
        DanqError, match=r"none.h5: cannot be read \(No such file or directory\); check"
    ):
        read_deepsea_predictions(tmp_path / "none.h5", 9)


def test_predictions_are_imported_for_the_windows_of_a_dataset(tmp_path):
    rows, paths = small_bundle(tmp_path)
    import_deepsea(*paths, tmp_path / "dataset.h5")
    n = len(rows["test"][0])
    values = np.random.default_rng(0).random((2 * n, 5))
    pred = write_pred(tmp_path / "pred.h5", values)
    import_predictions(pred, tmp_path / "dataset.h5", tmp_path / "predictions.h5", model="DeepSEA")
    model, seed, windows, scores = read_predictions(tmp_path / "predictions.h5")
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert (model, seed, windows) == ("DeepSEA", "NA", dataset.split_checksum("test"))
    assert np.array_equal(scores, ((values[:n] + values[n:]) / 2).astype(np.float32))
    with pytest.raises(DanqError, match=r"pred.h5: has 10 rows, not 3 windows"):
        import_predictions(
            pred, tmp_path / "dataset.h5", tmp_path / "no.h5", model="DeepSEA", split="train"
        )
    write_pred(pred, values[:, :4])
    with pytest.raises(DanqError, match=r"pred.h5: has 4 targets, .*dataset.h5 has 5"):
        import_predictions(pred, tmp_path / "dataset.h5", tmp_path / "no.h5", model="DeepSEA")
    for model in ("", " ", "a\tb"):
        with pytest.raises(DanqError, match="model: "):
            import_predictions(pred, tmp_path / "dataset.h5", tmp_path / "no.h5", model=model)
    assert not (tmp_path / "no.h5").exists()


def test_exported_predictions_are_the_same_for_us_and_for_scripts_that_average(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(deepsea, "_BLOCK", 4)
    scores = np.random.default_rng(0).random((9, 7), dtype=np.float32)
    write_predictions(tmp_path / "predictions.h5", scores, "danq", "0", "test", "checksum")
    export_predictions(tmp_path / "predictions.h5", tmp_path / "pred.h5")
    with h5py.File(tmp_path / "pred.h5") as file:
        pred = file["pred"][:]
    assert pred.dtype == np.float64 and pred.shape == (18, 7)
    assert np.array_equal((pred[:9] + pred[9:]) / 2, scores.astype(float))
    assert np.array_equal(read_deepsea_predictions(tmp_path / "pred.h5", 9), scores)


def test_scores_that_are_no_probabilities_are_not_exported(tmp_path):
    for value in (np.nan, 7):
        write_predictions(
            tmp_path / "scan.h5", np.full((2, 2), value), "scan", "NA", "test", "checksum"
        )
        with pytest.raises(DanqError, match=r"scan.h5: row 0 .*not a probability"):
            export_predictions(tmp_path / "scan.h5", tmp_path / "pred.h5")
    assert not (tmp_path / "pred.h5").exists()
