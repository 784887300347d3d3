"""Released weights of LIP_SSL and SCHP, at toy size and written by the rule, from their file to answers over HTTP."""

import base64
import json

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

import jppnet
from export.card import KEY
from export.photos import PORTRAIT, fitted_photos
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.commands import run_command
from tests.helpers.drawings import write_recipe
from tests.helpers.parser_rules import caffe_net, parameters_of, variables_of, write_schp
from tests.helpers.serving import serving
from training.data.sample import read_image
from training.networks.lip_ssl.network import LipSsl
from training.networks.presets import load_recipe
from training.networks.schp.network import Schp

PHOTO = PORTRAIT.read_bytes()


def schp(folder, size):
    """Write SCHP's file and import it as the command does, with a sixteenth of the channels."""
    changes = {"height = 473": f"height = {size[0]}", "width = 473": f"width = {size[1]}\nslimming = 16"}
    preset = write_recipe(folder / "schp.toml", "schp", changes)
    file = write_schp(folder / "released.pth", variables_of(Schp(20, slimming=16)))
    return preset, ("training.import_schp", file, folder / "schp.pt", "--labels", "lip")


def lip_ssl(folder, size):
    """The same of LIP_SSL."""
    changes = {"height = 384": f"height = {size[0]}", "width = 384": f"width = {size[1]}\nslimming = 16"}
    preset = write_recipe(folder / "lip_ssl.toml", "lip_ssl", changes)
    file = folder / "released.caffemodel"
    file.write_bytes(caffe_net(parameters_of(LipSsl(20, slimming=16))).SerializeToString())
    return preset, ("training.import_caffe", file, folder / "lip_ssl.pt")


@pytest.fixture(
    scope="module",
    params=[
        # test_parse_only.py looks into a smaller export of SCHP every time.
        pytest.param((schp, (93, 77)), id="schp", marks=pytest.mark.slow),
        pytest.param((lip_ssl, (80, 64)), id="lip_ssl"),
    ],
)
def file(request, tmp_path_factory):
    """The model file that the two commands make of released weights; SCHP's input has odd sides, as its preset's."""
    write, size = request.param
    folder = tmp_path_factory.mktemp(write.__name__)
    with pytest.MonkeyPatch.context() as patch:
        preset, command = write(folder, size)
        patch.setattr("training.networks.presets.PRESETS", preset.parent)
        run_command(*command)
        run_command("export.onnx", command[2], folder / f"{write.__name__}.onnx")
    return folder / f"{write.__name__}.onnx"


@pytest.fixture(scope="module")
def client(file):
    settings = Settings(model=file, provider="cpu", lanes=1, threads=1, max_batch=2, closer_look=False)
    with serving(Engine.start(settings), settings) as client:
        yield client


def test_parse_answers_with_the_labels_of_the_file(file, client):
    """The photo's middle pixel of each cell has the label that the file gives that cell."""
    answer = client.post("/parse?format=ids", content=PHOTO)
    assert answer.status_code == 200, answer.text
    mask = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE)
    photo = read_image(PORTRAIT)
    assert mask.shape == photo.shape[:2]
    session = onnxruntime.InferenceSession(str(file))
    height, width = session.get_inputs()[0].shape[1:3]
    card = json.loads({entry.key: entry.value for entry in onnx.load(file).metadata_props}[KEY])
    preset = load_recipe(str(file.with_suffix(".toml"))).network
    assert card["pad_color"] == list(preset.pad_color)
    labels = session.run(["labels"], {"image": fitted_photos([photo], preset)})[0][0]
    assert labels.shape == (height // 2, width // 2)
    assert np.unique(labels, return_counts=True)[1].max() < 0.8 * labels.size
    scale = min(height / photo.shape[0], width / photo.shape[1])
    top = (height - round(photo.shape[0] * scale)) // 2
    rows = ((np.arange(labels.shape[0]) + 0.5) * height / labels.shape[0] - top) / scale
    columns = (np.arange(labels.shape[1]) + 0.5) * width / labels.shape[1] / scale
    seen = (rows >= 0) & (rows < photo.shape[0])
    assert (mask[rows[seen].astype(int)][:, columns.astype(int)] == labels[seen]).mean() > 0.97


def test_pose_says_why_not(file, client):
    answer = client.post("/pose", content=PHOTO)
    assert_problem(answer, 404, "no-joints", f"The model {file.stem} is for parsing alone: it has no joints.")


def test_analyze_gives_people_without_key_points(client):
    answer = client.post("/analyze", content=PHOTO).json()
    assert answer["labels"]
    assert base64.b64decode(answer["mask"]).startswith(b"\x89PNG")
    assert [person["keypoints"] for person in answer["people"]] == [[]]


def test_the_model_claims_nothing_and_knows_other_names_of_its_labels(file, client):
    model = client.get("/model").json()
    assert (model["name"], model["version"], model["license"]) == (file.stem, "not stated", "not stated")
    assert model["metrics"] == {}
    assert model["joints"] == []
    assert model["synonyms"]["head"] == [1, 2, 4, 13]
    answer = client.post("/parse?format=json&labels=Upper-clothes,Left_leg,torso", content=PHOTO)
    assert {label["name"] for label in answer.json()["labels"]} <= {
        "upper-clothes", "left-leg", "dress", "coat", "jumpsuits", "scarf"
    }  # fmt: skip


def test_the_python_client_copes(client):
    with jppnet.Client(str(client.base_url)) as python:
        assert python.model().joints == ()
        assert python.parse(PHOTO).mask.any()
        with pytest.raises(jppnet.ProblemError, match="has no joints"):
            python.pose(PHOTO)
