"""Files for parsing alone: no joints in network, graph, card or golden sample; and cards that claim nothing."""

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export import parity
from export.card import KEY, load_card_text, neutral_text, page, synonyms_of
from export.exporter import export
from export.parity import GraphOutputs, ParityError, compare
from export.photos import fitted_photos, portrait_views
from tests.helpers.commands import run_command
from tests.helpers.parser_rules import schp_value, variables_of
from tests.helpers.shallow import shallow
from training.checkpoints.checkpoint import Checkpoint
from training.checkpoints.imported import unstated_data
from training.labels.label_set import LABEL_SETS, LabelSet, read_label_set
from training.labels.lip import LIP
from training.networks.presets import load_recipe
from training.networks.registry import build_network
from training.networks.schp.released_weights import to_weights

ATR = read_label_set(LABEL_SETS / "atr.toml")


def small(preset, label_set, **changes):
    """A preset's checkpoint of another size, with random weights and, but for LIP_SSL's VGG, fewer blocks."""
    torch.manual_seed(0)
    recipe = load_recipe(preset)
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=changes)})
    network = build_network(recipe, label_set).eval()
    if preset != "lip_ssl":
        shallow(network)
    data = {"name": "drawings", "source": "here", "licence": "CC0"}
    return Checkpoint(network, recipe, label_set, data, {})


def schp():
    """An SCHP of a sixteenth of the channels, filled by rule."""
    checkpoint = small("schp", LIP.without_joints(), height=61, width=45, slimming=16)
    network = checkpoint.network
    stored = {name: torch.from_numpy(schp_value(name, shape)) for name, shape in variables_of(network).items()}
    network.load_state_dict(to_weights(stored, network))
    return replace(checkpoint, imported=True, data=unstated_data(LABEL_SETS / "released.pth"))


CHECKPOINTS = {
    "schp": schp,
    "lip_ssl": lambda: small("lip_ssl", LIP.without_joints(), height=64, width=48, slimming=16),
    "lite": lambda: small("lite", ATR, height=64, width=64),
    "jppnet": lambda: small("jppnet-s2", ATR, height=64, width=48, slimming=16),
}


def card_of(path):
    return json.loads({entry.key: entry.value for entry in onnx.load(path).metadata_props}[KEY])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Each network's name → its checkpoint, its file and how far they differ; exported when first asked for."""

    @cache
    def export_one(name):
        checkpoint = CHECKPOINTS[name]()
        path = tmp_path_factory.mktemp("parser") / "mine.onnx"
        return checkpoint, path, export(checkpoint, path, data=None)

    return export_one


@pytest.fixture(params=CHECKPOINTS)
def exported(request, files):
    """Each network without joints: its checkpoint and its file."""
    return files(request.param)


def test_the_file_gives_labels_and_confidence_alone(exported):
    checkpoint, path, difference = exported
    assert difference.label_agreement > 0.999
    session = onnxruntime.InferenceSession(str(path))
    assert [output.name for output in session.get_outputs()] == ["labels", "confidence"]
    assert {node.domain for node in onnx.load(path).graph.node} == {""}  # no custom operator
    network = checkpoint.recipe.network
    outputs = parity.run_onnx(session, fitted_photos(portrait_views()[:3], network))
    assert outputs.labels.shape == (3, network.height // 2, network.width // 2)
    assert outputs.keypoints is None


def test_its_card_has_no_joints_and_its_golden_sample_no_key_points(exported):
    checkpoint, path, _ = exported
    card = card_of(path)
    assert card["joints"] == card["joint_flip_pairs"] == card["skeleton"] == []
    assert set(card["golden"]) == {"image", "labels", "min_label_agreement"}
    assert card["pad_color"] == list(checkpoint.recipe.network.pad_color)
    assert len(card["labels"]) == len(checkpoint.label_set.labels)
    assert card["synonyms"] == {name: list(ids) for name, ids in checkpoint.label_set.synonym_ids.items()}
    assert card["synonyms"]["head"]


def test_a_card_claims_nothing_that_it_was_not_told(exported):
    checkpoint, path, _ = exported
    card = card_of(path)
    assert (card["name"], card["version"], card["license"]) == ("mine", "not stated", "not stated")
    assert card["limits"] == []
    assert checkpoint.data["source"] in card["training_data"]
    assert ("schedule" in card["recipe"]) != checkpoint.imported
    assert path.with_suffix(".md").read_text() == page(card)
    assert page(card).startswith("# mine\n")


def test_the_scores_in_a_schp_file_are_the_networks(files):
    checkpoint, path, _ = files("schp")
    model = onnx.load(path)
    (last,) = (node.output[0] for node in model.graph.node if "fusion.3.bias" in " ".join(node.input))
    model.graph.output.append(onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    photos = fitted_photos(portrait_views()[:2], checkpoint.recipe.network)
    ours = session.run([last], {"image": photos})[0]
    with torch.inference_mode():
        theirs = checkpoint.network(torch.from_numpy(photos).permute(0, 3, 1, 2).float())[-1].parsing.numpy()
    assert np.abs(ours - theirs).max() <= 1e-3 * theirs.std()


@pytest.mark.parametrize(
    ("colors", "synonyms"),
    [
        (LIP.colors, LIP.synonym_ids),  # as in a checkpoint that was made before label sets had synonyms
        ({name.title(): color for name, color in ATR.colors.items()}, ATR.synonym_ids),  # as on the Hub
        (dict(list(LIP.colors.items())[:-1]), {}),
    ],
)
def test_labels_of_a_known_set_get_its_synonyms(colors, synonyms):
    label_set = LabelSet(name="old", colors=colors)
    assert synonyms_of(list(colors), label_set) == synonyms


def test_a_label_sets_own_synonyms_come_first():
    label_set = LabelSet(name="own", colors=LIP.colors, synonyms={"headgear": ("hat",)})
    assert synonyms_of(list(LIP.colors), label_set) == {"headgear": (1,)}


@pytest.mark.parametrize("name", ["mine.onnx", "mine.int8.onnx", "mine.fp16.onnx"])
def test_a_file_of_another_precision_has_the_models_name(tmp_path, name):
    assert neutral_text(tmp_path / name, "").name == "mine"


def test_key_points_on_one_side_alone_are_no_parity():
    maps = np.zeros((1, 2, 2), np.uint8)
    with pytest.raises(ParityError, match="only one"):
        compare(GraphOutputs(maps, maps, np.zeros((1, 3, 3), np.float32)), GraphOutputs(maps, maps))


def test_a_file_is_timed_without_data(exported, capsys):
    run_command("export.measure", exported[1])
    row = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert row[:2] == ["mine.onnx", "fp32"]
    assert float(row[3]) > 0
    assert row[4:] == ["–"] * 4


@pytest.mark.parametrize("model", ["jppnet-lite", "jppnet-base", "jppnet-s2"])
def test_our_own_models_have_their_words(model):
    assert load_card_text(LABEL_SETS.parents[1] / "export" / "cards" / f"{model}.toml").name == model


class TestRecard:
    @pytest.fixture
    def file(self, files, tmp_path):
        return Path(shutil.copy(files("lip_ssl")[1], tmp_path))

    def test_only_what_was_named_changes(self, file, tmp_path):
        before, graph = card_of(file), onnx.load(file).graph
        (tmp_path / "colors.toml").write_text("[colors]\nhat = [1, 2, 3]\n")
        options = ("--name", "ours", "--licence", "CC0", "--limit", "Drawings only.")
        run_command("export.recard", file, *options, "--colors", tmp_path / "colors.toml")
        after = card_of(file)
        assert (after["name"], after["license"], after["limits"]) == ("ours", "CC0", ["Drawings only."])
        assert after["labels"][1] == {"id": 1, "name": "hat", "color": [1, 2, 3]}
        same = set(before) - {"name", "license", "limits", "labels"}
        assert {key: after[key] for key in same} == {key: before[key] for key in same}
        assert onnx.load(file).graph == graph
        assert file.with_suffix(".md").read_text() == page(after)

    def test_synonyms_are_a_label_sets_or_a_files_own(self, file, tmp_path):
        run_command("export.recard", file, "--synonyms", "lip")
        assert card_of(file)["synonyms"] == {name: list(ids) for name, ids in LIP.synonym_ids.items()}
        (tmp_path / "own.toml").write_text('[synonyms]\nheadgear = ["hat", "sunglasses"]\n')
        run_command("export.recard", file, "--synonyms", tmp_path / "own.toml")
        assert card_of(file)["synonyms"] == {"headgear": [1, 4]}

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ('[synonyms]\nlegs = ["trousers"]\n', "no such labels: trousers. The card has: background, hat"),
            ("[synonyms]\nlegs = []\n", "synonyms stand for no label: legs"),
            ("[colors]\nhat = [1, 2, 3]\n", r"has no table \[synonyms\]"),
        ],
    )
    def test_synonyms_of_nothing_are_refused(self, file, tmp_path, text, complaint):
        before = file.read_bytes()
        (tmp_path / "own.toml").write_text(text)
        with pytest.raises(SystemExit, match=complaint):
            run_command("export.recard", file, "--synonyms", tmp_path / "own.toml")
        assert file.read_bytes() == before

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("[colors]\ntrousers = [1, 2, 3]\n", "no such labels: trousers. The card has: background, hat"),
            ("[colors]\nhat = [1, 2, 300]\n", r"has no table \[colors\]"),
            ("hat = [1, 2, 3]\n", r"has no table \[colors\]"),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_changed(self, file, tmp_path, text, complaint):
        before = file.read_bytes()
        (tmp_path / "colors.toml").write_text(text)
        with pytest.raises(SystemExit, match=complaint):
            run_command("export.recard", file, "--name", "x", "--colors", tmp_path / "colors.toml")
        assert file.read_bytes() == before

    def test_a_link_stays_one_and_what_it_leads_to_changes(self, file, tmp_path):
        link = tmp_path / "served" / "model.onnx"
        link.parent.mkdir()
        link.symlink_to(file)
        run_command("export.recard", link, "--name", "ours")
        assert link.is_symlink()
        assert card_of(file)["name"] == "ours"
        assert file.with_suffix(".md").read_text().startswith("# ours\n")

    @pytest.mark.parametrize("text", ["no JSON", "[]", "{}"])
    def test_a_card_that_is_none_is_refused(self, tmp_path, text):
        model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
        onnx.helper.set_model_props(model, {KEY: text})
        onnx.save(model, tmp_path / "x.onnx")
        with pytest.raises(SystemExit, match=r"has a card (that is no JSON|of another schema)"):
            run_command("export.recard", tmp_path / "x.onnx", "--name", "x")

    def test_a_file_without_a_card_is_refused(self, tmp_path):
        onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [])), tmp_path / "x.onnx")
        with pytest.raises(SystemExit, match="has no card"):
            run_command("export.recard", tmp_path / "x.onnx", "--name", "x")
