import pytest

from danq import cli
from tests.training.helpers import command_line


def test_a_profile_shows_where_a_step_goes_and_makes_no_file(toy_dataset, tmp_path, capsys):
    knobs = {"scale": 0.02, "batch_size": 16, "device": "cpu", "precision": "float32"}
    command = command_line(toy_dataset, tmp_path, "danq", knobs)
    assert cli.main([*command, "--profile"]) == 0
    printed = capsys.readouterr().out
    assert "danq on cpu in float32, 1 threads, batches of 16: " in printed
    shares = {
        line.split()[0]: float(line.split()[-1].rstrip("%")) for line in printed.splitlines()[1:6]
    }
    assert set(shares) == {"load", "forward", "backward", "update", "rest"}
    assert sum(shares.values()) == pytest.approx(100, abs=0.5)
    assert "aten::mkldnn_rnn_layer" in printed or "lstm" in printed
    assert list(tmp_path.iterdir()) == []
