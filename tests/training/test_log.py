import sys

from danq.training.log import log


def test_a_line_goes_to_standard_error(capsys):
    log("epoch 1/3")
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "epoch 1/3\n")


def test_a_log_that_nobody_reads_stops_no_training(monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    log("epoch 1/3")
