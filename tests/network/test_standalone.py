"""The text of a model file: short, without danq, and its weights by name and order."""

import ast

import pytest
import torch

from danq.errors import DanqError
from danq.network.standalone import refuse_unsupported, standalone_text, standalone_weights
from tests.network.test_start import WINDOW, network_of


def executed(network):
    """Return the model of the text, with the network's weights."""
    content = {}
    exec(standalone_text(network, "a title", WINDOW), content)
    model = content["Model"]()
    model.load_state_dict(standalone_weights(network))
    return model.eval(), content


@pytest.mark.parametrize("name", ["deepsea", "beluga", "basset", "danq_jaspar_conv", "danq_jaspar"])
def test_the_text_computes_what_the_network_computes(name):
    network = network_of(model=name).eval()
    model, content = executed(network)
    X = content["one_hot"](["ACGTNacgtn" * (WINDOW // 10)])
    with torch.no_grad():
        torch.testing.assert_close(model(X), network(X), rtol=1e-5, atol=1e-6)


def test_unknown_bases_are_nothing_and_bases_are_in_order():
    _, content = executed(network_of())
    X = content["one_hot"](["ACGTN"])
    assert torch.equal(X[0, :, :4], torch.eye(4)) and not X[0, :, 4].any()


def test_the_text_imports_torch_alone():
    tree = ast.parse(standalone_text(network_of(), "a title", WINDOW))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node).split()[1].split(".")[0] for node in imports} == {"torch"}


@pytest.mark.parametrize("model", ["mlp", "blstm", "danq_residual", "danq_mingru"])
def test_other_networks_are_refused(model):
    with pytest.raises(DanqError, match=f"{model} has layers that only danq has"):
        refuse_unsupported(network_of(model=model), model)
