"""Who of the people in a photo is answered: by the call's options, the settings, and what the detector and the model
say."""

import base64
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.metric_samples import key, samples
from tests.helpers.scenes import (
    FILLS,
    GROUP,
    IN_ORDER,
    LEFT,
    MIDDLE,
    NOBODY,
    assert_shows,
    detecting,
    mask_and_instances,
    plane_of,
    post,
)
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, Scene, draw


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


def test_who_is_small_and_unclear_beside_a_portrait_is_left_out_before_the_run(
    toy_path: Path, detector_path: Path
) -> None:
    main, unclear = Figure(60, 10, 132, 240), Figure(204, 60, 56, 130, 0.6)
    assert main.width * main.height / (384 * 256) > 0.3
    assert 0.15 < unclear.width * unclear.height / (main.width * main.height) < 0.25, "it is the score that tells"
    with serving(detecting(toy_path, detector_path), Settings()) as client:
        scene = draw(main, unclear._replace(score=0.95))
        clear = post(client, "/analyze", scene)
        assert [person["box"] for person in clear["people"]] == [main.box, unclear.box]
        scene.photo[scene.people == 2, 1] = round(255 * unclear.score)
        answer = post(client, "/analyze", scene)
        found = samples(client)
    assert [person["box"] for person in answer["people"]] == [main.box]
    mask, instances = mask_and_instances(answer)
    assert set(np.unique(instances)) == {0, 1}
    np.testing.assert_array_equal(mask > 0, instances > 0)
    assert found[key("photo_people_sum")] == 3
    assert found[key("photo_runs_sum")] == 3, "nobody else is run"


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
