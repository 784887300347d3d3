"""Golden outputs of other implementations (tests/reference), JPPNet filled by their rule, and finished runs."""

import json
from pathlib import Path

import pytest
import torch

from tests.helpers.drawings import draw_people, trainer, write_slim_recipe, write_tiny_recipe
from tests.helpers.jppnet_rule import value_by_rule
from training.labels.lip import LIP
from training.networks.jppnet.network import JPPNet
from training.networks.jppnet.tensorflow_weights import to_weights

REFERENCE = Path(__file__).parents[1] / "reference"
"""Golden outputs of other implementations, as numbers; their READMEs say how they were made."""

MATERIAL = Path(__file__).parents[2] / ".." / "shared"
"""A folder of photos with licences of their own, which no clone has; tests that need it are skipped without it."""


@pytest.fixture(scope="session")
def jppnet_reference():
    """Folder of JPPNet's golden outputs."""
    return REFERENCE / "jppnet"


@pytest.fixture(scope="session")
def protocol_photos():
    """Folder of three LIP photos with the label maps and joints that JPPNet's own evaluation gives."""
    return _material("reference/jppnet/protocol")


@pytest.fixture(scope="session")
def ccp_photos():
    """Folder of Clothing Co-Parsing's photos."""
    return _material("data/ccp/photos")


def _material(place):
    if not (MATERIAL / place).exists():
        pytest.skip(f"{place} is not beside this checkout")
    return MATERIAL / place


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
    recipe = write_slim_recipe(tmp_path_factory.mktemp("recipe") / "slim.toml", epochs=4)
    trainer(recipe, folder, out).run()
    return out
