import json
import sys

import pandas as pd
import pytest
import torch
import yaml

from danq import cli, config
from danq.data.dataset import open_dataset
from danq.errors import DanqError, StoppedError
from danq.files import locked
from danq.network.cost import count_multiply_adds
from danq.network.models import build
from danq.records import Made, record_table
from danq.training import study
from danq.training import tune as module
from danq.training.tune import tune
from tests.training.helpers import KNOBS

optuna = pytest.importorskip("optuna")

GIVEN = config.Train(**KNOBS | {"epochs": 2, "batch_size": 128})
SEARCHED = ["lr", "dropout", "weight_decay", "scale"]
SCALES = [0.01, 0.02, 0.04]
real_train = module.train


def search(dataset, folder, trials=3, seed=3, model="danq_conv", beside_others=False, **changes):
    """Run a search; return its table."""
    tune(
        dataset,
        folder / "search",
        folder / "trials.tsv",
        folder / "best.yaml",
        folder / "tuning.json",
        model=model,
        seed=seed,
        settings=config.Tune(trials=trials, **(GIVEN.model_dump() | changes)),
        motifs="none",
        threads=1,
        beside_others=beside_others,
    )
    return pd.read_csv(folder / "trials.tsv", sep="\t")


def weight_files(folder):
    """Return the names of all files of weights."""
    return [
        f"{path.parent.name}/{path.name}"
        for path in folder.glob("search/*/model.ckpt*")
        if path.is_file()
    ]


def fake_train(dataset, checkpoint, history, facts, *, settings, after_epoch, **options):
    """Stand for a training: better with a higher lr, in every epoch."""
    rows = []
    for epoch in range(1, settings.epochs + 1):
        rows.append(
            {"epoch": epoch, "valid_auprc": settings.lr * epoch, "seconds": 1.0, "best": "yes"}
        )
        after_epoch(rows)
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    record_table(history, pd.DataFrame(rows), Made("train"))
    checkpoint.touch()
    facts.touch()


@pytest.fixture
def fake(monkeypatch):
    """Replace training by something quick; return the list of what each one was given."""
    calls = []

    def train(*arguments, **options):
        calls.append(options)
        fake_train(*arguments, **options)

    monkeypatch.setattr(module, "train", train)
    return calls


def test_a_search_reports_what_it_tried_and_what_was_best(toy_dataset, tmp_path, capsys):
    table = search(toy_dataset, tmp_path)
    assert table["trial"].tolist() == [1, 2, 3] and set(table["state"]) == {"complete"}
    assert table.loc[0, SEARCHED].to_dict() == {name: getattr(GIVEN, name) for name in SEARCHED}
    best = table.loc[table["value"].idxmax()]
    assert table["best"].tolist() == [
        "yes" if number == best["trial"] else "no" for number in (1, 2, 3)
    ]
    for row in table.itertuples():
        history = pd.read_csv(tmp_path / "search" / row.folder / "history.tsv", sep="\t")
        assert (len(history), history["valid_auprc"].max()) == (row.epochs, row.value)
    assert weight_files(tmp_path) == [f"{best['folder']}/model.ckpt"]
    messages = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tune: ")]
    assert messages[0] == (
        "tune: searching lr 0.00075 to 0.012 (by its logarithm), dropout 0 to 1.5, weight_decay "
        "0.0001 to 0.3 (by its logarithm); trial 1 is the given configuration"
    )
    assert [line.split(":")[1] for line in messages[2:]] == [
        " trial 1 of 3",
        " trial 2 of 3",
        " trial 3 of 3",
        " best",
    ]

    text = (tmp_path / "best.yaml").read_text()
    tuned = yaml.safe_load(text)
    assert tuned == {"train": {name: best[name] for name in SEARCHED}}
    assert text.startswith(
        "# danq_conv: the best of 3 trials of danq tune\n# validation AUPRC: "
        f"{best['value']:.4f}; of the given configuration: {table.loc[0, 'value']:.4f}\n"
    )
    facts = json.loads((tmp_path / "tuning.json").read_text())
    assert (facts["model"], facts["seed"], facts["trials"]) == ("danq_conv", 3, 3)
    assert (facts["complete"], facts["pruned"], facts["failed"]) == (3, 0, 0)
    assert facts["best"] == tuned["train"] and facts["value"] == best["value"]
    assert facts["given_value"] == table.loc[0, "value"] and facts["scales"] == []
    assert set(facts["space"]) == {"lr", "dropout", "weight_decay"}
    shown = json.loads((tmp_path / "search" / best["folder"] / "train.json").read_text())
    options = shown["options"]
    assert facts["windows"] == options["epochs"] * options["epoch_size"]
    assert facts["multiply_adds"] == facts["windows"] * shown["multiply_adds"]


def test_all_that_is_tried_lies_in_the_space_and_follows_from_the_seed(toy_dataset, tmp_path, fake):
    first, again, other = (
        search(toy_dataset, tmp_path / name, trials=12, seed=seed, scales=SCALES)[SEARCHED]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert (
        first.equals(again)
        and first.iloc[0].equals(other.iloc[0])
        and not first.iloc[1:].equals(other.iloc[1:])
    )
    for table in (first, other):
        assert table["lr"].between(0.00075, 0.012).all() and table["dropout"].between(0, 1.5).all()
        assert set(table["scale"]) == set(SCALES) and table["weight_decay"].between(1e-4, 0.3).all()
        assert len(table.drop_duplicates()) == 12 and table["weight_decay"].nunique() == 12
    fixed = []
    for options in fake:
        values = options | options["settings"].model_dump()
        for name in (*SEARCHED, "after_epoch", "settings", "epochs", "epoch_size"):
            del values[name]
        fixed.append(values)
    assert fixed[0] == {
        name: value
        for name, value in GIVEN.model_dump().items()
        if name not in (*SEARCHED, "epochs", "epoch_size")
    } | {"model": "danq_conv", "seed": 1, "threads": 1, "motifs": "none"}
    assert all(options == fixed[0] for options in fixed[:24])


def test_the_first_points_are_the_same_for_every_model(toy_dataset, tmp_path, fake, monkeypatch):
    tables = []
    for model, better in (("danq", 1.0), ("deepsea", -1.0)):
        monkeypatch.setattr(module, "train", preferring(better))
        folder = tmp_path / model
        tables.append(search(toy_dataset, folder, trials=study.START_UP + 2, model=model)[SEARCHED])
    first, other = tables
    assert first.iloc[: study.START_UP].equals(other.iloc[: study.START_UP])
    assert not first.iloc[study.START_UP :].equals(other.iloc[study.START_UP :])


def preferring(sign):
    """Return a training that is better with a higher lr, or with a lower one."""

    def train(*arguments, settings, **options):
        lr = 1 + sign * settings.lr
        fake_train(*arguments, settings=settings.model_copy(update={"lr": lr}), **options)

    return train


def test_every_model_s_trial_costs_the_same(toy_dataset, tmp_path, fake):
    costs = {}
    for model in ("danq", "deepsea"):
        folder = tmp_path / model
        search(toy_dataset, folder, trials=1, model=model, windows=900, scale=0.1)
        facts = json.loads((folder / "tuning.json").read_text())
        shown = fake[-1]["settings"]
        assert facts["windows"] == shown.epochs * shown.epoch_size
        costs[model] = facts["multiply_adds"]
        if model == "danq":
            assert facts["windows"] == pytest.approx(900, rel=0.01)
    assert costs == pytest.approx(dict.fromkeys(costs, costs["danq"]), rel=0.01)


def test_a_trial_at_another_scale_shows_what_the_same_multiply_adds_pay_for(
    toy_dataset, tmp_path, fake, capsys
):
    search(toy_dataset, tmp_path, trials=8, windows=900, scale=0.05, scales=[0.02, 0.1])
    facts = json.loads((tmp_path / "tuning.json").read_text())
    with open_dataset(toy_dataset) as data:
        window = data.window
        n_targets = len(data.names)
    shown = {}
    for options in fake:
        knobs = options["settings"]
        shown[knobs.scale] = knobs.epochs * knobs.epoch_size
        cost = count_multiply_adds(build("danq_conv", window, n_targets, knobs.scale), window)
        assert shown[knobs.scale] * cost == pytest.approx(facts["multiply_adds"], rel=0.05)
    assert set(shown) == {0.02, 0.05, 0.1} and shown[0.05] == facts["windows"]
    assert len({options["settings"].epochs for options in fake}) == 1
    assert (
        f"({shown[0.02]:,} at scale 0.02, {shown[0.1]:,} at scale 0.1)" in capsys.readouterr().err
    )


def test_without_a_learning_rate_that_of_the_recipe_is_the_middle(toy_dataset, tmp_path, fake):
    danq = search(toy_dataset, tmp_path, trials=1, lr=None, recipe="published")
    assert danq.loc[0, "lr"] == 0.001
    deepsea = search(
        toy_dataset, tmp_path / "other", trials=1, lr=None, recipe="published", model="deepsea"
    )
    assert deepsea.loc[0, "lr"] == 1.0


def test_what_lags_behind_is_cut_short(toy_dataset, tmp_path, fake):
    table = search(toy_dataset, tmp_path, trials=10, epochs=4)
    cut = table[table["state"] == "pruned"]
    assert (
        len(cut)
        and (cut["trial"] > study.PRUNE_AFTER).all()
        and (cut["epochs"] == study.PRUNE_FROM).all()
    )
    for row in cut.itertuples():
        history = pd.read_csv(tmp_path / "search" / row.folder / "history.tsv", sep="\t")
        assert len(history) == study.PRUNE_FROM and history["valid_auprc"].max() == row.value
    assert table.loc[table["best"] == "yes", "lr"].item() == table["lr"].max() > GIVEN.lr
    assert yaml.safe_load((tmp_path / "best.yaml").read_text())["train"]["lr"] == table["lr"].max()


class Killed(BaseException):
    """Stands for kill -9: nothing of ours may catch it."""


def dying(after, epoch, before_it_is_noted=False):
    """Return a training that ends the process in the `after`th call, when an epoch is over."""
    calls = []

    def train(*arguments, after_epoch, **options):
        calls.append(1)

        def note(rows):
            ends = len(calls) == after and len(rows) == epoch
            if not (ends and before_it_is_noted):
                after_epoch(rows)
            if ends:
                raise Killed

        real_train(*arguments, after_epoch=note, **options)

    return train


@pytest.mark.parametrize("moment", [(1, 1), (2, 1), (2, 2), (3, 1, True)])
def test_a_killed_search_goes_on_to_the_same_end(
    moment, uninterrupted, toy_dataset, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(module, "train", dying(*moment))
        search(toy_dataset, tmp_path)
    assert not (tmp_path / "trials.tsv").exists()
    assert sum(name.endswith("model.ckpt.resume") for name in weight_files(tmp_path)) == 1
    capsys.readouterr()
    table = search(toy_dataset, tmp_path)
    assert capsys.readouterr().err.count("resuming at step") == 1
    assert table.drop(columns="seconds").equals(uninterrupted.drop(columns="seconds"))
    assert weight_files(tmp_path) == [
        f"{name}/model.ckpt" for name in table.loc[table["best"] == "yes", "folder"]
    ]
    assert len(list(tmp_path.glob("search/*/"))) == 3
    storage = optuna.storages.journal.JournalFileBackend(str(tmp_path / "search" / "study.log"))
    search_study = optuna.load_study(
        study_name=None, storage=optuna.storages.JournalStorage(storage)
    )
    assert [trial.state.name for trial in search_study.trials].count("FAIL") == 1


@pytest.mark.parametrize("prune_from", [1, 3])
def test_a_trial_that_was_killed_where_it_is_cut_is_cut_there(
    prune_from, toy_dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr(study, "PRUNE_AFTER", 1)
    monkeypatch.setattr(study, "PRUNE_FROM", prune_from)
    whole = search(toy_dataset, tmp_path / "whole", trials=4, epochs=3)
    cut = whole[whole["state"] == "pruned"].iloc[0]
    with monkeypatch.context() as patched, pytest.raises(Killed):
        killed = dying(cut["trial"], cut["epochs"], before_it_is_noted=True)
        patched.setattr(module, "train", killed)
        search(toy_dataset, tmp_path / "killed", trials=4, epochs=3)
    table = search(toy_dataset, tmp_path / "killed", trials=4, epochs=3)
    assert table.drop(columns="seconds").equals(whole.drop(columns="seconds"))
    for row in table.itertuples():
        history = pd.read_csv(tmp_path / "killed" / "search" / row.folder / "history.tsv", sep="\t")
        assert (len(history), history["valid_auprc"].max()) == (row.epochs, row.value)


@pytest.fixture(scope="module")
def uninterrupted(toy_dataset, tmp_path_factory):
    """Return the table of a search that nothing disturbed."""
    return search(toy_dataset, tmp_path_factory.mktemp("whole"))


def test_a_training_that_had_ended_is_not_repeated(toy_dataset, tmp_path, monkeypatch, fake):
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(optuna.study.Study, "tell", lambda *_: (_ for _ in ()).throw(Killed()))
        search(toy_dataset, tmp_path)
    assert len(fake) == 1 and len(search(toy_dataset, tmp_path)) == 3 and len(fake) == 3


def test_a_signal_stops_a_search_and_the_command_line_goes_on(
    toy_dataset, tmp_path, monkeypatch, capsys
):
    def stopped(*arguments, **options):
        raise StoppedError("stopped by a signal; the same command goes on from here")

    words = [
        "tune",
        "--dataset",
        toy_dataset,
        "--model",
        "mlp",
        "--folder",
        tmp_path / "search",
        "--table",
        tmp_path / "trials.tsv",
        "--output",
        tmp_path / "best.yaml",
        "--facts",
        tmp_path / "tuning.json",
        "--trials",
        2,
        "--scale",
        0.02,
        "--epochs",
        1,
        "--threads",
        1,
    ]
    with monkeypatch.context() as patched:
        patched.setattr(module, "train", stopped)
        assert cli.main([*map(str, words)]) == 75
    assert cli.main([*map(str, words)]) == 0
    assert len(pd.read_csv(tmp_path / "trials.tsv", sep="\t")) == 2
    for option, value in (
        ("--dropout", 1.6),
        ("--scales", 5),
        ("--windows", 0),
        ("--devices", 2),
        ("--trials", 0),
    ):
        assert cli.main([*map(str, words), option, str(value)]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("danq: ") and (
            option in message or "leave devices and nodes at 1" in message
        )


def test_a_search_that_is_done_only_writes_its_tables(toy_dataset, tmp_path, fake):
    table, text = search(toy_dataset, tmp_path), (tmp_path / "best.yaml").read_text()
    for name in ("trials.tsv", "best.yaml"):
        (tmp_path / name).unlink()
    assert (
        search(toy_dataset, tmp_path).equals(table) and (tmp_path / "best.yaml").read_text() == text
    )
    assert search(toy_dataset, tmp_path, trials=2).equals(table) and len(fake) == 3
    assert (
        search(toy_dataset, tmp_path, trials=5).iloc[:3][SEARCHED].equals(table[SEARCHED])
        and len(fake) == 5
    )


def test_another_search_is_refused(toy, run_extract, toy_dataset, tmp_path, fake):
    search(toy_dataset, tmp_path)
    other = run_extract(toy, tmp_path / "other", where={"name": "Factor A"}) / "dataset.h5"
    log = f"{tmp_path}/search/study.log: holds a search with another"
    both = {"model": "mlp", "seed": 4}
    for dataset, changes, differences in (
        (toy_dataset, {"lr": 0.004}, "lr (0.003, now 0.004)"),
        (toy_dataset, {"patience": 4}, "patience (9, now 4)"),
        (toy_dataset, both, 'model ("danq_conv", now "mlp"), seed (3, now 4)'),
        (other, {}, "dataset ("),
    ):
        with pytest.raises(DanqError) as caught:
            search(dataset, tmp_path, **changes)
        assert (
            str(caught.value).startswith(f"{log} {differences}")
            and len(str(caught.value).splitlines()) == 1
        )
        assert str(caught.value).endswith("; give the former, or name another --folder")
    assert len(fake) == 3


def test_two_processes_do_not_search_in_one_folder(toy_dataset, tmp_path, fake):
    folder = tmp_path / "search"
    with locked(folder / ".lock", ""):
        with pytest.raises(DanqError, match="search: another danq tune works in this folder; wait"):
            search(toy_dataset, tmp_path)
        assert [path.name for path in folder.iterdir()] == [".lock"]
    search(toy_dataset, tmp_path)
    assert (tmp_path / "trials.tsv").exists() and not (folder / ".lock").exists()


def test_a_search_does_not_write_its_tables_over_its_study(toy_dataset, tmp_path, fake):
    search(toy_dataset, tmp_path)
    study = tmp_path / "search" / "study.log"
    before = study.read_bytes()
    (tmp_path / "trials.tsv").unlink()
    (tmp_path / "trials.tsv").symlink_to(study)
    with pytest.raises(DanqError, match=r"trials\.tsv: is also an input, a file of this search"):
        search(toy_dataset, tmp_path)
    assert study.read_bytes().startswith(before)


def test_searches_lie_beside_each_other_where_that_is_wanted(toy_dataset, tmp_path, fake):
    first = search(toy_dataset, tmp_path, beside_others=True)
    search(toy_dataset, tmp_path, trials=2, beside_others=True, patience=4)
    assert len(fake) == 5 and len(list(tmp_path.glob("search/*/study.log"))) == 2
    assert search(toy_dataset, tmp_path, beside_others=True).equals(first) and len(fake) == 5


def test_the_first_rate_may_be_another_than_the_middle_one(toy_dataset, tmp_path, fake):
    table = search(toy_dataset, tmp_path, trials=4, lr=0.004, first_lr=0.0011)
    other = search(toy_dataset, tmp_path / "other", trials=4, lr=0.004)
    assert (table.loc[0, "lr"], other.loc[0, "lr"]) == (0.0011, 0.004)
    assert table.loc[1:, SEARCHED].equals(other.loc[1:, SEARCHED])
    with pytest.raises(
        DanqError, match=r"lr 0\.1 of trial 1 is not among .* tried, 0.001 to 0.016"
    ):
        search(toy_dataset, tmp_path / "third", trials=4, lr=0.004, first_lr=0.1)
    assert not (tmp_path / "third").exists()


def test_damage_is_reported_or_fixed(toy_dataset, tmp_path, fake):
    table, log = search(toy_dataset, tmp_path), tmp_path / "search" / "study.log"
    lines = log.read_text()
    log.write_text(lines + '{"op_code":4,"wor')
    assert search(toy_dataset, tmp_path).equals(table)
    assert log.read_text().startswith(lines) and all(map(json.loads, log.read_text().splitlines()))
    for content in ("not\nours\n", lines[:100] + "\n" + lines[101:], '{"a": 1}\n'):
        log.write_text(content)
        with pytest.raises(
            DanqError, match=r"study\.log: not a whole search of danq tune; remove it to start anew"
        ):
            search(toy_dataset, tmp_path)


def test_without_optuna_the_message_says_how_to_install_it(toy_dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(
        DanqError, match=r"^danq tune needs Optuna; install it with: pip install 'danq\[tune\]'$"
    ):
        search(toy_dataset, tmp_path)
    assert not (tmp_path / "search").exists()


def test_a_trial_that_explodes_fails_and_the_search_goes_on(
    toy_dataset, tmp_path, monkeypatch, capsys
):
    calls = []

    def train(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise torch.OutOfMemoryError
        if len(calls) == 2:
            options["settings"] = options["settings"].model_copy(update={"lr": 1e30})
        real_train(*arguments, **options)

    monkeypatch.setattr(module, "train", train)
    table = search(toy_dataset, tmp_path, trials=4)
    assert (
        table["state"].tolist() == ["complete", "failed", "failed", "complete"] and len(calls) == 4
    )
    assert (
        "no longer finite; lower train.lr" in table.loc[1, "reason"]
        and "out of memory" in table.loc[2, "reason"]
    )
    assert (
        table["value"].isna().tolist()
        == table["reason"].notna().tolist()
        == [False, True, True, False]
    )
    assert "failed after 0 epochs, danq_conv seed 3 epoch 1/2: " in capsys.readouterr().err
    assert search(toy_dataset, tmp_path, trials=4).equals(table) and len(calls) == 4


def test_where_every_trial_fails_there_is_no_best(toy_dataset, tmp_path):
    with pytest.raises(DanqError, match=r"trials\.tsv: no trial was completed"):
        search(toy_dataset, tmp_path, trials=2, lr=1e30)
    assert (
        len(pd.read_csv(tmp_path / "trials.tsv", sep="\t")) == 2
        and not (tmp_path / "best.yaml").exists()
    )


def test_any_other_mistake_ends_the_search_until_it_is_fixed(
    toy_dataset, tmp_path, monkeypatch, fake
):
    with (
        monkeypatch.context() as patched,
        pytest.raises(DanqError, match="there is no device cuda"),
    ):
        patched.setattr(
            module,
            "train",
            lambda *_, **__: (_ for _ in ()).throw(DanqError("there is no device cuda")),
        )
        search(toy_dataset, tmp_path)
    table = search(toy_dataset, tmp_path)
    assert table["state"].tolist() == ["complete"] * 3 and table.loc[0, "lr"] == GIVEN.lr


def test_motifs_that_do_not_fit_half_the_width_fail_a_trial(toy_dataset, tmp_path, monkeypatch):
    (tmp_path / "known.meme").write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\n"
        + "".join(
            f"MOTIF m{i}\nletter-probability matrix: alength= 4 w= 4 nsites= 20 E= 0\n"
            + " 0.7 0.1 0.1 0.1\n" * 4
            for i in range(5)
        )
    )
    monkeypatch.setattr(
        module,
        "train",
        lambda *arguments, **options: real_train(
            *arguments, **(options | {"motifs": str(tmp_path / "known.meme")})
        ),
    )
    table = search(
        toy_dataset, tmp_path, trials=6, epochs=1, initialise_from="known", scales=SCALES
    )
    assert (table["state"] == "failed").equals(table["scale"] == 0.01) and (
        table["scale"] == 0.01
    ).any()
    assert table["reason"].dropna().iloc[0].startswith("5 known motifs do not fit 3 filters")
