"""The ways of a photo with people through the engine: what is decoded and run, where, how often, and that answers
are the same."""

import base64
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from service.api.request.answer_options import DEFAULT
from service.api.response.formats import ANALYZE, PARSE, Encode
from service.engine.detection.detector import PersonDetector
from service.engine.detection.session import Candidates, DetectorSession
from service.engine.photo.analysis import Analysis
from service.engine.scheduling.lanes import Lanes
from service.engine.scheduling.pixel_budget import BYTES_PER_PIXEL
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.metric_samples import key, samples
from tests.helpers.scenes import (
    FILLS,
    GROUP,
    IN_ORDER,
    NINE,
    NOBODY,
    Image,
    assert_shows,
    detecting,
    plane_of,
    post,
)
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw, toy_detector_card, write_toy_detector
from tests.helpers.toy_model import png


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
