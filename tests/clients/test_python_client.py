"""``jppnet.Client`` and ``jppnet.AsyncClient`` against the service."""

import io
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco
from pydantic import SecretStr

import jppnet
from jppnet.rle import label_ids
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.either_client import Ask
from tests.helpers.serving import serving
from tests.helpers.toy_model import COLORS, JOINTS, LABELS, paint, png

PHOTO = paint(192, 256, {1: (40, 80, 80, 80), 3: (60, 40, 40, 40)})


@pytest.fixture(scope="module")
def truth(service: str) -> npt.NDArray[np.uint8]:
    """The photo's label ids (256, 192), as the service's own PNG has them."""
    content = httpx.post(f"{service}/parse?format=ids", content=png(PHOTO)).content
    ids = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (ids == PHOTO[..., 0] // 64).mean() > 0.99
    return np.asarray(ids, np.uint8)


def test_parse_gives_the_label_of_every_pixel(service: str, ask: Ask, truth: npt.NDArray[np.uint8]) -> None:
    parsing = ask(service, "parse", png(PHOTO))
    assert (parsing.model, parsing.version, parsing.width, parsing.height) == ("toy", "1.2", 192, 256)
    assert [label.name for label in parsing.labels] == ["background", "shirt", "hair"]
    pixels = int((truth == 1).sum())
    share = round(pixels / truth.size, 6)
    assert parsing.labels[1] == jppnet.Label(1, "shirt", COLORS[1], pixels, share, jppnet.Box(40, 79, 80, 81), 1.0)
    assert parsing.mask.dtype == np.uint8
    np.testing.assert_array_equal(parsing.mask, truth)


def test_only_the_labels_that_are_wanted(service: str, ask: Ask, truth: npt.NDArray[np.uint8]) -> None:
    for labels in (["shirt"], [1]):
        parsing = ask(service, "parse", png(PHOTO), labels=labels)
        assert [label.name for label in parsing.labels] == ["shirt"]
        np.testing.assert_array_equal(parsing.mask, truth == 1)


def test_pose_names_the_joints(service: str, ask: Ask) -> None:
    pose = ask(service, "pose", png(PHOTO))
    (person,) = pose.people
    assert [joint.name for joint in person.keypoints] == list(JOINTS)
    assert person.keypoints[0] == jppnet.Keypoint("chest", 79.5, 119.5, 1.0)
    assert person.box == jppnet.Box(40, 40, 80, 120)
    assert pose.skeleton == ((2, 0), (0, 1))
    with pytest.raises(FrozenInstanceError):
        person.score = 1.0


def test_analyze_is_both(service: str, ask: Ask) -> None:
    analysis = ask(service, "analyze", png(PHOTO))
    parsing, pose = ask(service, "parse", png(PHOTO)), ask(service, "pose", png(PHOTO))
    assert isinstance(analysis, jppnet.Parsing)
    assert isinstance(analysis, jppnet.Pose)
    assert (analysis.people, analysis.skeleton, analysis.labels) == (pose.people, pose.skeleton, parsing.labels)
    np.testing.assert_array_equal(analysis.mask, parsing.mask)


def test_boxes_name_the_people_in_a_larger_photo(service: str, ask: Ask) -> None:
    photo = paint(400, 200, {1: (40, 80, 40, 40)})
    photo[60:100, 300:340] = photo[100, 60]
    analysis = ask(service, "analyze", png(photo), boxes=[(20, 40, 80, 120), (280.5, 20, 80, 120)])
    assert [person.region for person in analysis.people] == [0, 1]
    assert [[label.name for label in region.labels] for region in analysis.regions] == [["background", "shirt"]] * 2
    assert (analysis.mask[100, 60], analysis.mask[80, 320], analysis.mask[80, 200]) == (1, 1, 0)
    for region in analysis.regions:
        np.testing.assert_array_equal(region.mask, analysis.mask[region.box.area])


def test_a_photo_is_bytes_a_path_a_file_or_pixels(service: str, ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png(PHOTO))
    answer = ask(service, "pose", png(PHOTO))
    for photo in (memoryview(png(PHOTO)), path, str(path), io.BytesIO(png(PHOTO)), PHOTO):
        assert ask(service, "pose", photo) == answer


@pytest.mark.parametrize(
    ("photo", "error", "words"),
    [
        (PHOTO[..., 0], ValueError, r"shape \(height, width, 3\), RGB; these are uint8 \(256, 192\)"),
        (PHOTO / 255, ValueError, "these are float64"),
        (io.StringIO("text"), TypeError, "Open it with mode “rb”"),
        (None, TypeError, "not NoneType"),
        ("nowhere.jpg", FileNotFoundError, "nowhere.jpg"),
    ],
)
def test_what_is_no_photo_is_not_sent(ask: Ask, photo: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask("http://127.0.0.1:9", "pose", photo)


def test_every_format_can_be_fetched(service: str, ask: Ask, truth: npt.NDArray[np.uint8]) -> None:
    cutout = ask(service, "fetch", "parse", png(PHOTO), format="cutout", labels=["shirt"])
    picture = cv2.imdecode(np.frombuffer(cutout, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(picture[..., 3] > 0, truth == 1)
    overlay = ask(service, "fetch", "analyze", png(PHOTO), format="overlay", opacity=1, accept="image/png")
    assert overlay.startswith(b"\x89PNG")
    assert b'"image_id":139' in ask(service, "fetch", "pose", png(PHOTO), format="coco", image_id=139)


def test_the_model_and_its_health(service: str, ask: Ask) -> None:
    model = ask(service, "model")
    assert [label.name for label in model.labels] == list(LABELS)
    assert (model.provider, model.lanes, model.metrics["mIoU"]) == ("cpu", 1, 1.0)
    assert ask(service, "health") is None


def test_what_the_service_refuses_is_a_problem(service: str, ask: Ask) -> None:
    with pytest.raises(jppnet.ProblemError, match="Unknown label: There is no label “beard”") as refused:
        ask(service, "parse", png(PHOTO), labels=["beard"])
    problem = refused.value
    assert (problem.type, problem.status) == ("urn:jppnet:problem:unknown-label", 422)
    assert problem.request_id is not None
    assert len(problem.request_id) == 32


def test_a_key_opens_a_service_that_wants_one(toy: Path, ask: Ask) -> None:
    settings = Settings(model=toy, provider="cpu", lanes=1, threads=1, max_batch=1, api_keys=[SecretStr("schlüssel")])
    with serving(Engine.start(settings), settings) as guarded:
        url = str(guarded.base_url)
        assert ask(url, "pose", png(PHOTO), client={"api_key": "schlüssel"}).people
        with pytest.raises(jppnet.ProblemError, match="needs an API key"):
            ask(url, "pose", png(PHOTO))


@given(st.data(), st.integers(1, 40), st.integers(1, 40))
def test_run_lengths_decode_as_pycocotools_reads_them(data: st.DataObject, height: int, width: int) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    scale = data.draw(st.integers(1, 20))
    coarse = np.random.default_rng(seed).integers(0, 4, (height, width), dtype=np.uint8)
    ids = coarse.repeat(scale, axis=0).repeat(scale, axis=1)  # runs that are short, and runs that are long
    parts = [(label, coco.encode(np.asfortranarray(ids == label))["counts"].decode()) for label in range(1, 4)]
    np.testing.assert_array_equal(label_ids(*ids.shape, parts), ids)


def test_it_needs_nothing_of_the_service() -> None:
    """Importable where only numpy, OpenCV and httpx are installed."""
    program = "import sys, jppnet; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(jppnet.__file__).parents[1],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"jppnet", "httpx"} <= set(modules.stdout.split())
    assert not {"service", "fastapi", "starlette", "pydantic", "onnxruntime"} & set(modules.stdout.split())
