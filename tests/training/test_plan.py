import pytest

from danq.catalog import MODELS
from danq.config import Config
from danq.errors import DanqError
from danq.motif.meme import jaspar, write_meme
from danq.network.models import build
from danq.training.plan import refuse_untrainable
from tests.network.test_start import checkpoint_of

N_MOTIFS = 20
SPLITS = {"valid": ["chr2"], "test": ["chr3"]}


def settings(window, model, **train):
    extract = {"bin_size": 2, "window": window, **SPLITS}
    return Config.model_validate(
        {"run": "x", "models": [model], "extract": extract, "train": train}
    )


def shortest(model, **options):
    """Return the shortest even window that a network of full width can be built for."""
    for window in range(8, 1000, 2):
        try:
            build(model, window, 1, scale=0.05, **options)
        except DanqError:
            continue
        return window
    raise AssertionError


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("train", [{}, {"filter_width": 24}])
def test_windows_that_are_too_short_for_a_model_are_refused(model, train):
    if train and not MODELS[model].has_filters:
        return
    window = shortest(model, **train)
    refuse_untrainable(settings(window, model, **train))
    if window == 8:  # the shortest that there can be
        return
    message = f"^models: {model}: a window of {window - 2} bp is too short for this model; use a"
    with pytest.raises(DanqError, match=message):
        refuse_untrainable(settings(window - 2, model, **train))


@pytest.fixture
def motifs(tmp_path):
    """Return a file of N_MOTIFS known motifs."""
    path = tmp_path / "known.meme"
    known = jaspar("JASPAR2024", "fungi")[:N_MOTIFS]
    write_meme(path, known)
    return str(path)


@pytest.mark.parametrize(("scale", "fits"), [(N_MOTIFS / 320, True), ((N_MOTIFS - 1) / 320, False)])
def test_more_known_motifs_than_filters_are_refused(motifs, scale, fits):
    """DanQ has 320 filters as published: https://doi.org/10.1093/nar/gkw226."""
    plan = settings(1000, "danq", scale=scale, initialise_from="known")
    plan = plan.model_copy(update={"motifs": motifs})
    if fits:
        refuse_untrainable(plan)
    else:
        message = f"models: danq: {N_MOTIFS} known motifs do not fit {N_MOTIFS - 1} filters; give"
        with pytest.raises(DanqError, match=message):
            refuse_untrainable(plan)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return a checkpoint of a small danq that reads 320 bp."""
    return str(checkpoint_of(tmp_path_factory.mktemp("start") / "m.ckpt")[0])


def test_a_checkpoint_to_begin_with_is_checked_before_there_are_data(checkpoint, tmp_path):
    refuse_untrainable(settings(320, "danq", start=checkpoint))
    own = {"danq": {"start": checkpoint}}
    refuse_untrainable(settings(320, "danq_conv", models=own))
    refuse_untrainable(settings(400, "danq_conv", start=checkpoint, start_up_to="stem"))
    for window, model, train, message in (
        (400, "danq", {}, "models: danq: .*: reads windows of 320 bp"),
        (320, "danq_conv", {}, "models: danq_conv: .*: holds danq, which danq_conv cannot"),
        (320, "deepsea", {"start_up_to": "stem"}, "models: deepsea: .*: its stem.conv.weight is"),
        (320, "danq", {"filter_width": 20}, "its stem.conv.weight is 6 x 4 x 26, and that of"),
        (320, "danq", {"start": str(tmp_path / "no.ckpt")}, "models: danq: .*no.ckpt"),
    ):
        with pytest.raises(DanqError, match=message):
            refuse_untrainable(settings(window, model, **({"start": checkpoint} | train)))
