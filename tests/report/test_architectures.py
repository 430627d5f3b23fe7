"""The networks of a run as blocks, from what was recorded of them."""

from danq import read_run
from danq.report.architectures import architectures, blocks
from tests.report.toy_run import write_run

LAYERS = [
    {"name": "stem.conv", "kind": "convolution", "channels": 64, "positions": 475, "width": 26},
    {"name": "body.local", "kind": "convolution", "channels": 128, "positions": 36, "width": 3},
    {"name": "body.branch", "kind": "attention", "channels": 128, "positions": 36, "width": 0},
    {"name": "head.dense", "kind": "dense", "channels": 185, "positions": 1, "width": 0},
    {"name": "head.out", "kind": "dense", "channels": 7, "positions": 1, "width": 0},
]


def test_layers_of_a_body_are_one_block():
    assert [tuple(block) for block in blocks(LAYERS)] == [
        ("convolution, 26 wide", "64 × 475"),
        ("attention, 2 layers", "128 × 36"),
        ("fully connected", "185 × 1"),
        ("fully connected", "7 × 1"),
    ]
    recurrent = LAYERS[1] | {"name": "body", "kind": "recurrent"}
    assert blocks([recurrent])[0].kind == "LSTM"
    assert blocks([LAYERS[1], LAYERS[1]])[0].kind == "2 convolutions"
    assert blocks([]) == []


def test_networks_without_recorded_layers_show_their_receptive_field(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    for training in run.trained:
        training.facts.update(reach=129, layers=LAYERS if training.model == "danq" else None)
    figure = architectures(run)
    window = run.facts["window"]
    assert figure.svg.count(f"receptive field: 129 of {window:,} bp") == 3
    assert "64 × 475" in figure.svg and len(figure.table.rows) == len(LAYERS)
    for training in run.trained:
        training.facts.pop("reach")
    assert architectures(run) is None
