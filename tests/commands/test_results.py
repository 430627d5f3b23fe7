import pytest

from danq import cli


def test_a_wrong_figure_names_the_nearest(tmp_path, capsys):
    words = ["plot", "--folder", str(tmp_path), "--figure", "scater", "--output", "s.svg"]
    with pytest.raises(SystemExit) as exit_:
        cli.main(words)
    assert exit_.value.code == 2
    assert "did you mean scatter?" in capsys.readouterr().err
