import pytest

from danq.config import Train
from danq.training.learner import SEEDS, claim, share_of, step_seed
from tests.conftest import refuse


@pytest.mark.parametrize(("n", "world"), [(16, 1), (15, 2), (7, 4), (1, 3)])
def test_processes_share_a_batch_without_gap_or_overlap(n, world):
    shares = [share_of(n, rank, world) for rank in range(world)]
    counted = [share for share in shares if share.weight > 0]
    windows = [window for share in counted for window in share.windows]
    assert windows == list(range(n))
    for share in counted:
        assert share.weight == len(share.windows) / n
    assert sum(share.weight for share in shares) == pytest.approx(1)


def test_a_process_without_a_window_takes_one_that_does_not_count():
    assert share_of(1, 0, 2) == (range(1), 0.0)
    assert share_of(1, 1, 2) == (range(1), 1.0)


def test_every_step_has_a_seed_of_its_own():
    steps = [(seed, epoch, step) for seed in (0, 1) for epoch in (0, 1, 2) for step in (0, 1, 99)]
    assert len({step_seed(*step) for step in steps}) == len(steps)
    assert step_seed(0, 1, 2) == SEEDS + 2
    assert 0 <= step_seed(2**31 - 1, 100_000, 10**6) < 2**63


def claimed(checkpoint, settings):
    with claim(checkpoint, settings):
        return [path.name for path in checkpoint.parent.iterdir()]


def test_the_leading_process_alone_claims_the_output(tmp_path, monkeypatch):
    checkpoint = tmp_path / "m.ckpt"
    settings = Train(devices=2, device="cpu")
    message = (
        f"{checkpoint}: another danq train works on this output; wait until it ends, or name "
        "another output"
    )
    with claim(checkpoint, settings):
        refuse(message, claimed, checkpoint, settings)
        monkeypatch.setenv("LOCAL_RANK", "1")
        assert claimed(checkpoint, settings) == ["m.ckpt.lock"]
    assert claimed(checkpoint, settings) == []
