import json

from danq import cli


def test_a_final_model_takes_no_knobs_of_its_own(tmp_path, capsys):
    facts = tmp_path / "train.json"
    facts.write_text(json.dumps({}))
    inputs = ["--dataset", f"{tmp_path}/dataset.h5", "--model", "danq", "--as-folds", str(facts)]
    outputs = [f"--{name}={tmp_path}/{name}" for name in ("checkpoint", "history", "facts")]
    assert cli.main(["train", *inputs, *outputs, "--profile"]) == 2
    expected = "danq: --as-folds has the knobs of the folds; leave out --knobs, --profile"
    assert capsys.readouterr().err.splitlines()[-1] == expected
    assert [path.name for path in tmp_path.iterdir()] == ["train.json"]
