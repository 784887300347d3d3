"""Hugging Face's segmentation models, randomly initialised, become files that answer as transformers does."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export import parity, segmentation_exporter
from export.card import KEY
from export.parity import run_onnx
from export.photos import PORTRAIT
from export.segmentation_folder import SegmentationFolderError, model_card_words, require_labels_in_order
from tests.helpers.commands import run_command
from tests.helpers.traced_once import traced_once
from training.data.sample import read_image

transformers = pytest.importorskip("transformers", reason="the extra huggingface is not installed")

ATR = ("Background", "Hat", "Hair", "Sunglasses", "Upper-clothes", "Skirt", "Pants", "Dress", "Belt", "Left-shoe",
       "Right-shoe", "Face", "Left-leg", "Right-leg", "Left-arm", "Right-arm", "Bag", "Scarf")  # fmt: skip


def segformer():
    """SegFormer-b0 with one layer in place of two in each block, at 96 × 128, with ATR's labels."""
    config = transformers.SegformerConfig(id2label=dict(enumerate(ATR)), depths=[1, 1, 1, 1])
    processor = transformers.SegformerImageProcessor(size={"height": 128, "width": 96})
    return transformers.SegformerForSemanticSegmentation(config), processor


def mobilevit():
    """A small MobileViT: blue first, no normalisation, its processor cuts off what is too long."""
    config = transformers.MobileViTConfig(
        num_labels=5, image_size=64, hidden_sizes=[32, 48, 64], neck_hidden_sizes=[8, 16, 24, 32, 40, 48, 160],
        aspp_out_channels=32,
    )  # fmt: skip
    processor = transformers.MobileViTImageProcessor(
        size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64}, do_reduce_labels=True
    )
    return transformers.MobileViTForSemanticSegmentation(config), processor


def save(made, folder):
    """Write a model, whose scores are drawn apart, as a folder of the Hub's."""
    model, processor = made
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("hub")
    return {name: save(make(), root / name) for name, make in (("segformer", segformer), ("mobilevit", mobilevit))}


@pytest.fixture(scope="module", autouse=True)
def _traced_once(tmp_path_factory):
    with traced_once(segmentation_exporter, tmp_path_factory.mktemp("traced")):
        yield


@pytest.fixture(scope="module")
def exported(folders, tmp_path_factory):
    root = tmp_path_factory.mktemp("files")
    for name, folder in folders.items():
        run_command("export.huggingface", folder, root / f"{name}.onnx")
    return root


def card_of(path):
    return json.loads({entry.key: entry.value for entry in onnx.load(path).metadata_props}[KEY])


def ten_views(size):
    """Ten parts of the portrait, of the input's own (height, width)."""
    portrait, (height, width) = read_image(PORTRAIT), size
    corners = [(40 * i % (512 - height), 31 * i % (512 - width)) for i in range(10)]
    return np.stack([portrait[top : top + height, left : left + width] for top, left in corners])


@pytest.mark.parametrize(("name", "size"), [("segformer", (128, 96)), ("mobilevit", (64, 64))])
def test_labels_are_those_of_transformers_own_pipeline(folders, exported, name, size):
    model = transformers.AutoModelForSemanticSegmentation.from_pretrained(folders[name]).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folders[name])
    photos = ten_views(size)
    inputs = processor(images=list(photos), return_tensors="pt", do_resize=False)
    with torch.inference_mode():
        answers = processor.post_process_semantic_segmentation(model(**inputs), target_sizes=[size] * 10)
    theirs = np.stack(answers) + (1 if name == "mobilevit" else 0)
    ours = run_onnx(onnxruntime.InferenceSession(str(exported / f"{name}.onnx")), photos)
    assert len(np.unique(theirs)) >= 3
    assert (ours.labels == theirs).mean() >= 0.999


def test_the_card_has_the_models_labels_and_claims_nothing(exported):
    card = card_of(exported / "segformer.onnx")
    assert [label["name"] for label in card["labels"]] == list(ATR)
    assert card["labels"][1]["color"] == [128, 0, 0]  # Pascal VOC's palette
    assert card["label_flip_pairs"] == [[9, 10], [12, 13], [14, 15]]
    assert (card["name"], card["license"], card["training_data"]) == ("segformer", "not stated", "not stated")
    assert (card["fit"], card["joints"], card["metrics"]) == ("squash", [], {})
    assert card["synonyms"]["arms"] == [14, 15]


def test_labels_that_training_reduced_get_their_background_back(exported):
    card = card_of(exported / "mobilevit.onnx")
    assert [label["name"] for label in card["labels"]][:2] == ["background", "LABEL_0"]
    assert card["fit"] == "letterbox"


def test_licence_and_data_come_from_the_folders_model_card_or_the_options(folders, tmp_path):
    folder = folders["segformer"]
    metadata = "license: mit\ndatasets:\n- mattmdjaga/human_parsing_dataset\n"
    (folder / "README.md").write_text(f"---\n{metadata}---\n# Model\n")
    try:
        run_command("export.huggingface", folder, tmp_path / "a.onnx", "--labels", "atr", "--name", "clothes")
    finally:
        (folder / "README.md").unlink()
    card = card_of(tmp_path / "a.onnx")
    assert (card["name"], card["license"]) == ("clothes", "mit")
    assert card["training_data"] == "mattmdjaga/human_parsing_dataset"
    assert card["labels"][4] == {"id": 4, "name": "upper-clothes", "color": [255, 85, 0]}


def test_a_label_set_of_another_size_is_refused(folders, tmp_path):
    with pytest.raises(SystemExit, match=r"the model has 18 labels \(Background, .*LIP 20\s+nothing was written"):
        run_command("export.huggingface", folders["segformer"], tmp_path / "a.onnx", "--labels", "lip")


def test_what_is_missing_in_a_folder_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"lacks preprocessor_config\.json, model\.safetensors"):
        run_command("export.huggingface", tmp_path, tmp_path / "a.onnx")


def test_weights_that_a_file_lacks_are_not_made_up(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in folders["mobilevit"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    lost = sorted(weights)[0]
    del weights[lost]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(SystemExit, match=f"do not fill its model:\nmissing_keys: {lost}"):
        run_command("export.huggingface", tmp_path, tmp_path / "a.onnx")


def edited(folder, out, file, **changes):
    """A copy of a folder, with other entries in one of its JSON files."""
    out.mkdir(exist_ok=True)
    for original in folder.iterdir():
        (out / original.name).write_bytes(original.read_bytes())
    content = json.loads((out / file).read_text())
    (out / file).write_text(json.dumps(content | changes))
    return out


WITHOUT_3 = {str(number + (number > 2)): name for number, name in enumerate(ATR)}


@pytest.mark.parametrize(
    ("file", "changes", "complaint"),
    [
        ("config.json", {"id2label": WITHOUT_3, "label2id": {}}, r"without a gap \(id2label\); no name for: 3"),
        ("config.json", {"model_type": "nothing-known"}, "does not recognize this architecture"),
        ("preprocessor_config.json", {"image_mean": [0.5] * 4}, r"image_mean is \(0.5, 0.5, 0.5, 0.5\): a number a"),
        ("preprocessor_config.json", {"image_std": [0.2, 0.0, 0.2]}, "image_std is"),
        ("preprocessor_config.json", {"size": {"height": 0, "width": 9}}, "height and width, 1 to 4096 pixels"),
        ("preprocessor_config.json", {"size": {"height": 10**6, "width": 9}}, "height and width, 1 to 4096 pixels"),
        ("preprocessor_config.json", {"size": {"longest_edge": 9}}, "height and width, 1 to 4096 pixels"),
        ("preprocessor_config.json", {"size": {"height": 3, "width": 3}}, "cannot be written as a graph for inputs of"),
    ],
)  # fmt: skip
def test_a_folder_that_contradicts_itself_is_refused(folders, tmp_path, file, changes, complaint):
    folder = edited(folders["segformer"], tmp_path / "hub", file, **changes)
    with pytest.raises(SystemExit, match=f"{complaint}(.|\n)*nothing was written"):
        run_command("export.huggingface", folder, tmp_path / "a.onnx")
    assert list(tmp_path.glob("a.*")) == []


@pytest.mark.parametrize("count", [0, 1, 255])
def test_as_many_labels_as_a_label_map_can_hold(count):
    with pytest.raises(SegmentationFolderError, match=f"names {count} labels .*2 to 254"):
        require_labels_in_order(dict.fromkeys(range(count), "x"))


def test_weights_that_are_not_finite_are_named(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = edited(folders["segformer"], tmp_path / "hub", "config.json")
    weights = load_file(folder / "model.safetensors")
    weights["decode_head.classifier.bias"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(SystemExit, match=r"not finite: decode_head\.classifier\.bias"):
        run_command("export.huggingface", folder, tmp_path / "a.onnx")


def test_code_in_a_folder_does_not_run_whatever_the_user_would_answer(folders, tmp_path, monkeypatch):
    own = {"AutoConfig": "own.Own", "AutoModelForSemanticSegmentation": "own.Own"}
    folder = edited(folders["segformer"], tmp_path / "hub", "config.json", model_type="own", auto_map=own)
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(SystemExit, match="holds no semantic segmentation model that loads"):
        run_command("export.huggingface", folder, tmp_path / "a.onnx")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ("license:\n- mit\n- cc0-1.0\ndatasets: atr\n", ("mit, cc0-1.0", "atr")),
        ("datasets:\n- {name: atr}\nbase_model: [nvidia/mit-b0, null]\n",
         ("not stated", "{'name': 'atr'}; from the weights of nvidia/mit-b0")),
        ("license: other\nlicense_name: own\nlicense_link: LICENSE\n", ("own (LICENSE)", "not stated")),
        ("", ("not stated", "not stated")),
    ],
)  # fmt: skip
def test_metadata_of_a_model_card_take_any_form(tmp_path, metadata, words):
    (tmp_path / "README.md").write_text(f"---\n{metadata}---\n# Model\n")
    assert model_card_words(tmp_path / "README.md") == words


@pytest.mark.parametrize("content", [b"---\nlicense: [mit\n---\n", b"---\nlicense: \xe9\n---\n"])
def test_metadata_that_cannot_be_read_are_named(tmp_path, content):
    (tmp_path / "README.md").write_bytes(content)
    with pytest.raises(SegmentationFolderError, match=r"README\.md has metadata that cannot be read"):
        model_card_words(tmp_path / "README.md")


def test_a_file_that_disagrees_is_not_written(folders, tmp_path, monkeypatch):
    honest = parity.run_onnx
    monkeypatch.setattr(parity, "run_onnx", lambda *given: honest(*given)._replace(labels=honest(*given).labels * 0))
    with pytest.raises(SystemExit, match="disagree"):
        run_command("export.huggingface", folders["mobilevit"], tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []
