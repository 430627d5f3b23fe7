import yaml

from danq import cli, config


def test_own_windows_become_a_dataset(tmp_path):
    (tmp_path / "own.fa").write_text(">a\nACGTACGT\n>b\nTTTTACGT\n>c\nGGGGACGT\n")
    (tmp_path / "own.tsv").write_text("name\tsplit\tbound\na\ttrain\t1\nb\tvalid\t0\nc\ttest\t1\n")
    inputs = ["--fasta", f"{tmp_path}/own.fa", "--windows", f"{tmp_path}/own.tsv"]
    assert cli.main(["encode", *inputs, "--output", f"{tmp_path}/dataset.h5"]) == 0
    assert (tmp_path / "dataset.h5").exists()


def test_a_configuration_is_completed_or_refused_with_its_line(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    output = tmp_path / "all.yaml"
    path.write_text("run: 012\nextract: {valid: [chr1], test: [chr2]}\n")
    assert cli.main(["settings", "--configfile", str(path), "--output", str(output)]) == 0
    assert config.load(yaml.safe_load(output.read_text())).run == "012"
    output.unlink()
    path.write_text("run: 012\nseeds: !!python/tuple [1]\n")
    assert cli.main(["settings", "--configfile", str(path), "--output", str(output)]) == 2
    expected = f"danq: {path}:2: holds the tag '!!python/tuple', which asks for a type that no knob"
    assert expected in capsys.readouterr().err and not output.exists()
    for both in ([], ["--json", "{}", "--configfile", str(path)]):
        assert cli.main(["settings", *both, "--output", str(output)]) == 2
        assert "danq: give either --json or --configfile" in capsys.readouterr().err
