from danq.genome.yaml_keys import find_key, refuse_double_keys
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
