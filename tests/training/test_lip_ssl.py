"""LIP_SSL from a caffemodel: golden outputs of the public implementation, complaints by name, protocol, training."""

import numpy as np
import pytest
import torch

from tests.helpers.commands import run_command
from tests.helpers.drawings import trainer, write_recipe
from tests.helpers.parser_rules import (
    REFERENCE,
    caffe_net,
    lip_ssl_parameters,
    lip_ssl_value,
    parameters_of,
)
from training.checkpoints.checkpoint import load_checkpoint
from training.evaluation.evaluator import evaluate, table
from training.evaluation.jppnet_protocol import UnsuitableNetworkError
from training.evaluation.lip_ssl_protocol import predict_on_canvas
from training.evaluation.protocols import PROTOCOLS
from training.labels.label_set import IGNORE
from training.labels.lip import LIP
from training.losses.structure import region_members, structure_distance
from training.networks.lip_ssl.caffe_weights import to_weights
from training.networks.lip_ssl.caffemodel import NetMessage, NotACaffemodelError, read_caffemodel
from training.networks.lip_ssl.network import SCALES, LipSsl, interp_size
from training.networks.lip_ssl.objective import LipSslObjective, labels_of_cells
from training.networks.lip_ssl.recipe import LipSslLossRecipe
from training.networks.network import Network
from training.networks.schp.network import Schp
from training.networks.weight_mapping import IncompleteWeightsError

HEADS = ("fc8_human", "fc8_human_res075", "fc8_human_res05", "attention", "fc8_fusion")


def fill_by_rule(network):
    """Fill a LIP_SSL of any width through the importer."""
    layers = {}
    for name, parameter in parameters_of(network).items():
        for layer in parameter["layers"]:
            layers[layer] = (*layers.get(layer, ()), lip_ssl_value(name, parameter["shape"]))
    network.load_state_dict(to_weights(layers, network))
    return network.eval()


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The checkpoint that the command makes of the whole net, written by rule as its authors released it."""
    folder = tmp_path_factory.mktemp("lip_ssl")
    file = folder / "released.caffemodel"
    file.write_bytes(caffe_net(lip_ssl_parameters()).SerializeToString())
    run_command("training.import_caffe", file, folder / "out.pt")
    file.unlink()
    return load_checkpoint(folder / "out.pt")


@pytest.mark.parametrize("head", HEADS)
def test_each_output_equals_the_public_implementations(imported, outputs, head):
    theirs = np.load(REFERENCE / "lip_ssl" / "heads.npz")[head]
    assert outputs[head].shape == theirs.shape
    assert np.abs(outputs[head] - theirs).max() <= 1e-4 * theirs.std()


@pytest.fixture(scope="module")
def outputs(imported):
    with torch.inference_mode():
        given = imported.network.outputs(torch.from_numpy(np.load(REFERENCE / "lip_ssl" / "heads.npz")["x"]))
    values = (*given.by_scale, given.attention, given.fusion)
    return {head: value.numpy() for head, value in zip(HEADS, values, strict=True)}


def test_an_imported_checkpoint_claims_nothing_of_its_data(imported):
    assert imported.label_set == LIP.without_joints()
    assert imported.imported
    assert imported.data == {
        "name": "not stated",
        "source": "weights imported from released.caffemodel",
        "licence": "not stated",
    }


def test_takes_rgb_and_normalises_for_itself(monkeypatch):
    seen = []
    network = LipSsl(3, slimming=32)
    outputs = network.outputs
    monkeypatch.setattr(network, "outputs", lambda x: seen.append(x) or outputs(x))
    network(torch.tensor([10.0, 20.0, 30.0]).view(1, 3, 1, 1).expand(1, 3, 16, 16))
    torch.testing.assert_close(seen[0][0, :, 0, 0], torch.tensor([30 - 104.008, 20 - 116.669, 10 - 122.675]))


@pytest.mark.parametrize(("size", "scaled"), [(129, (129, 97, 65)), (640, (640, 478, 320)), (97, (97, 73, 49))])
def test_scales_have_caffes_sizes(size, scaled):
    assert tuple(interp_size(size, scale) for scale in SCALES) == scaled


@pytest.mark.parametrize(("side", "cells"), [(129, 17), (384, 49), (640, 81)])
def test_pooling_rounds_up_as_caffe_does(side, cells):
    with torch.device("meta"):
        stages = LipSsl(20, slimming=32)(torch.empty(1, 3, side, 16))
    assert [stage.parsing.shape[2] for stage in stages] == [cells] * 4
    assert stages[-1].pose.shape[1] == 0


class TestCaffemodel:
    @pytest.fixture(scope="class")
    @classmethod
    def slim(cls):
        return LipSsl(4, slimming=32)

    @pytest.fixture
    def net(self, slim):
        return caffe_net(parameters_of(slim))

    def test_the_rule_names_the_released_parameters(self):
        with torch.device("meta"):
            assert parameters_of(LipSsl(20)) == {
                name: {"shape": parameter["shape"], "layers": order(parameter["layers"])}
                for name, parameter in lip_ssl_parameters().items()
            }

    @pytest.mark.parametrize("old_form", [False, True])
    def test_both_forms_of_the_file_are_read(self, slim, tmp_path, old_form):
        net = caffe_net(parameters_of(slim), old_form)
        (tmp_path / "net.caffemodel").write_bytes(net.SerializeToString())
        weights = to_weights(read_caffemodel(tmp_path / "net.caffemodel"), slim)
        bias = lip_ssl_value("att_fc_b", (3,))
        np.testing.assert_array_equal(weights["attention.fc.bias"].numpy(), bias)
        assert {name: value.shape for name, value in weights.items()} == {
            name: value.shape for name, value in slim.state_dict().items()
        }

    def test_every_fault_is_named_and_nothing_written(self, net, tmp_path):
        next(layer for layer in net.layer if layer.name == "fc7_res05").name = "fc9"
        next(layer for layer in net.layer if layer.name == "conv1_1").blobs[1].shape.dim[:] = [1, 2]
        (tmp_path / "net.caffemodel").write_bytes(net.SerializeToString())
        with pytest.raises(SystemExit) as error:
            run_command("training.import_caffe", tmp_path / "net.caffemodel", tmp_path / "out.pt")
        lines = str(error.value).splitlines()
        assert {"missing: fc7_res05 blob 0", "missing: fc7_res05 blob 1", "left over: fc9 blob 0"} <= set(lines)
        assert any(line.startswith("wrong shape: conv1_1 blob 1 is (1, 2)") for line in lines)
        assert lines[-1] == "nothing was written"
        assert not (tmp_path / "out.pt").exists()

    def test_copies_for_the_scales_must_be_equal(self, slim, net, tmp_path):
        next(layer for layer in net.layer if layer.name == "conv2_1_res075").blobs[0].data[3] += 1
        (tmp_path / "net.caffemodel").write_bytes(net.SerializeToString())
        with pytest.raises(IncompleteWeightsError, match="conv2_1_res075 blob 0 differs from conv2_1 blob 0"):
            to_weights(read_caffemodel(tmp_path / "net.caffemodel"), slim)

    def test_values_that_are_not_finite_are_named(self, slim, net, tmp_path):
        for layer in net.layer:
            if layer.name.startswith("fc7"):
                layer.blobs[1].data[0] = float("inf")
        (tmp_path / "net.caffemodel").write_bytes(net.SerializeToString())
        with pytest.raises(IncompleteWeightsError, match=r"^not finite: fc7 blob 1$"):
            to_weights(read_caffemodel(tmp_path / "net.caffemodel"), slim)

    @pytest.mark.parametrize("shape", [[-2, -3], [0], [2**32, 2**32], [1] * 40])
    def test_a_shape_that_no_blob_can_have_is_refused(self, tmp_path, shape):
        net = NetMessage()
        net.layer.add(name="conv1_1").blobs.add(data=[1.0] * 6).shape.dim.extend(shape)
        (tmp_path / "x.caffemodel").write_bytes(net.SerializeToString())
        with pytest.raises(NotACaffemodelError, match="layer conv1_1 h"):
            read_caffemodel(tmp_path / "x.caffemodel")

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"not protobuf at all", "is no Caffe model, or it is cut short"),
            (b"", "holds no layer with weights"),
            (NetMessage(name="a").SerializeToString(), "holds no layer with weights"),
        ],
    )
    def test_what_is_no_caffemodel_is_refused(self, tmp_path, content, complaint):
        (tmp_path / "x.caffemodel").write_bytes(content)
        with pytest.raises(NotACaffemodelError, match=complaint):
            read_caffemodel(tmp_path / "x.caffemodel")

    def test_a_file_that_is_cut_short_is_refused(self, net, tmp_path):
        content = net.SerializeToString()
        (tmp_path / "x.caffemodel").write_bytes(content[: len(content) // 2])
        with pytest.raises(NotACaffemodelError, match="cut short"):
            read_caffemodel(tmp_path / "x.caffemodel")

    def test_a_blob_that_lacks_values_is_named(self, net, tmp_path):
        del net.layer[1].blobs[0].data[5:]
        (tmp_path / "x.caffemodel").write_bytes(net.SerializeToString())
        with pytest.raises(NotACaffemodelError, match="layer conv1_1 holds 5 values for the shape"):
            read_caffemodel(tmp_path / "x.caffemodel")


def order(layers):
    """A parameter's layers in the order of the scales."""
    return [layers[0], *sorted(layers[1:], reverse=True)]


class LeftTop(LipSsl):
    """Answers label 1 where the image is brighter than the mean at a cell's pixel."""

    def __init__(self):
        Network.__init__(self)
        self.parameter = torch.nn.Parameter(torch.zeros(1))

    def outputs(self, x):
        cells = x[:, :1, ::8, ::8]
        answer = torch.cat([torch.full_like(cells, 0.5), cells], 1)
        return type("Outputs", (), {"by_scale": (answer,) * 3, "fusion": answer})


@pytest.mark.parametrize("size", [(64, 48), (641, 30)])
def test_the_protocol_shows_the_photo_at_its_own_size_in_the_corner(size):
    photo = np.zeros((*size, 3), np.uint8)
    photo[:, 17:] = 255
    labels = predict_on_canvas(LeftTop(), photo).labels
    assert labels.shape == size
    # Cells 0, 8 and 16 are dark (-104), 24 is bright (151): between 16 and 24 the scores cross 0.5 at 16 + 8 · 0.41.
    assert labels[0].tolist() == [0] * 20 + [1] * (size[1] - 20)


def test_the_protocol_is_for_lip_ssl_alone():
    with torch.device("meta"), pytest.raises(UnsuitableNetworkError, match="not for Schp"):
        predict_on_canvas(Schp(3, slimming=16), np.zeros((8, 8, 3), np.uint8))


class TestTraining:
    def test_cells_read_the_pixel_that_they_stand_for(self):
        labels = torch.arange(17 * 9).view(1, 17, 9)
        read = labels_of_cells(labels, torch.zeros(1, 2, 4, 2), stride=8)
        assert read.tolist() == [[[0, 8], [72, 80], [144, 152], [IGNORE, IGNORE]]]

    @torch.no_grad()
    def test_every_term_is_weighed_by_its_structure_distance(self):
        torch.manual_seed(0)
        network = LipSsl(20, slimming=32).eval()
        images, labels = 255 * torch.rand(2, 3, 32, 32), torch.randint(0, 20, (2, 32, 32))
        recipe = LipSslLossRecipe(structure=True, sigma=8.0)
        none = torch.zeros(2, 0, 1, 1)
        terms = LipSslObjective(network, torch.float32, recipe, LIP)(images, labels, none, none[..., 0, 0])
        plain = recipe.model_copy(update={"structure": False})
        costs = LipSslObjective(network, torch.float32, plain, LIP)(images, labels, none, none[..., 0, 0])
        stage = network(images)[-1].parsing
        truth = labels_of_cells(labels, stage, 8)
        distance = structure_distance(stage.argmax(1), truth, region_members(LIP), sigma=1.0)
        assert len(terms) == 5
        assert float(terms["parsing"]) == pytest.approx(
            float(np.mean([
                float(distance[i])
                * float(torch.nn.functional.cross_entropy(stage[i : i + 1], truth[i : i + 1], ignore_index=IGNORE))
                for i in range(2)
            ])),
            rel=1e-4,
        )  # fmt: skip
        assert float(costs["total"]) == pytest.approx(float(sum(costs[name] for name in costs if name != "total")))

    def test_a_slim_one_learns_drawings_and_is_evaluated_without_joints(self, folder, tmp_path):
        changes = {
            "height = 384": "height = 64",
            "width = 384": "width = 64\nslimming = 16",
            "batch = 10": "batch = 2",
            "epochs = 30": "epochs = 16",
            "learning_rate = 1e-3": "learning_rate = 3e-2\nclip_norm = 5.0",
            "structure = true": "structure = false",
        }
        recipe = write_recipe(tmp_path / "slim.toml", "lip_ssl", changes)
        trainer(recipe, folder, tmp_path / "run").run()
        checkpoint = load_checkpoint(tmp_path / "run" / "best.pt")
        assert checkpoint.label_set.joints == ()
        figures = evaluate(checkpoint, folder, folder.names("val"), PROTOCOLS["one-pass"])
        assert figures["pixel_accuracy"] > 0.8  # the background alone is 0.68
        assert not any("pckh" in name for name in figures)
        assert "PCKh" not in table(figures, checkpoint.label_set)
