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
from PIL import Image
from pycocotools import mask as coco
from pydantic import SecretStr

import jppnet
from jppnet.rle import label_ids
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.either_client import Ask
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw
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
    upside_down = PHOTO[::-1][::-1]  # rows that lie backwards in memory
    pictures = (PHOTO, upside_down, np.dstack((PHOTO, np.full((256, 192, 1), 255, np.uint8))), Image.fromarray(PHOTO))
    for photo in (memoryview(png(PHOTO)), path, str(path), io.BytesIO(png(PHOTO)), *pictures):
        assert ask(service, "pose", photo) == answer


@pytest.mark.parametrize(
    ("photo", "error", "words"),
    [
        (PHOTO.transpose(2, 0, 1), ValueError, r"these are uint8 \(3, 256, 192\).*transpose\(1, 2, 0\)"),
        (np.zeros((4, 4, 5), np.uint8), ValueError, r"\(height, width, 4\), RGBA; these are uint8 \(4, 4, 5\)"),
        (PHOTO[:0], ValueError, r"these are uint8 \(0, 192, 3\)"),
        (PHOTO / 255, ValueError, r"these are float64.*255 \* pixels"),
        ("https://example.com/a.jpg", ValueError, "is an address, not a file here. Fetch it first"),
        ("file:///home/a.jpg", ValueError, "Give the path that it names"),
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
    moved = (picture[..., 3] >= 128) != (truth == 1)  # soft edges follow the photo's
    assert moved.mean() < 0.001
    overlay = ask(service, "fetch", "analyze", png(PHOTO), format="overlay", opacity=1, accept="image/png")
    assert overlay.startswith(b"\x89PNG")
    assert b'"image_id":139' in ask(service, "fetch", "pose", png(PHOTO), format="coco", image_id=139)


def test_the_model_and_its_health(service: str, ask: Ask) -> None:
    model = ask(service, "model")
    assert [label.name for label in model.labels] == list(LABELS)
    assert (model.provider, model.lanes, model.metrics["mIoU"]) == ("cpu", 1, 1.0)
    assert (model.limits, model.max_people, model.detector) == ((), 20, None)
    assert ask(service, "health") is None


def test_the_model_s_detector(crowd: str, ask: Ask) -> None:
    detector = ask(crowd, "model").detector
    told = httpx.get(f"{crowd}/model").json()["detector"]
    assert (detector.name, detector.threshold, list(detector.limits)) == (
        told["name"], told["threshold"], told["limits"]
    )  # fmt: skip


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
    """Importable where only numpy and httpx are installed."""
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
    others = {"service", "fastapi", "starlette", "pydantic", "onnxruntime", "cv2", "PIL"}
    assert not others & set(modules.stdout.split())


def test_a_label_may_be_named_alone(service: str, ask: Ask) -> None:
    for labels in ("shirt", 1, "shirt,hair", ["shirt", 3]):
        names = [label.name for label in ask(service, "parse", png(PHOTO), labels=labels).labels]
        assert names == (["shirt"] if labels in ("shirt", 1) else ["shirt", "hair"])


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_boxes_may_be_an_array(service: str, ask: Ask, kind: type[np.generic]) -> None:
    boxes = [(20, 40, 80, 120), (100, 20, 80, 120)]
    array = np.array(boxes, kind)
    assert ask(service, "pose", png(PHOTO), boxes=array) == ask(service, "pose", png(PHOTO), boxes=boxes)
    assert ask(service, "pose", png(PHOTO), boxes=array[:0]) == ask(service, "pose", png(PHOTO))


@pytest.mark.parametrize("boxes", [(1, 2, 3, 4), [(1, 2, 3)], [(1, 2, 3, 4), (1, 2)], ["abcd"], "1,2,3,4"])
def test_what_are_no_boxes_is_not_sent(ask: Ask, boxes: object) -> None:
    with pytest.raises(ValueError, match="are no boxes"):
        ask("http://127.0.0.1:9", "pose", png(PHOTO), boxes=boxes)


def test_the_answer_knows_the_photo_that_it_is_about(service: str, ask: Ask, truth: npt.NDArray[np.uint8]) -> None:
    parsing = ask(service, "parse", PHOTO, labels="shirt")
    overlay = parsing.overlay(opacity=1)
    np.testing.assert_array_equal(overlay[truth == 1], np.broadcast_to(COLORS[1], (int((truth == 1).sum()), 3)))
    np.testing.assert_array_equal(overlay[truth != 1], PHOTO[truth != 1])


def test_everybody_in_a_photo(crowd: str, ask: Ask) -> None:
    scene = draw(Figure(40, 20, 80, 160), Figure(200, 60, 60, 180))
    analysis, parsing, pose = (ask(crowd, call, scene.png) for call in ("analyze", "parse", "pose"))
    assert [(person.index, person.box, person.score) for person in parsing.people] == [
        (1, (40, 20, 80, 160), 1.0),
        (2, (200, 60, 60, 180), 1.0),
    ]
    for person in parsing.people:
        assert [label.name for label in person.labels] == ["shirt", "trousers", "hair"]
    png_of_instances = ask(crowd, "fetch", "parse", scene.png, format="instances")
    instances = cv2.imdecode(np.frombuffer(png_of_instances, np.uint8), cv2.IMREAD_UNCHANGED)
    for answer in (parsing, analysis):
        np.testing.assert_array_equal(answer.instances, instances)
    assert [person.labels for person in analysis.people] == [person.labels for person in parsing.people]
    assert [person.keypoints for person in analysis.people] == [person.keypoints for person in pose.people]
    assert [person.index for person in pose.people] == [1, 2]
    shirts = [parsing.mask_of("shirt", person=index) for index in (1, 2)]
    np.testing.assert_array_equal(shirts[0] | shirts[1], parsing.mask_of("shirt"))
    assert not (shirts[0] & shirts[1]).any()
    assert shirts[1].sum() == parsing.people[1].labels[0].pixels


@pytest.mark.parametrize("call", ["parse", "pose", "analyze"])
def test_how_many_people_are_wanted(crowd: str, ask: Ask, call: str) -> None:
    scene = draw(Figure(40, 20, 80, 160), Figure(200, 60, 60, 180, 0.8))
    assert [person.box for person in ask(crowd, call, scene.png, people=1).people] == [(40, 20, 80, 160)]
    one = ask(crowd, call, scene.png, people="one")
    assert all(person.index is None for person in one.people)
    if call != "pose":
        assert one.instances is None
        with pytest.raises(ValueError, match="Nobody was looked for"):
            one.mask_of("shirt", person=1)
    with pytest.raises(jppnet.ProblemError, match="leave out one of the two"):
        ask(crowd, call, scene.png, people=2, boxes=[(40, 20, 80, 160)])


def test_nobody_in_a_photo(crowd: str, ask: Ask) -> None:
    for call in ("parse", "analyze"):
        answer = ask(crowd, call, draw().png)
        assert answer.people == ()
        assert answer.instances is not None
        assert not answer.instances.any()
