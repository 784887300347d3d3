"""Models for parsing alone and for pose alone: served for what they know, and a problem for what they do not."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import onnx
import pytest

import jppnet
from service.engine.engine import Engine
from service.engine.errors import StartError
from service.engine.model import session as sessions
from service.engine.photo.analysis import Analysis
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.commands import run_command
from tests.helpers.masks import BOXES, PHOTO, assert_is_mask_of, ids_of
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw
from tests.helpers.toy_model import JOINTS, parsing_card, png, pose_card, toy_card, write_toy_model

T = TypeVar("T")

GROUP = draw(Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9))


@pytest.fixture(scope="module")
def parsing_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_model(tmp_path_factory.mktemp("model") / "parser.onnx", parsing_card())


@pytest.fixture(scope="module")
def pose_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_model(tmp_path_factory.mktemp("model") / "poser.onnx", pose_card())


@pytest.fixture(scope="module")
def parser(parsing_path: Path, detector_path: Path) -> Iterator[httpx.Client]:
    settings = Settings(model=parsing_path, detector=detector_path, provider="cpu", lanes=1)
    with serving(Engine.start(settings), settings) as client:
        yield client


@pytest.fixture(scope="module")
def poser(pose_path: Path, detector_path: Path) -> Iterator[httpx.Client]:
    settings = Settings(model=pose_path, detector=detector_path, provider="cpu", lanes=1)
    with serving(Engine.start(settings), settings) as client:
        yield client


def post(client: httpx.Client, call: str, photo: bytes) -> Any:
    answer = client.post(call, content=photo)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.content


def shown(picture: bytes) -> npt.NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert image is not None
    return np.asarray(image, np.uint8)


class TestParsingAlone:
    def test_the_mask_is_answered(self, parser: httpx.Client) -> None:
        assert_is_mask_of(ids_of(post(parser, "/parse?people=one", png(PHOTO))), PHOTO)

    @pytest.mark.parametrize("query", ["", "?format=coco", "?format=overlay", "?box=0,0,9,9"])
    def test_pose_says_why_not(self, query: str, parser: httpx.Client) -> None:
        answer = parser.post(f"/pose{query}", content=png(PHOTO))
        assert_problem(answer, 404, "no-joints", "The model toy is for parsing alone: it has no joints.")

    def test_analyze_gives_people_without_key_points(self, parser: httpx.Client) -> None:
        answer = post(parser, "/analyze?people=one", png(PHOTO))
        assert answer["skeleton"] == []
        (person,) = answer["people"]
        assert person["keypoints"] == []
        assert person["score"] == 1  # the mean confidence of what is labelled
        assert_is_mask_of(ids_of(base64.b64decode(answer["mask"])), PHOTO)

    def test_everybody_is_found_by_the_detector_and_has_labels(self, parser: httpx.Client) -> None:
        answer = post(parser, "/analyze", GROUP.png)
        assert [person["box"] for person in answer["people"]] == [[150, 20, 80, 220], [20, 40, 60, 160]]
        for person in answer["people"]:
            assert person["keypoints"] == []
            assert [label["name"] for label in person["labels"]] == ["shirt", "trousers", "hair"]
        assert answer["instances"]

    def test_a_score_of_a_box_is_the_confidence_of_its_labels(self, parser: httpx.Client) -> None:
        unsure = PHOTO.copy()
        unsure[..., 1] = 102
        (person,) = post(parser, "/analyze?box=30,10,100,236", png(unsure))["people"]
        assert (person["score"], person["region"]) == (0.4, 0)

    def test_an_overlay_has_no_bones(self, parser: httpx.Client) -> None:
        both = [post(parser, f"{call}format=overlay&people=one", png(PHOTO)) for call in ("/analyze?", "/parse?")]
        np.testing.assert_array_equal(*map(shown, both))

    def test_the_model_says_so(self, parser: httpx.Client) -> None:
        model = parser.get("/model").json()
        assert model["joints"] == model["joint_flip_pairs"] == model["skeleton"] == []
        assert model["coco_categories"][0]["keypoints"] == []
        assert (model["version"], model["license"]) == ("not stated", "not stated")
        assert model["synonyms"] == {"Torso": [1], "body": [1, 2], "trousers": [1]}

    def test_the_python_client_reads_its_answers(self, parser: httpx.Client) -> None:
        with jppnet.Client(str(parser.base_url)) as client:
            assert client.model().joints == ()
            assert [person.keypoints for person in client.analyze(GROUP.png).people] == [(), ()]
            with pytest.raises(jppnet.ProblemError, match="has no joints"):
                client.pose(png(PHOTO))

    def test_it_is_not_asked_for_joints_on_the_command_line(self, parsing_path: Path, tmp_path: Path) -> None:
        photo = tmp_path / "photo.png"
        photo.write_bytes(png(PHOTO))
        options = ("--model", parsing_path, "--provider", "cpu", "--out")
        assert command("parse", photo, *options, tmp_path / "masks") == 0
        assert_is_mask_of(ids_of((tmp_path / "masks" / "photo.png").read_bytes()), PHOTO)
        assert command("pose", photo, *options, tmp_path / "poses") == 2

    def test_a_service_that_has_none_ends_the_command(self, parser: httpx.Client, tmp_path: Path) -> None:
        photos = tmp_path / "photos"
        photos.mkdir()
        for name in "ab":
            (photos / f"{name}.png").write_bytes(png(PHOTO))
        assert command("pose", photos, "--server", parser.base_url, "--out", tmp_path / "poses") == 1
        assert not (tmp_path / "poses" / "failed.tsv").exists()  # it is no photo's fault

    def test_a_row_of_many_photos_has_no_key_points(self, parsing_path: Path) -> None:
        row = row_here(parsing_path)
        assert [person["keypoints"] for person in row["people"]] == [[]]
        assert [label["name"] for label in row["labels"]] == ["background", "shirt", "trousers", "hair"]


class TestPoseAlone:
    def test_joints_are_answered(self, poser: httpx.Client) -> None:
        (person,) = post(poser, "/pose?people=one", png(PHOTO))["people"]
        x, y, width, height = BOXES[1]
        chest = person["keypoints"][0]
        assert (chest["name"], chest["x"], chest["y"]) == ("chest", x + width / 2 - 0.5, y + height / 2 - 0.5)

    @pytest.mark.parametrize("query", ["", "?format=json", "?format=coco", "?labels=hair"])
    def test_parse_says_why_not(self, query: str, poser: httpx.Client) -> None:
        answer = poser.post(f"/parse{query}", content=png(PHOTO))
        assert_problem(answer, 404, "no-labels", "The model toy 1.2 is for pose alone: it has no labels")

    def test_labels_cannot_be_chosen(self, poser: httpx.Client) -> None:
        assert_problem(poser.post("/analyze?labels=hair", content=png(PHOTO)), 404, "no-labels", "it has no labels")

    @pytest.mark.parametrize("query", ["people=one", "people=auto", "people=auto&mask=rle", "box=130,10,120,240"])
    def test_analyze_gives_people_without_labels(self, query: str, poser: httpx.Client) -> None:
        answer = post(poser, f"/analyze?{query}", GROUP.png)
        assert answer["labels"] == []
        assert answer["people"]
        assert not answer.keys() & {"mask", "instances", "regions"}
        for person in answer["people"]:
            assert len(person["keypoints"]) == len(JOINTS)
            assert not person.keys() & {"labels", "rle"}

    def test_everybody_is_found_by_the_detector(self, poser: httpx.Client) -> None:
        people = post(poser, "/pose", GROUP.png)["people"]
        assert [person["box"] for person in people] == [[150, 20, 80, 220], [20, 40, 60, 160]]
        assert [person["index"] for person in people] == [1, 2]

    @pytest.mark.parametrize("photo", [png(PHOTO), GROUP.png], ids=["one", "two"])
    def test_an_overlay_has_bones_alone(self, photo: bytes, poser: httpx.Client) -> None:
        both = [post(poser, f"{call}?format=overlay", photo) for call in ("/analyze", "/pose")]
        np.testing.assert_array_equal(*map(shown, both))

    def test_the_python_client_reads_its_answers(self, poser: httpx.Client) -> None:
        with jppnet.Client(str(poser.base_url)) as client:
            assert client.model().labels == ()
            assert len(client.pose(GROUP.png).people[0].keypoints) == len(JOINTS)
            assert not client.analyze(GROUP.png).mask.any()

    def test_a_row_of_many_photos_has_no_labels(self, pose_path: Path) -> None:
        row = row_here(pose_path)
        assert [len(person["keypoints"]) for person in row["people"]] == [len(JOINTS)]
        assert row["labels"] == []


class TestLabelsBySynonym:
    """`labels=` of a parser whose card maps other names to its own."""

    @pytest.mark.parametrize(
        ("asked", "ids"),
        [
            ("torso", {1}),
            ("Body", {1, 2}),
            ("BODY,3", {1, 2, 3}),
            ("trousers", {2}),  # a label's own name comes first
            ("hair,torso", {1, 3}),
        ],
    )
    def test_it_stands_for_its_labels(self, asked: str, ids: set[int], parser: httpx.Client) -> None:
        mask = ids_of(post(parser, f"/parse?people=one&labels={asked}", png(PHOTO)))
        assert set(np.unique(mask).tolist()) - {0} == ids

    def test_an_unknown_name_is_answered_with_those_that_there_are(self, parser: httpx.Client) -> None:
        answer = parser.post("/parse?labels=cape", content=png(PHOTO))
        assert_problem(answer, 422, "unknown-label", "0 to 3; or, by synonyms, Torso, body, trousers.")


def command(*arguments: object) -> int:
    """Runs the command line in this process; gives its exit status."""
    with pytest.raises(SystemExit) as end:
        run_command("service.cli", *arguments)
    return int(end.value.code or 0)


def answer_here(model: Path, encode: Callable[[Analysis], T]) -> T:
    """What an engine of a model makes of :data:`PHOTO`."""
    engine = Engine.start(Settings(model=model, provider="cpu", lanes=1, threads=1, max_batch=1))
    try:
        return engine.analyze_here(png(PHOTO), encode)
    finally:
        engine.close()


def row_here(model: Path) -> dict[str, Any]:
    """What a run over many photos writes of :data:`PHOTO`."""
    rows = pytest.importorskip("service.scale.bulk.rows", exc_type=ImportError, reason="the extra scale is missing")
    return answer_here(model, lambda analysis: rows.answer_row("photo.png", analysis))


def replace_card(path: Path, card: dict[str, Any]) -> None:
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"jppnet.card": json.dumps(card)})
    onnx.save(model, path)


@pytest.mark.parametrize("card", [parsing_card, pose_card])
def test_runs_through_buffers_as_on_a_gpu(
    card: Callable[[], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_BUFFERED", {"cpu": "cpu"})
    path = write_toy_model(tmp_path / "toy.onnx", card())
    assert len(answer_here(path, lambda analysis: analysis.people)) == 1


@pytest.mark.parametrize(
    ("file", "card"),
    [(toy_card, parsing_card), (toy_card, pose_card), (parsing_card, toy_card), (pose_card, toy_card)],
)
def test_a_card_that_speaks_of_other_outputs_than_the_file_has_is_refused(
    file: Callable[[], dict[str, Any]], card: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    path = write_toy_model(tmp_path / "toy.onnx", file())
    replace_card(path, card())
    with pytest.raises(StartError, match=r"shapes .* came back instead of .*export the model anew"):
        answer_here(path, lambda analysis: analysis.people)
