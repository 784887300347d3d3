"""The original network's golden outputs (../shared/reference/jppnet), the network filled as its README says, and a
finished run on drawings."""

import json
from pathlib import Path

import pytest
import torch

from tests.helpers.drawings import draw_people, trainer, write_slim_recipe, write_tiny_recipe
from tests.helpers.jppnet_rule import value_by_rule
from training.labels.lip import LIP
from training.networks.jppnet.network import JPPNet
from training.networks.jppnet.tensorflow_weights import to_weights

REFERENCE = Path(__file__).parents[2] / ".." / "shared" / "reference" / "jppnet"


@pytest.fixture(scope="session")
def jppnet_reference():
    """Folder of the golden outputs; a test that asks for it is skipped where the folder is not there."""
    if not REFERENCE.exists():
        pytest.skip("the original's golden outputs are not beside this checkout")
    return REFERENCE


@pytest.fixture(scope="session")
def variable_shapes(jppnet_reference):
    """The original checkpoint's variables: name → shape in TensorFlow's layout."""
    shapes = json.loads((jppnet_reference / "variables.json").read_text())
    return {name: tuple(shape) for name, shape in shapes.items()}


@pytest.fixture(scope="session")
def variables(variable_shapes):
    """All variables with the values that the golden outputs were made with."""
    return {name: value_by_rule(name, shape) for name, shape in variable_shapes.items()}


@pytest.fixture(scope="session")
def filled_network(variables):
    """JPPNet filled with those values through the importer."""
    network = network_without_values()
    network.load_state_dict(to_weights(variables, network), assign=True)
    return network.eval()


@pytest.fixture(scope="session")
def meta_network():
    """JPPNet without values: names and shapes only."""
    return network_without_values()


def network_without_values():
    with torch.device("meta"):
        return JPPNet(len(LIP.labels), len(LIP.joints))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The drawings, prepared."""
    return draw_people(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def recipe_file(tmp_path_factory):
    """The tiny recipe's file."""
    return write_tiny_recipe(tmp_path_factory.mktemp("recipe") / "tiny.toml", epochs=4)


@pytest.fixture(scope="session")
def finished(recipe_file, folder, tmp_path_factory):
    """The folder of a run that trained on the drawings to its end."""
    out = tmp_path_factory.mktemp("run")
    trainer(recipe_file, folder, out).run()
    return out


@pytest.fixture(scope="session")
def finished_jppnet(folder, tmp_path_factory):
    """The folder of a run that trained a slim JPPNet on the drawings to its end, from random weights."""
    out = tmp_path_factory.mktemp("jppnet-run")
    recipe = write_slim_recipe(tmp_path_factory.mktemp("recipe") / "slim.toml", epochs=6)
    trainer(recipe, folder, out).run()
    return out
