"""Importing the released weights: names by rule, complaints by name, and the way through TensorFlow itself."""

import sys

import numpy as np
import pytest
import torch

from tests.helpers.commands import run_command
from training.checkpoints.checkpoint import load_checkpoint
from training.labels.lip import LIP
from training.networks.jppnet import tensorflow_weights
from training.networks.jppnet.resnet import FrozenBatchNorm2d
from training.networks.jppnet.tensorflow_weights import (
    IncompleteCheckpointError,
    checkpoint_prefix,
    tensorflow_name,
    tensorflow_shape,
    to_weights,
)
from training.networks.presets import load_recipe


class TwoLayers(torch.nn.Module):
    """The smallest network with JPPNet's names: a convolution without and a batch norm with statistics."""

    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.ModuleDict({"conv1": torch.nn.ModuleDict()})
        self.trunk.conv1["conv"] = torch.nn.Conv2d(3, 2, (4, 5), bias=False)
        self.trunk.conv1["norm"] = FrozenBatchNorm2d(2)


@pytest.fixture
def small():
    return TwoLayers()


@pytest.fixture
def small_variables():
    """What fills it, in TensorFlow's layout."""
    kernel = np.arange(4 * 5 * 3 * 2, dtype=np.float32).reshape(4, 5, 3, 2)
    norm = {"gamma": 1.0, "beta": 2.0, "moving_mean": 3.0, "moving_variance": 4.0}
    return {
        "conv1/weights": kernel,
        **{f"bn_conv1/{leaf}": np.full(2, value, np.float32) for leaf, value in norm.items()},
    }


def test_names_and_shapes_are_exactly_the_original_checkpoints(meta_network, variable_shapes):
    ours = {tensorflow_name(name): tensorflow_shape(value.shape) for name, value in meta_network.state_dict().items()}
    assert ours == variable_shapes


@pytest.mark.parametrize(
    ("parameter", "variable"),
    [
        ("trunk.conv1.norm.running_var", "bn_conv1/moving_variance"),
        ("trunk.res4.b22.branch2c.conv.weight", "res4b22_branch2c/weights"),
        ("parsing.res5.a.branch1.norm.weight", "bn5a_branch1/gamma"),
        ("parsing.classifier.3.bias", "fc1_human_c3/biases"),
        ("parsing.branch2b.weight", "res5d_branch2b_parsing/weights"),
        ("pose.conv8.bias", "fc1_pose/pose_conv8/b"),
        ("refinements.0.parsing.own_remap.weight", "fc2_parsing/parsing_remap/w"),
        ("refinements.1.pose.other_remap.weight", "fc3_pose/parsing_remap/w"),
        ("refinements.1.parsing.head.0.weight", "fc3_parsing/parsing_human1/w"),
        ("refinements.0.pose.head.bias", "fc2_pose/conv6/b"),
    ],
)
def test_names_follow_the_original(parameter, variable):
    assert tensorflow_name(parameter) == variable


def test_a_parameter_that_jppnet_does_not_have_has_no_name():
    with pytest.raises(KeyError, match=r"decoder\.weight"):
        tensorflow_name("decoder.weight")


def test_values_land_transposed(small, small_variables):
    small.load_state_dict(to_weights(small_variables, small))
    kernel = small.trunk.conv1["conv"].weight
    assert kernel[1, 2, 3, 4] == small_variables["conv1/weights"][3, 4, 2, 1]
    norm = small.trunk.conv1["norm"]
    assert [norm.weight[0], norm.bias[0], norm.running_mean[0], norm.running_var[0]] == [1, 2, 3, 4]


def test_what_training_left_is_ignored(small, small_variables):
    leftovers = {"global_step": np.int64(7), "conv1/weights/Momentum": small_variables["conv1/weights"]}
    assert len(to_weights({**small_variables, **leftovers}, small)) == 5


def test_every_fault_is_named(small, small_variables):
    del small_variables["bn_conv1/beta"], small_variables["bn_conv1/gamma"]
    small_variables["conv1/weights"] = np.zeros((7, 7, 3, 64), np.float32)
    small_variables["fc9_pose/conv1/w"] = np.zeros(1, np.float32)
    with pytest.raises(IncompleteCheckpointError) as error:
        to_weights(small_variables, small)
    assert sorted(str(error.value).splitlines()) == [
        "left over: fc9_pose/conv1/w",
        "missing: bn_conv1/beta",
        "missing: bn_conv1/gamma",
        "wrong shape: conv1/weights is (7, 7, 3, 64), wanted (4, 5, 3, 2)",
    ]


def test_a_faulty_checkpoint_writes_nothing(tmp_path, monkeypatch, small_variables):
    out = tmp_path / "out.pt"
    monkeypatch.setattr(tensorflow_weights, "read_checkpoint", lambda path: small_variables)
    with pytest.raises(SystemExit, match=r"missing: fc3_pose/conv6/w[\s\S]*nothing was written"):
        run_command("training.import_tf", "model.ckpt", out)
    assert not out.exists()


def test_without_tensorflow_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ImportError, match=r"'\.\[import-tf\]'"):
        tensorflow_weights.read_checkpoint(tmp_path / "model.ckpt")


@pytest.mark.parametrize("name", ["model.ckpt-9", "model.ckpt-9.index", "model.ckpt-9.data-00000-of-00001", ""])
def test_a_checkpoint_is_named_by_prefix_file_or_folder(tmp_path, name):
    for ending in ("index", "data-00000-of-00001", "meta"):
        (tmp_path / f"model.ckpt-9.{ending}").touch()
    assert checkpoint_prefix(tmp_path / name) == str(tmp_path / "model.ckpt-9")


def test_a_folder_with_two_checkpoints_is_refused_by_their_names(tmp_path):
    for step in (5, 9):
        (tmp_path / f"model.ckpt-{step}.index").touch()
    with pytest.raises(FileNotFoundError, match=r"model\.ckpt-5, model\.ckpt-9"):
        checkpoint_prefix(tmp_path)


def test_a_missing_checkpoint_is_named(tmp_path):
    pytest.importorskip("tensorflow")
    with pytest.raises(FileNotFoundError, match=r"model\.ckpt-3: no TensorFlow checkpoint"):
        tensorflow_weights.read_checkpoint(tmp_path / "model.ckpt-3")


@pytest.mark.slow
def test_the_original_checkpoint_gives_the_original_heads(tmp_path, variables, jppnet_reference):
    """From a checkpoint that TensorFlow wrote, step counter and momentum included, to the six golden heads."""
    tf = pytest.importorskip("tensorflow")
    extra = {"global_step": np.int64(205632), "conv1/weights/Momentum": variables["conv1/weights"]}
    write_tensorflow_checkpoint(tf, {**variables, **extra}, tmp_path / "released" / "model.ckpt-205632")
    out = tmp_path / "out.pt"
    run_command("training.import_tf", tmp_path / "released", out)

    checkpoint = load_checkpoint(out)
    assert (checkpoint.recipe, checkpoint.label_set) == (load_recipe("jppnet-s2"), LIP)
    network = checkpoint.network
    golden = np.load(jppnet_reference / "stage_heads.npz")
    with torch.inference_mode():
        stages = network.stages(torch.from_numpy(golden["x"]).permute(0, 3, 1, 2))
    for number, stage in enumerate(stages, 1):
        for task in ("parsing", "pose"):
            ours, theirs = getattr(stage, task).permute(0, 2, 3, 1).numpy(), golden[f"{task}{number}"]
            assert np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) <= 1e-4


def write_tensorflow_checkpoint(tf, variables, prefix):
    """Save as the original did: TensorFlow 1's Saver, one bundle (V2)."""
    prefix.parent.mkdir()
    with tf.Graph().as_default():
        placed = [
            (tf.compat.v1.get_variable(name, shape=value.shape, dtype=value.dtype, use_resource=False), value)
            for name, value in variables.items()
        ]
        saver = tf.compat.v1.train.Saver()
        with tf.compat.v1.Session() as session:
            for variable, value in placed:
                variable.load(value, session)
            saver.save(session, str(prefix))
