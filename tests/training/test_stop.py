import os
import signal

import pytest

from danq.errors import StoppedError
from danq.training.stop import Stop


def test_a_second_signal_ends_the_process_at_once():
    before = signal.getsignal(signal.SIGTERM)
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked == "SIGTERM" and signal.getsignal(signal.SIGTERM) == before


def test_a_signal_is_noted_and_raised_where_it_is_asked_for(capfd):
    with Stop() as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGUSR1)
        with pytest.raises(StoppedError, match="the same command goes on from here"):
            stop.check()
    assert capfd.readouterr().err == "SIGUSR1: saving the state of the training\n"


def test_without_a_signal_the_handlers_are_put_back():
    before = [signal.getsignal(number) for number in Stop.SIGNALS]
    with Stop():
        assert [signal.getsignal(number) for number in Stop.SIGNALS] != before
    assert [signal.getsignal(number) for number in Stop.SIGNALS] == before
