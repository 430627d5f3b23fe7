from danq.genome.yaml_keys import find_key, load_files, refuse_double_keys
from tests.conftest import refuse


def test_a_key_is_found_where_it_was_given_last(tmp_path):
    (tmp_path / "a.yaml").write_text("run: x\ntrain:\n  lr: 1\n  epochs: 2\n")
    (tmp_path / "b.yaml").write_text("# more\ntrain:\n  lr: 3\n")
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    assert find_key(files, ("train", "lr")) == (str(files[1]), 3)
    assert find_key(files, ("train", "epochs")) == (str(files[0]), 4)
    assert find_key(files, ("run",)) == (str(files[0]), 1)
    assert find_key(files, ("nothing",)) == (str(files[1]), None)


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("run: x\ntrain: {lr: 1}\nextract:\n  window: 3\ntrain: {epochs: 2}\n")
    refuse(f"{path}:5: the key 'train' is given twice; remove one", refuse_double_keys, [path])
    path.write_text("run: x\ntrain: {lr: 1}\nextract: {train: 3}\n")
    refuse_double_keys([path])


EXTRACT = "extract: {valid: [1_0], test: [012]}\n"


def test_files_are_merged_and_read_as_typed(tmp_path):
    (tmp_path / "a.yaml").write_text(f"run: x\nmodels: [danq]\n{EXTRACT}pathvars: {{results: r}}\n")
    (tmp_path / "b.yaml").write_text("run: 2024_05\nextract: {window: 400}\n")
    settings = load_files([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert (settings.run, settings.models) == ("2024_05", ["danq"])
    extract = settings.extract
    assert (extract.valid, extract.test, extract.window) == (["1_0"], ["012"], 400)


def test_what_is_wrong_is_told_with_its_file_and_line(tmp_path):
    good = tmp_path / "a.yaml"
    good.write_text(f"run: x\n{EXTRACT}")
    bad = tmp_path / "b.yaml"
    bad.write_text("train:\n  epchs: 3\n")
    refuse(f"{bad}:2: unknown key 'train.epchs'; did you mean epochs?", load_files, [good, bad])
    bad.write_text("train: [\n")
    what = "is not YAML: expected the node content, but found '<stream end>'; correct it"
    refuse(f"{bad}:2: {what}", load_files, [good, bad])
    bad.write_text("run: a\nrun: b\n")
    refuse(f"{bad}:2: the key 'run' is given twice; remove one", load_files, [good, bad])
