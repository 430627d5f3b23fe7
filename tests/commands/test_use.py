from danq import cli


def test_a_file_that_is_not_there_is_named_and_nothing_is_made(tmp_path, capsys):
    words = ["contrast", "--bins", f"{tmp_path}/none.h5", "--targets", "A", "B"]
    assert cli.main([*words, "--table", f"{tmp_path}/t.tsv"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"danq: {tmp_path}/none.h5: ")
    assert list(tmp_path.iterdir()) == []
