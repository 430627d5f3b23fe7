import time

import pytest
import torch

from danq.training.clock import Clock

CPU = torch.device("cpu")


def ticking(monkeypatch, *moments):
    """Let the host's clock show these moments, one after the other."""
    times = iter(moments)
    monkeypatch.setattr(time, "perf_counter", lambda: next(times))


def test_the_time_of_a_part_is_added_up(monkeypatch):
    clock = Clock(CPU)
    ticking(monkeypatch, 1.0, 2.0, 5.0, 5.5, 6.0, 9.0)
    for name in ("load", "forward", "load"):
        with clock(name):
            pass
    assert clock.seconds() == {"load": 4.0, "forward": 0.5}
    assert clock.seconds() == {}


def test_a_share_is_of_a_period_and_starts_again(monkeypatch):
    clock = Clock(CPU)
    ticking(monkeypatch, 0.0, 1.0)
    with clock("load"):
        pass
    assert clock.share("load", 4.0) == pytest.approx(0.25)
    assert clock.share("load", 4.0) == 0.0
    assert clock.share("load", 0.0) == 0.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
def test_work_that_a_gpu_only_queues_is_timed_on_it():
    clock = Clock(torch.device("cuda"))
    X = torch.ones(4096, 4096, device="cuda")
    torch.cuda.synchronize()
    with clock("product"):
        for _ in range(20):
            X @ X
    assert clock.seconds()["product"] > 1e-4
