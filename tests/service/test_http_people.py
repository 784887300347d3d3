"""Everybody in a photo, through HTTP: scenes of figures that the toy detector finds and the toy model labels."""

import base64
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest

from service.api.request.answer_options import DEFAULT
from service.api.response.formats import ANALYZE, PARSE, Encode
from service.engine.detection.detector import PersonDetector
from service.engine.detection.session import Candidates, DetectorSession
from service.engine.engine import Engine
from service.engine.photo.analysis import Analysis
from service.engine.scheduling.lanes import Lanes
from service.engine.scheduling.pixel_budget import BYTES_PER_PIXEL
from service.imaging.decode import orient
from service.imaging.skeleton import bone_colors
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import ids_of
from tests.helpers.metric_samples import key, samples
from tests.helpers.oriented_files import exif, png_with_chunk
from tests.helpers.plain_rle import decode
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, Scene, draw, toy_detector_card, write_toy_detector
from tests.helpers.toy_model import png

Image = npt.NDArray[np.uint8]

LEFT, MIDDLE, RIGHT = Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9), Figure(300, 60, 50, 120, 0.7)
GROUP = draw(LEFT, MIDDLE, RIGHT)
IN_ORDER = (MIDDLE, LEFT, RIGHT)
"""The largest first."""
NUMBERS = (2, 1, 3)
"""Of these in ``GROUP.people``."""
NINE = draw(*(Figure(10 + 42 * (i % 9), 20 + 4 * i, 32, 120 + 4 * i) for i in range(9)))
FILLS = draw(Figure(20, 6, 216, 372), width=256, height=384)
NOBODY = draw()


@pytest.fixture(scope="module")
def detector_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_detector(tmp_path_factory.mktemp("detector") / "toy-detect.onnx", toy_detector_card())


@pytest.fixture(scope="module")
def people(toy_path: Path, detector_path: Path) -> Iterator[httpx.Client]:
    """A client of a server that looks for everybody."""
    settings = Settings(model=toy_path, detector=detector_path, provider="cpu", lanes=2, max_people=10)
    with serving(Engine.start(settings), settings) as client:
        yield client


@pytest.fixture(scope="module")
def plain(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server without a detector."""
    settings = Settings(model=toy_path)
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        yield client


def detecting(toy_path: Path, detector_path: Path, **values: Any) -> Engine:
    """An engine of one lane that looks for everybody, started without being measured."""
    detector = PersonDetector.start(detector_path, "cpu")
    return gated_engine(GatedSession(toy_path), Settings(model=toy_path, **values), detector=detector)


def post(client: httpx.Client, call: str, scene: Scene) -> Any:
    answer = client.post(call, content=scene.png)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.content


def plane_of(data: bytes) -> Image:
    """The pixel values of a grey PNG."""
    plane = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert plane is not None
    assert plane.ndim == 2
    return np.asarray(plane, np.uint8)


def mask_and_instances(answer: dict[str, Any]) -> tuple[Image, Image]:
    return ids_of(base64.b64decode(answer["mask"])), plane_of(base64.b64decode(answer["instances"]))


def grown(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8)) > 0


def shrunk(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    return ~grown(~mask, by)


def assert_shows(found: Image, truth: Image, within: int = 6) -> None:
    """That a map of ids is a scene's, but for the outlines, which lie within so many pixels of where they should: a
    crop's cell of the label grid is up to 8 pixels of the photo."""
    assert found.shape == truth.shape
    for value in np.unique(truth):
        inner = shrunk(truth == value, within)
        assert (found[inner] == value).all(), f"{value} is not where it should be"


def assert_is_group(answer: dict[str, Any]) -> None:
    """That everybody of the group is in an answer, in order."""
    people = answer["people"]
    assert [person["index"] for person in people] == [1, 2, 3]
    assert [person["box"] for person in people] == [figure.box for figure in IN_ORDER]
    # The detector's and the labels' are the figure's; the joints' is 1.
    scores = [(2 * figure.score + 1) / 3 for figure in IN_ORDER]
    assert [person["score"] for person in people] == pytest.approx(scores, abs=0.005)


def ordered(scene: Scene, numbers: tuple[int, ...]) -> Image:
    """Whose each pixel of a scene is, by the order of the answer."""
    table = np.zeros(256, np.uint8)
    table[list(numbers)] = range(1, len(numbers) + 1)
    return table[scene.people]


def test_everybody_has_a_box_a_score_and_joints_of_their_own(people: httpx.Client) -> None:
    answer = post(people, "/pose", GROUP)
    assert_is_group(answer)
    for person, figure in zip(answer["people"], IN_ORDER, strict=True):
        head = person["keypoints"][2]
        assert head["x"] == pytest.approx(figure.x + figure.width / 2, abs=4)
        assert head["y"] == pytest.approx(figure.y + figure.height / 8, abs=4)
        assert head["score"] == 1


def test_every_pixel_has_its_label_and_its_person(people: httpx.Client) -> None:
    answer = post(people, "/analyze", GROUP)
    assert_is_group(answer)
    mask, instances = mask_and_instances(answer)
    assert_shows(mask, GROUP.labels)
    assert_shows(instances, ordered(GROUP, NUMBERS))
    np.testing.assert_array_equal(mask > 0, instances > 0)
    for person in answer["people"]:
        own = np.where(instances == person["index"], mask, 0)
        assert [label["name"] for label in person["labels"]] == ["shirt", "trousers", "hair"]
        for label in person["labels"]:
            rows, columns = np.nonzero(own == label["id"])
            assert label["pixels"] == len(rows)
            assert label["box"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert label["share"] == pytest.approx(len(rows) / own.size, abs=1e-6)


def test_parsing_says_whose_each_part_is(people: httpx.Client) -> None:
    answer = post(people, "/parse?format=json", GROUP)
    assert_is_group(answer)
    assert "keypoints" not in answer["people"][0]
    assert answer["people"][1]["labels"] == post(people, "/analyze", GROUP)["people"][1]["labels"]


def test_instances_as_a_picture_and_as_run_lengths_are_those_of_json(people: httpx.Client) -> None:
    answer = post(people, "/parse?format=json", GROUP)
    instances = plane_of(base64.b64decode(answer["instances"]))
    np.testing.assert_array_equal(plane_of(post(people, "/parse?format=instances", GROUP)), instances)
    lengths = post(people, "/analyze?mask=rle", GROUP)
    assert "instances" not in lengths
    coco = post(people, "/parse?format=coco&image_id=7", GROUP)
    for number, (person, result) in enumerate(zip(lengths["people"], coco, strict=True), 1):
        rle = person["rle"]
        assert rle["size"] == [256, 384]
        np.testing.assert_array_equal(decode(rle["counts"], *rle["size"]), instances == number)
        assert result == {
            "image_id": 7,
            "category_id": 1,
            "bbox": person["box"],
            "score": person["score"],
            "segmentation": rle,
        }


def test_only_wanted_labels_are_anybodys(people: httpx.Client) -> None:
    answer = post(people, "/parse?format=json&labels=hair", GROUP)
    mask, instances = mask_and_instances(answer)
    np.testing.assert_array_equal(mask > 0, instances > 0)
    assert set(np.unique(mask)) == {0, 3}
    assert [[label["name"] for label in person["labels"]] for person in answer["people"]] == [["hair"]] * 3


def test_coco_key_points_have_a_result_a_person(people: httpx.Client) -> None:
    assert [result["bbox"] for result in post(people, "/pose?format=coco", GROUP)] == [f.box for f in IN_ORDER]


def test_where_nobody_is_nobody_is_answered(people: httpx.Client) -> None:
    answer = post(people, "/analyze", NOBODY)
    assert answer["people"] == []
    assert [label["name"] for label in answer["labels"]] == ["background"]
    assert answer["labels"][0]["share"] == 1
    for call in ("/parse", "/parse?format=instances"):
        assert not cv2.imdecode(np.frombuffer(post(people, call, NOBODY), np.uint8), cv2.IMREAD_GRAYSCALE).any()
    assert post(people, "/parse?format=coco", NOBODY) == []
    assert post(people, "/pose?format=coco", NOBODY) == []
    for call in ("/parse?format=overlay", "/pose?format=overlay", "/analyze?format=overlay", "/parse?format=cutout"):
        assert post(people, call, NOBODY)


def test_who_scores_below_the_threshold_is_nobody(people: httpx.Client) -> None:
    assert post(people, "/pose", draw(Figure(20, 40, 60, 160, 0.25)))["people"] == []


@pytest.mark.parametrize(("most", "found"), [(1, [LEFT]), (2, [MIDDLE, LEFT]), (3, IN_ORDER), (50, IN_ORDER)])
def test_of_so_many_the_surest_are_answered(people: httpx.Client, most: int, found: list[Figure]) -> None:
    answer = post(people, f"/pose?people={most}", GROUP)
    assert [person["box"] for person in answer["people"]] == [figure.box for figure in found]
    assert [person["index"] for person in answer["people"]] == list(range(1, len(found) + 1))


def test_no_more_people_are_answered_than_the_settings_say(toy_path: Path, detector_path: Path) -> None:
    engine = detecting(toy_path, detector_path, max_people=2)
    with serving(engine, Settings()) as client:
        assert len(post(client, "/pose", GROUP)["people"]) == 2
        assert len(post(client, "/pose?people=3", GROUP)["people"]) == 2


def test_who_stands_before_another_keeps_their_pixels(people: httpx.Client) -> None:
    behind, before = Figure(100, 20, 120, 200), Figure(170, 50, 100, 200)
    scene = draw(behind, before)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [behind.box, before.box]
    instances = plane_of(base64.b64decode(answer["instances"]))
    by_box = {tuple(person["box"]): person["index"] for person in answer["people"]}
    for number, figure in enumerate((behind, before), 1):
        torso = np.zeros_like(scene.people, np.bool_)
        middle = figure.x + figure.width // 2
        torso[figure.y + 60 : figure.y + 120, middle - 20 : middle + 20] = True
        own = torso & (scene.people == number)
        index = next(i for box, i in by_box.items() if box[0] == figure.x)
        assert (instances[own] == index).mean() > 0.95
    assert_shows(ids_of(base64.b64decode(answer["mask"])), scene.labels)


def test_people_side_by_side_are_told_apart(people: httpx.Client) -> None:
    scene = draw(Figure(100, 20, 80, 200), Figure(180, 20, 80, 202))
    instances = plane_of(post(people, "/parse?format=instances", scene))
    assert_shows(instances, ordered(scene, (2, 1)), within=8)


@pytest.mark.parametrize("figure", [Figure(0, 40, 60, 160), Figure(324, 96, 60, 160), Figure(160, 0, 60, 100)])
def test_a_person_at_the_rim_is_whole(people: httpx.Client, figure: Figure) -> None:
    scene = draw(figure)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [figure.box]
    instances = plane_of(base64.b64decode(answer["instances"]))
    assert (instances[scene.people > 0] == 1).mean() > 0.9
    rim = scene.people[[0, -1]].any() or scene.people[:, [0, -1]].any()
    assert rim
    assert ((instances > 0) & ~grown(scene.people > 0, 8)).sum() == 0


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photo_has_the_answer_of_the_upright_one(people: httpx.Client, orientation: int) -> None:
    stored = orient(GROUP.photo, {6: 8, 8: 6}.get(orientation, orientation))  # the inverse turn
    turned = png_with_chunk(png(stored), b"eXIf", exif(orientation))
    answer = people.post("/analyze", content=turned)
    assert answer.json() == post(people, "/analyze", GROUP)


@pytest.mark.parametrize("size", [(1536, 1024), (768, 512)])
def test_a_large_jpeg_is_decoded_small_for_detector_and_crops_alike(
    people: httpx.Client, size: tuple[int, int]
) -> None:
    large = cv2.resize(GROUP.photo, size, interpolation=cv2.INTER_NEAREST)
    data = cv2.imencode(".png", large[..., ::-1])[1].tobytes()
    answer = people.post("/analyze", content=data).json()
    scale = size[0] // 384
    assert [person["box"] for person in answer["people"]] == [[scale * side for side in f.box] for f in IN_ORDER]


def test_a_photo_that_one_person_fills_is_not_decoded_again(toy_path: Path, detector_path: Path) -> None:
    session = GatedSession(toy_path)
    settings = Settings(model=toy_path)
    engine = gated_engine(session, settings, detector=PersonDetector.start(detector_path, "cpu"))
    decoded: list[object] = []
    decode = engine.decoder.decode

    def counted(*arguments: Any, **options: Any) -> list[Image]:
        decoded.append(arguments)
        return decode(*arguments, **options)

    engine.decoder.decode = counted  # type: ignore[method-assign]
    with serving(engine, settings) as client:
        answer = post(client, "/analyze", FILLS)
        assert (len(decoded), session.batches) == (1, [1])
        assert [person["box"] for person in answer["people"]] == [[20, 6, 216, 372]]
        assert_shows(plane_of(base64.b64decode(answer["instances"])), FILLS.people, within=14)
        post(client, "/analyze", draw(Figure(40, 20, 60, 120)))
        assert (len(decoded), session.batches) == (3, [1, 1]), "somebody small is cropped, and run once"
        post(client, "/analyze", NOBODY)
        assert (len(decoded), session.batches) == (4, [1, 1]), "for nobody the model does not run"


def test_who_fills_a_photo_beside_somebody_smaller_is_seen_with_all_of_it(toy_path: Path, detector_path: Path) -> None:
    scene = draw(Figure(10, 6, 160, 372), Figure(180, 60, 60, 180), width=256, height=384)
    session = GatedSession(toy_path)
    engine = gated_engine(session, Settings(model=toy_path), detector=PersonDetector.start(detector_path, "cpu"))
    with serving(engine, Settings(model=toy_path)) as client:
        answer = post(client, "/analyze", scene)
        found = samples(client)
    assert [person["box"] for person in answer["people"]] == [[10, 6, 160, 372], [180, 60, 60, 180]]
    assert_shows(plane_of(base64.b64decode(answer["instances"])), scene.people, within=14)
    assert session.batches == [1, 1]
    assert found[key("photo_runs_sum")] == 2


def test_people_are_in_order_also_if_not_the_largest_fills_the_photo(people: httpx.Client) -> None:
    broad, tall = Figure(60, 100, 150, 230), Figure(4, 4, 24, 376)
    scene = draw(broad, tall, width=256, height=384)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [broad.box, tall.box]
    instances = plane_of(base64.b64decode(answer["instances"]))
    for person, figure in zip(answer["people"], (broad, tall), strict=True):
        middle = instances[figure.y + figure.height // 2, figure.x + figure.width // 2]
        assert middle == person["index"]


def test_whom_the_model_does_not_see_is_there_without_labels(people: httpx.Client) -> None:
    unseen = Figure(150, 10, 100, 230)
    scene = draw(unseen, LEFT, RIGHT)
    scene.photo[scene.people == 1, 0] = 32  # the detector's, and to the model background
    answer = post(people, "/analyze", scene)
    boxes = [(person["index"], person["box"]) for person in answer["people"]]
    assert boxes == [(1, unseen.box), (2, LEFT.box), (3, RIGHT.box)]
    assert [bool(person["labels"]) for person in answer["people"]] == [False, True, True]
    instances = plane_of(base64.b64decode(answer["instances"]))
    assert_shows(instances, np.array([0, 0, 2, 3], np.uint8)[scene.people])


def test_bystanders_are_left_out(people: httpx.Client) -> None:
    main, beside, far = Figure(60, 10, 120, 240), Figure(200, 60, 40, 124), Figure(300, 40, 34, 100)
    assert [f.width * f.height / (384 * 256) > 0.05 for f in (main, beside, far)] == [True, True, False]
    scene = draw(main, beside, far)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [main.box, beside.box]
    assert not plane_of(base64.b64decode(answer["instances"]))[scene.people == 3].any()
    alone = post(people, "/pose", draw(far))["people"]
    assert [person["box"] for person in alone] == [far.box], "alone, somebody small is meant"
    among = post(people, "/pose", draw(beside, far))["people"]
    assert [person["box"] for person in among] == [beside.box, far.box], "and among others who are not much larger"


def test_who_is_small_and_unclear_beside_somebody_is_left_out_after_the_run(
    toy_path: Path, detector_path: Path
) -> None:
    main, unclear = Figure(60, 10, 120, 240), Figure(200, 60, 60, 130, 0.4)
    assert 0.15 < unclear.width * unclear.height / (main.width * main.height) < 0.3, "it is the score that tells"
    with serving(detecting(toy_path, detector_path), Settings()) as client:
        scene = draw(main, unclear._replace(score=0.9))
        clear = post(client, "/analyze", scene)
        assert [person["box"] for person in clear["people"]] == [main.box, unclear.box]
        scene.photo[scene.people == 2, 1] = round(255 * unclear.score)
        scene.photo[scene.people == 2, 0] = 32  # to the model background: neither labels nor joints
        answer = post(client, "/analyze", scene)
        found = samples(client)
    assert [person["box"] for person in answer["people"]] == [main.box]
    mask, instances = mask_and_instances(answer)
    assert set(np.unique(instances)) == {0, 1}
    np.testing.assert_array_equal(mask > 0, instances > 0)
    assert found[key("photo_people_sum")] == 3
    assert found[key("photo_runs_sum")] == 4, "the runs were made"


@pytest.mark.parametrize(
    "encode",
    [
        PARSE["cutout"]["image/png"],
        PARSE["overlay"]["image/png"],
        ANALYZE["overlay"]["image/jpeg"],
        ANALYZE["json"]["application/json"],
    ],
    ids=["cutout", "overlay", "everything", "json"],
)
def test_the_answers_of_a_group_take_the_memory_that_they_count_for(
    toy_path: Path, detector_path: Path, encode: Encode
) -> None:
    scene = draw(Figure(10, 10, 160, 230), Figure(120, 20, 140, 230), Figure(220, 4, 160, 250))
    large = cv2.resize(scene.photo, (1536, 1024), interpolation=cv2.INTER_NEAREST)
    engine = detecting(toy_path, detector_path, isolate_decoding=False)

    def traced(analysis: Analysis) -> tuple[int, int]:
        tracemalloc.start()  # it knows of OpenCV's results, which are arrays of NumPy's
        encode(analysis, DEFAULT)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, len(analysis.people)

    most, count = engine.analyze_here(png(large), traced)
    engine.close()
    assert count == 3
    assert most / (1536 * 1024) < BYTES_PER_PIXEL


CALLS = (
    "/parse", "/parse?format=ids", "/parse?format=overlay", "/parse?format=cutout", "/parse?format=json",
    "/parse?format=json&mask=rle", "/parse?format=hf", "/pose", "/pose?format=coco", "/pose?format=overlay", "/analyze",
    "/analyze?format=overlay",
)  # fmt: skip


@pytest.mark.parametrize("scene", [GROUP, FILLS, NOBODY, draw(LEFT)], ids=["group", "fills", "nobody", "small"])
def test_one_is_byte_for_byte_the_answer_of_a_service_without_a_detector(
    people: httpx.Client, plain: httpx.Client, scene: Scene
) -> None:
    for call in CALLS:
        joined = f"{call}{'&' if '?' in call else '?'}"
        expected = post(plain, call, scene)
        assert post(people, f"{joined}people=one", scene) == expected
        assert post(plain, f"{joined}people=3", scene) == expected


def test_boxes_are_as_they_were(people: httpx.Client, plain: httpx.Client) -> None:
    boxes = "box=20,40,60,160&box=150,20,80,220"
    for call in (f"/analyze?{boxes}", f"/parse?{boxes}", f"/parse?format=json&{boxes}"):
        assert post(people, call, GROUP) == post(plain, call, GROUP)
    instances = plane_of(post(people, f"/parse?format=instances&{boxes}", GROUP))
    assert_shows(instances, np.where(GROUP.people == 3, 0, GROUP.people))


@pytest.mark.parametrize("choice", ["auto", "one", "3"])
def test_boxes_and_people_are_refused_together(people: httpx.Client, choice: str) -> None:
    answer = people.post(f"/pose?box=1,2,30,40&people={choice}", content=GROUP.png)
    assert_problem(answer, 422, "boxes-and-people", f"box= and people={choice}")


@pytest.mark.parametrize("choice", ["0", "-1", "all", "1.5", "", "1" * 5000, "²"])
def test_what_is_no_number_of_people_is_named(people: httpx.Client, choice: str) -> None:
    answer = people.post("/pose", params={"people": choice}, content=GROUP.png)
    assert_problem(answer, 422, "invalid-request", "query people: Input should be auto, one, or a number from 1")


def test_other_people_are_another_answer(people: httpx.Client) -> None:
    tags = {people.post(f"/pose?people={who}", content=GROUP.png).headers["ETag"] for who in ("auto", "one", 1, 2)}
    assert len(tags) == 4
    auto = people.post("/pose", content=GROUP.png).headers["ETag"]
    assert auto in tags
    assert people.post("/pose", content=GROUP.png, headers={"If-None-Match": auto}).status_code == 304


@pytest.mark.parametrize("call", ["/parse?format=overlay&opacity=0", "/pose?format=overlay", "/analyze?format=overlay"])
def test_of_several_people_each_has_an_outline_of_another_colour(people: httpx.Client, call: str) -> None:
    answer = people.post(call, content=GROUP.png, headers={"Accept": "image/png"})
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    for color, number in zip(bone_colors(3), NUMBERS, strict=True):
        drawn = (picture == color).all(axis=2)
        near = grown(GROUP.people == number, 10)
        assert (drawn & near).sum() > 20
        assert color in bone_colors(2) or not (drawn & ~near).any()


def test_one_person_has_no_outline(people: httpx.Client) -> None:
    scene = draw(LEFT)
    answer = people.post("/parse?format=overlay&opacity=0", content=scene.png, headers={"Accept": "image/png"})
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(picture, scene.photo)


def test_the_model_names_its_detector(people: httpx.Client, plain: httpx.Client) -> None:
    assert plain.get("/model").json()["detector"] is None
    answer = people.get("/model").json()
    assert answer["max_people"] == 10
    assert {name: answer["detector"][name] for name in ("name", "version", "license", "input_side", "threshold")} == {
        "name": "toy-detect",
        "version": "0.1",
        "license": "CC0-1.0",
        "input_side": 157,
        "threshold": 0.3,
    }


def test_people_runs_and_the_detectors_time_are_counted(toy_path: Path, detector_path: Path) -> None:
    with serving(detecting(toy_path, detector_path), Settings()) as client:
        answer = client.post("/pose", content=GROUP.png)
        assert "detect;dur=" in answer.headers["Server-Timing"]
        assert "detect" not in client.post("/pose?people=one", content=GROUP.png).headers["Server-Timing"]
        post(client, "/pose", NOBODY)
        found = samples(client)
    assert (found[key("photo_people_sum")], found[key("photo_people_count")]) == (3, 2)
    assert found[key("photo_runs_count")] == 3
    assert found[key("photo_runs_sum")] == found[key("batch_photos_sum")]
    assert found[key("stage_seconds_count", stage="detect")] == 2
    assert found[key("stage_seconds_count", stage="decode")] == 3


@pytest.mark.parametrize("on_device", [False, True], ids=["in the pool", "in a lane of its own"])
def test_where_the_pool_decodes_the_answers_are_the_same(
    people: httpx.Client, toy_path: Path, detector_path: Path, on_device: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GatedSession, "threads", 2)
    detector = PersonDetector.start(detector_path, "cpu")
    if on_device:
        detector = PersonDetector(detector.session, Lanes([detector.session], 4, DetectorSession.check, "detector"))
    settings = Settings(model=toy_path)
    with serving(gated_engine(GatedSession(toy_path), settings, 4, detector), settings) as client:
        for scene in (GROUP, FILLS, NOBODY):
            assert post(client, "/analyze", scene) == post(people, "/analyze", scene)


@pytest.mark.parametrize("place", ["lane", "pool", "device", "heavy", "no server"])
def test_who_fills_a_photo_is_found_by_one_small_run_and_others_by_a_second(
    toy_path: Path, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But on a device of its own one run finds everybody."""
    inputs: list[tuple[int, int]] = []

    class Counted(DetectorSession):
        def _run_batch(self, images: Sequence[Image]) -> list[Candidates]:
            inputs.extend((image.shape[1], image.shape[0]) for image in images)
            return super()._run_batch(images)

    session = Counted(write_toy_detector(tmp_path / "d.onnx", toy_detector_card(side=314)), "cpu")
    lanes = Lanes([session], 4, DetectorSession.check, "detector") if place == "device" else None
    monkeypatch.setattr(GatedSession, "threads", 1 if place == "lane" else 2)
    if place == "heavy":
        monkeypatch.setattr("service.engine.pipeline.HEAVY_PIXELS", 1000)
    settings = Settings(model=toy_path)
    engine = gated_engine(GatedSession(toy_path), settings, 4, PersonDetector(session, lanes))
    small, large = (160, 96), (384, 256)
    expected = {
        "fills": [large[::-1]] if place == "device" else [small[::-1]],
        "group": [large] if place == "device" else [small, large],
    }
    with serving(engine, settings) as client:
        for name, scene, boxes in (("fills", FILLS, [[20, 6, 216, 372]]), ("group", GROUP, [f.box for f in IN_ORDER])):
            inputs.clear()
            if place == "no server":
                people = engine.analyze_here(scene.png, lambda analysis: analysis.people)
                assert len(people) == len(boxes)
            else:
                found = [person["box"] for person in post(client, "/pose", scene)["people"]]
                assert found == [pytest.approx(box, abs=3 if inputs == [small[::-1]] else 0) for box in boxes]
            assert inputs == expected[name]


def test_heavy_work_has_the_same_answer(
    people: httpx.Client, toy_path: Path, detector_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.engine.pipeline.HEAVY_PIXELS", 1000)
    with serving(detecting(toy_path, detector_path), Settings()) as client:
        for scene in (GROUP, FILLS, NOBODY):
            assert post(client, "/analyze", scene) == post(people, "/analyze", scene)


def test_files_without_a_server_have_the_same_answer(people: httpx.Client, toy_path: Path, detector_path: Path) -> None:
    engine = detecting(toy_path, detector_path, queue_size=1)
    for scene in (GROUP, NOBODY, NINE):
        instances = engine.analyze_here(scene.png, lambda analysis: analysis.instances)
        np.testing.assert_array_equal(instances, plane_of(post(people, "/parse?format=instances", scene)))
    one = engine.analyze_here(GROUP.png, lambda analysis: len(analysis.people), people="one")
    assert one == 1
    engine.close()
