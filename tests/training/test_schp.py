"""SCHP from a released file: the golden outputs of the public network, its protocol, complaints by name, training."""

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export.exporter import export
from tests.helpers.commands import run_command
from tests.helpers.drawings import write_recipe
from tests.helpers.parser_rules import (
    REFERENCE,
    schp_value,
    schp_variables,
    variables_of,
    write_schp,
)
from training.checkpoints.checkpoint import load_checkpoint
from training.evaluation.jppnet_protocol import UnsuitableNetworkError
from training.evaluation.schp_protocol import predict_warped, scores_at_photo, warp_to_input
from training.labels.lip import LIP
from training.loop.initial_weights import random_network
from training.networks.lip_ssl.network import LipSsl
from training.networks.presets import load_recipe
from training.networks.registry import build_objective, make_example
from training.networks.schp.network import Schp, normalised
from training.networks.schp.objective import edge_loss, part_borders
from training.networks.schp.released_weights import to_weights
from training.networks.weight_mapping import IncompleteWeightsError


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The checkpoint that the command makes of the whole file, written by rule as its authors released it."""
    folder = tmp_path_factory.mktemp("schp")
    file = write_schp(folder / "released.pth", schp_variables())
    run_command("training.import_schp", file, folder / "out.pt", "--labels", "lip")
    file.unlink()
    return load_checkpoint(folder / "out.pt")


@pytest.fixture(scope="module")
def outputs(imported):
    with torch.inference_mode():
        return imported.network.outputs(torch.from_numpy(np.load(REFERENCE / "schp" / "heads.npz")["x"]))


@pytest.mark.parametrize("head", ["parsing", "fusion", "edge"])
def test_each_output_equals_the_public_networks(outputs, head):
    theirs, ours = np.load(REFERENCE / "schp" / "heads.npz")[head], getattr(outputs, head).numpy()
    assert ours.shape == theirs.shape
    assert np.linalg.norm(ours - theirs) <= 1e-4 * np.linalg.norm(theirs)


def test_the_checkpoint_says_what_is_known(imported):
    assert imported.label_set == LIP.without_joints()
    assert (imported.recipe.network.height, imported.recipe.network.width) == (473, 473)
    assert imported.recipe.network.pad_color == (0, 0, 0)
    assert imported.data["source"] == "weights imported from released.pth"


def test_names_and_shapes_are_exactly_the_released_ones():
    with torch.device("meta"):
        assert variables_of(Schp(20)) == schp_variables()


def test_takes_rgb_and_normalises_for_itself():
    pixel = normalised(torch.tensor([255.0, 51.0, 0.0]).view(1, 3, 1, 1)).flatten()
    expected = [-0.406 / 0.225, (0.2 - 0.456) / 0.224, (1 - 0.485) / 0.229]
    torch.testing.assert_close(pixel, torch.tensor(expected))


@pytest.mark.parametrize(("side", "step"), [(473, 4.0), (512, 511 / 127), (4, 4.0)])
def test_the_first_and_last_cell_stand_for_the_first_and_last_pixel(side, step):
    with torch.device("meta"):
        network = Schp(3, slimming=16)
    assert network.cells(side) == (pytest.approx(step), 0.0)


class TestFile:
    @pytest.fixture(scope="class")
    @classmethod
    def slim(cls):
        return Schp(18, slimming=16)

    def test_scales_of_norms_are_folded(self, slim):
        stored = {name: torch.from_numpy(schp_value(name, shape)) for name, shape in variables_of(slim).items()}
        stored["bn2.weight"][0] = -0.5
        weights = to_weights(stored, slim)
        assert weights["bn2.weight"][0] == pytest.approx(0.5 + 1e-5)
        assert torch.equal(weights["bn2.bias"], stored["bn2.bias"])
        assert torch.equal(weights["conv2.weight"], stored["conv2.weight"])
        slim.load_state_dict(weights)

    @pytest.mark.parametrize(("labels", "count", "first"), [("atr", 18, "hat"), ("pascal", 7, "head")])
    def test_other_label_sets_have_another_input(self, tmp_path, monkeypatch, labels, count, first):
        slim_preset(monkeypatch, tmp_path)
        file = write_schp(tmp_path / "f.pth", variables_of(Schp(count, slimming=16)))
        run_command("training.import_schp", file, tmp_path / "out.pt", "--labels", labels)
        checkpoint = load_checkpoint(tmp_path / "out.pt")
        assert [label.name for label in checkpoint.label_set.labels][1] == first
        assert checkpoint.recipe.network.height == checkpoint.recipe.network.width == 512

    def test_every_fault_is_named_and_nothing_written(self, tmp_path, monkeypatch):
        slim_preset(monkeypatch, tmp_path)
        variables = variables_of(Schp(18, slimming=16))
        variables["layer5.weight"] = variables.pop("layer4.0.bn1.bias")
        file = write_schp(tmp_path / "f.pth", variables)
        with pytest.raises(SystemExit) as error:
            run_command("training.import_schp", file, tmp_path / "out.pt", "--labels", "lip")
        assert sorted(str(error.value).splitlines()) == [
            "left over: layer5.weight",
            "missing: layer4.0.bn1.bias",
            "nothing was written",
            "wrong shape: decoder.conv4.bias is (18,), wanted (20,)",
            "wrong shape: decoder.conv4.weight is (18, 16, 1, 1), wanted (20, 16, 1, 1)",
            "wrong shape: fushion.3.bias is (18,), wanted (20,)",
            "wrong shape: fushion.3.weight is (18, 16, 1, 1), wanted (20, 16, 1, 1)",
        ]
        assert not (tmp_path / "out.pt").exists()

    def test_an_unknown_label_set_is_named_with_the_known_ones(self, tmp_path):
        with pytest.raises(SystemExit, match=r"no label set 'cihp'.*atr, lip, pascal-person-part"):
            run_command("training.import_schp", tmp_path / "f.pth", tmp_path / "out.pt", "--labels", "cihp")

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_values_that_are_not_finite_are_named(self, slim, value):
        stored = {name: torch.from_numpy(schp_value(name, shape)) for name, shape in variables_of(slim).items()}
        stored["conv2.weight"][0, 0, 0, 0] = value
        with pytest.raises(IncompleteWeightsError, match=r"^not finite: conv2\.weight$"):
            to_weights(stored, slim)


def slim_preset(monkeypatch, folder):
    """Make the importer's preset one of a sixteenth of the channels."""
    path = write_recipe(folder / "schp.toml", "schp", {"width = 473": "width = 473\nslimming = 16"})
    monkeypatch.setattr("training.networks.presets.PRESETS", path.parent)


def authors_map(size, side):
    """The map from a photo (height, width) to a square input, as SCHP's ``get_affine_transform`` makes it.

    Three points are given: the box's centre, the middle of its upper edge once the box is grown to a square, and the
    corner that makes a right angle with both.
    """
    height, width = (length - 1 for length in size)
    reach, middle = max(height, width) / 2, (side - 1) / 2
    source = [(width / 2, height / 2), (width / 2, height / 2 - reach), (width / 2 - reach, height / 2 - reach)]
    target = [(middle, middle), (middle, 0), (0, 0)]
    return cv2.getAffineTransform(np.float32(source), np.float32(target))


class TestProtocol:
    def test_corner_pixels_lie_on_corner_pixels(self):
        photo = np.zeros((31, 61, 3), np.uint8)
        photo[0, 0], photo[-1, -1] = 200, 100
        view, matrix = warp_to_input(photo, 121, 121)
        np.testing.assert_allclose(matrix, [[2, 0, 0], [0, 2, 30]])
        assert view[30, 0].tolist() == [200] * 3
        assert view[90, 120].tolist() == [100] * 3
        assert view[:29].max() == view[92:].max() == 0

    def test_scores_come_back_to_the_pixels_that_they_are_of(self):
        photo = np.zeros((31, 61, 3), np.uint8)
        _, matrix = warp_to_input(photo, 121, 121)
        ramp = torch.arange(0.0, 121.0, 4).expand(1, 31, 31)  # stride 4, corners aligned: the value is the input's x
        (plane,) = scores_at_photo(ramp, matrix, (121, 121), (31, 61))
        np.testing.assert_allclose(plane, np.broadcast_to(np.arange(0, 121, 2.0), (31, 61)), atol=1e-3)

    @pytest.mark.parametrize("size", [(831, 550), (413, 1200), (97, 60), (40, 301), (472, 474), (1, 9)])
    @pytest.mark.parametrize("side", [473, 512])
    def test_any_photo_is_warped_as_the_authors_code_does(self, size, side):
        photo = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        view, matrix = warp_to_input(photo, side, side)
        theirs = authors_map(size, side)
        np.testing.assert_allclose(matrix, theirs, rtol=1e-6, atol=1e-4)
        difference = np.abs(cv2.warpAffine(photo, theirs, (side, side)).astype(int) - view)
        assert (difference > 0).mean() < 1e-3

    def test_it_is_for_schp_alone(self):
        with torch.device("meta"), pytest.raises(UnsuitableNetworkError, match="not for LipSsl"):
            predict_warped(LipSsl(3, slimming=32), np.zeros((8, 8, 3), np.uint8), None)


def in_torch(checkpoint, folder):
    """View, uint8 (H, W, 3) → scores (20, h, w): what the imported network gives."""

    @torch.inference_mode()
    def scores(view):
        return checkpoint.network(torch.from_numpy(view).permute(2, 0, 1)[None].float())[-1].parsing[0]

    return scores


def in_onnx_runtime(checkpoint, folder):
    """The same of the file that is exported of it: the scores that its labels are taken from."""
    export(checkpoint, folder / "schp.onnx", data=None)
    model = onnx.load(folder / "schp.onnx")
    (last,) = (node.output[0] for node in model.graph.node if "fusion.3.bias" in " ".join(node.input))
    model.graph.output.append(onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return lambda view: torch.from_numpy(session.run([last], {"image": view[None]})[0][0])


@pytest.mark.slow
@pytest.mark.parametrize("runtime", [in_torch, in_onnx_runtime])
def test_photos_scores_equal_the_public_networks(runtime, imported, ccp_photos, tmp_path):
    network = runtime(imported, tmp_path)
    for name in ("0003", "0021"):
        image = cv2.imread(str(ccp_photos / f"{name}.jpg"), cv2.IMREAD_COLOR_RGB)
        view, matrix = warp_to_input(image, 473, 473)
        planes = list(scores_at_photo(network(view), matrix, view.shape[:2], image.shape[:2]))
        theirs = np.load(REFERENCE / "schp" / f"{name}_scores.npz")["scores"]
        assert np.abs(np.stack(planes, -1)[::16, ::16] - theirs).max() <= 1e-3 * theirs.std(), name


class TestTraining:
    def test_borders_are_where_labels_meet(self):
        labels = torch.zeros(1, 5, 6, dtype=torch.int64)
        labels[:, :, 3:] = 7
        labels[:, 0, 5] = 255
        assert part_borders(labels)[0].tolist() == [[0, 0, 1, 1, 0, 255]] + [[0, 0, 1, 1, 0, 0]] * 4

    def test_few_borders_weigh_as_much_as_many_inner_pixels(self):
        borders = torch.zeros(1, 4, 4, dtype=torch.int64)
        borders[0, 0, 0] = 1
        wrong_inside, wrong_border = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
        wrong_inside[:, 0] = -8.0
        wrong_inside[:, :, 0, 0] = torch.tensor([-8.0, 8.0])
        wrong_border[:, 0] = 8.0
        assert float(edge_loss(wrong_inside, borders)) == pytest.approx(4.0, rel=0.01)
        assert float(edge_loss(wrong_border, borders)) == pytest.approx(4.0, rel=0.01)

    def test_a_slim_one_fits_a_batch_of_drawings(self, folder, tmp_path):
        changes = {"height = 473": "height = 64", "width = 473": "width = 64\nslimming = 16"}
        recipe = load_recipe(str(write_recipe(tmp_path / "slim.toml", "schp", changes)))
        rng = np.random.default_rng(0)
        samples = [folder.read(name) for name in folder.names("train")]
        examples = [make_example(sample, recipe, LIP, rng, lambda: samples[0]) for sample in samples]
        images, *targets = (torch.stack(parts) for parts in zip(*examples, strict=True))
        network = random_network(recipe, LIP).train()
        objective = build_objective(network, recipe, LIP, torch.float32)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)
        losses = []
        for _ in range(20):
            terms = objective(images.float(), *targets)
            optimizer.zero_grad()
            terms["total"].backward()
            optimizer.step()
            losses.append({name: float(value.detach()) for name, value in terms.items()})
        assert all(losses[-1][name] < 0.7 * losses[0][name] for name in ("decoder", "parsing")), losses
        assert losses[-1]["edge"] < losses[0]["edge"]
