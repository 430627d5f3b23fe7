"""Options that explain variants, and what they are refused without."""

from danq.cli import build_parser, main


def test_the_options_are_those_of_danq_variants():
    words = ["variants", "--checkpoint", "m", "--genome", "g", "--explained", "e.json"]
    options = vars(build_parser().parse_args(words))
    assert (options["explain"], options["figures"], options["matches"]) == (10, None, [])
    assert set(options["outputs"]) >= {"summary", "explained"}


def test_files_to_explain_with_want_something_to_explain(tmp_path, capsys):
    fixed = ["variants", "--checkpoint", "m.ckpt", "--genome", "g.fa", "--variant", "chr1:5:A:C"]
    assert main([*fixed, "--summary", str(tmp_path / "s.tsv"), "--matches", "m.tsv"]) == 2
    assert "give --explained or --figures, or leave it out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
