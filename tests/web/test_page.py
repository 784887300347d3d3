"""The page at ``/``, as somebody with a mouse sees it."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Download, Page, Route, expect

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.browser import ASTRONAUT, Visit, choose, painted, settings
from tests.helpers.color_profiles import P3, SRGB_CURVE, rgb_profile
from tests.helpers.masks import PHOTO
from tests.helpers.serving import serving
from tests.helpers.toy_model import COLORS, LABELS, paint, parsing_card, png, pose_card, toy_card, write_toy_model

FACE = (222, 115)
"""A place in the astronaut's face, x and y."""

Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def answer(server: httpx.Client) -> dict[str, Any]:
    """What the API answers to the astronaut's photo."""
    analysis: dict[str, Any] = server.post("/analyze?format=json", content=ASTRONAUT.read_bytes()).json()
    return analysis


def ids_of(server: httpx.Client, photo: bytes) -> Image:
    """The label id of every pixel, as /parse says."""
    plane = server.post("/parse?format=ids", content=photo).content
    return np.asarray(cv2.imdecode(np.frombuffer(plane, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def give(page: Page, kind: str, name: str, content: bytes) -> None:
    """Drops or pastes a file."""
    page.evaluate(
        """([kind, name, content]) => {
            const files = new DataTransfer();
            files.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
            document.body.dispatchEvent(kind === "paste"
                ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true })
                : new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        [kind, name, base64.b64encode(content).decode()],
    )


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_photo_is_answered_with_mask_legend_and_skeleton(
    visit: Visit, server: httpx.Client, answer: dict[str, Any], way: str
) -> None:
    page = visit()
    if way == "drop":
        give(page, "dragenter", "woman.jpg", ASTRONAUT.read_bytes())
        expect(page.locator("#drop")).to_be_visible()
    give(page, way, "woman.jpg", ASTRONAUT.read_bytes())
    expect(page.locator("#photo")).to_be_visible()
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#drop")).to_be_hidden()

    ids, colors = ids_of(server, ASTRONAUT.read_bytes()), np.array([label["color"] for label in labels(server)])
    mask = painted(page)
    np.testing.assert_array_equal(mask[..., 3], np.where(ids, 255, 0))
    np.testing.assert_array_equal(mask[ids > 0][:, :3], colors[ids[ids > 0]])

    largest_first = sorted(answer["labels"], key=lambda part: -part["share"] if part["id"] else 1)
    rows = page.locator("#legend li:visible")
    assert [row.split("\n")[0] for row in rows.all_inner_texts()] == [words(part["name"]) for part in largest_first]
    assert f"{answer['labels'][0]['share'] * 100:.0f} %" in rows.last.inner_text()

    (person,) = answer["people"]
    assert page.locator("#skeleton .joint").count() == len(person["keypoints"])
    assert page.locator("#skeleton .bone").count() == len(answer["skeleton"])
    opacity = {joint.text_content(): joint.get_attribute("opacity") for joint in page.locator(".joint").all()}
    for joint in person["keypoints"]:
        strength = float(opacity[f"{words(joint['name'])} {joint['score']:.2f}"] or 0)
        assert strength == 1 if joint["score"] > 0.5 else strength < 0.3 if joint["score"] < 0.2 else True


def labels(server: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/model").json()["labels"]
    return found


def words(name: str) -> str:
    return name.replace("-", " ")


def test_parts_are_switched_off_and_on(visit: Visit) -> None:
    page = visit()
    choose(page)
    x, y = FACE
    face = page.get_by_role("checkbox", name="face")
    assert painted(page)[y, x, 3] == 255
    face.uncheck()
    assert painted(page)[y, x, 3] == 0
    assert painted(page)[..., 3].any(), "the other parts stay"
    page.get_by_role("button", name="None").click()
    assert not painted(page)[..., 3].any()
    page.get_by_role("button", name="All").click()
    assert painted(page)[y, x, 3] == 255


def test_pointing_names_the_part_and_makes_it_stand_out(visit: Visit, answer: dict[str, Any]) -> None:
    page = visit()
    choose(page)
    surface = page.locator("#surface")
    surface.scroll_into_view_if_needed()
    size = surface.bounding_box()
    assert size is not None
    x, y = FACE
    page.mouse.move(size["x"] + x / 512 * size["width"], size["y"] + y / 512 * size["height"])
    (face,) = (part for part in answer["labels"] if part["name"] == "face")
    expect(page.locator("#readout")).to_have_text(f"face{face['confidence'] * 100:.0f} % sure on average")
    expect(page.locator("#legend .marked")).to_contain_text("face")
    mask = painted(page)
    assert mask[y, x, 3] == 255
    assert set(np.unique(mask[..., 3])) == {0, 70, 255}
    page.mouse.move(0, 0)
    expect(page.locator("#readout")).to_be_hidden()


def test_opacity_switches_and_before_after(visit: Visit) -> None:
    page = visit()
    choose(page)
    page.locator("#opacity").fill("25")
    assert page.locator("#mask").evaluate("mask => getComputedStyle(mask).opacity") == "0.25"
    page.get_by_label("Mask", exact=True).uncheck()
    expect(page.locator("#mask")).to_be_hidden()
    page.get_by_label("Skeleton", exact=True).uncheck()
    expect(page.locator("#skeleton")).to_be_hidden()
    page.get_by_label("Before / after").check()
    page.get_by_role("slider", name="Before and after").fill("30")
    assert "30%" in page.locator(".answer").evaluate("answer => getComputedStyle(answer).clipPath")


def saved(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_downloads_are_the_apis_own_answers(visit: Visit, server: httpx.Client) -> None:
    page = visit()
    choose(page)
    with page.expect_download() as mask:
        page.locator("[data-save=mask]").click()
    assert mask.value.suggested_filename == "portrait-mask.png"
    assert saved(mask.value) == server.post("/parse", content=ASTRONAUT.read_bytes()).content
    with page.expect_download() as document:
        page.locator("[data-save=json]").click()
    assert document.value.suggested_filename == "portrait.json"
    assert saved(document.value) == server.post("/analyze?format=json", content=ASTRONAUT.read_bytes()).content


def test_the_services_own_times_are_shown(visit: Visit, answer: dict[str, Any]) -> None:
    page = visit()
    header = 'decode;dur=3.4, cache;desc="no time", device;desc="a GPU";dur=12'
    page.route("**/analyze*", lambda route: route.fulfill(json=answer, headers={"Server-Timing": header}))
    choose(page)
    assert page.locator("#stages dt").all_inner_texts() == ["decode", "device", "way there and back"]
    assert page.locator("#stages dd").all_inner_texts()[:2] == ["3.4 ms", "12 ms"]
    assert page.locator("#total").inner_text().endswith("ms")


def test_a_model_with_other_labels_two_of_one_color(visit: Visit, tmp_path: Path) -> None:
    card = toy_card()
    card["labels"][2]["color"] = list(COLORS[1])
    given = Settings(model=write_toy_model(tmp_path / "toy.onnx", card), provider="cpu", lanes=1)
    photo = paint(480, 640, {1: (100, 200, 200, 200), 2: (100, 400, 200, 200), 3: (160, 40, 80, 100)})
    file = tmp_path / "toy.png"
    file.write_bytes(png(photo))
    with serving(Engine.start(given), given) as client:
        page = visit(client)
        choose(page, file)
        expect(page.locator("#model")).to_contain_text("toy 1.2 on cpu · 3 parts · 3 joints")
        names = [row.split("\n")[0] for row in page.locator("#legend li:visible").all_inner_texts()]
        assert sorted(names) == sorted(LABELS)
        page.get_by_role("checkbox", name="trousers").uncheck()
        mask = painted(page)
        assert mask[300, 200].tolist() == [*COLORS[1], 255]
        assert mask[500, 200].tolist() == [0, 0, 0, 0]


def test_what_is_no_photo_is_said_in_words(visit: Visit, server: httpx.Client, complaints: list[str]) -> None:
    page = visit()
    problem = server.post("/analyze", content=b"Dear diary").json()
    give(page, "drop", "notes.txt", b"Dear diary")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(problem["title"])
    expect(alert).to_contain_text(problem["detail"])
    complaints.clear()  # the browser notes the status 415
    choose(page)
    expect(alert).to_be_hidden()


def test_no_answer_is_said_in_words_and_can_be_tried_again(visit: Visit, complaints: list[str]) -> None:
    page = visit()
    page.route("**/analyze*", lambda route: route.abort())
    page.set_input_files("#pick", ASTRONAUT)
    expect(page.get_by_role("alert")).to_contain_text("could not be reached")
    page.unroute("**/analyze*")
    complaints.clear()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("main[data-state=done]")


def test_a_service_that_comes_later_is_met_then(visit: Visit, complaints: list[str]) -> None:
    page = visit()
    page.route("**/model", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("could not be reached")
    page.unroute("**/model")
    complaints.clear()
    choose(page)
    expect(page.locator("#legend")).to_contain_text("face")


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {"Content-Type": "text/html"}, "<h1>It works!</h1>", "No answer of the photo service"),
        (200, {"Content-Type": "application/json"}, '{"people": [', "No answer of the photo service"),
        (422, {"Content-Type": "application/problem+json"}, '{"title": ', "The answer was 422"),
        (503, {"Content-Type": "application/problem+json", "Retry-After": "-5"}, "null", "The answer was 503"),
        (503, {"Content-Type": "text/html", "Retry-After": "99999999999"}, "busy", "The answer was 503"),
    ],
)
def test_what_is_no_answer_of_the_service_is_said_in_words(
    visit: Visit, complaints: list[str], status: int, headers: dict[str, str], body: str, words: str
) -> None:
    page = visit()
    page.route("**/analyze*", lambda route: route.fulfill(status=status, headers=headers, body=body))
    page.set_input_files("#pick", ASTRONAUT)
    expect(page.get_by_role("alert")).to_contain_text(words)
    complaints.clear()  # the browser notes the status


def test_a_busy_service_is_asked_again_when_it_says(visit: Visit, complaints: list[str]) -> None:
    page = visit()
    answers: list[int] = []

    def busy_once(route: Route) -> None:
        if answers:
            route.continue_()
        else:
            body = json.dumps({"title": "Overloaded", "detail": "Too many photos.", "status": 503})
            headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
            route.fulfill(status=503, body=body, headers=headers)
        answers.append(1)

    page.route("**/analyze*", busy_once)
    page.set_input_files("#pick", ASTRONAUT)
    expect(page.locator("#status")).to_have_text("The service is busy. Trying again in 1 s…")
    page.wait_for_selector("main[data-state=done]")
    assert len(answers) == 2
    complaints.clear()


def test_a_model_without_joints_has_no_skeleton_to_show(tmp_path: Path, visit: Visit) -> None:
    with model_of(parsing_card(), tmp_path) as client:
        page = visit(client)
        choose(page, photo_of_the_toy(tmp_path))
        expect(page.locator("#model")).to_have_text("toy on cpu · 3 parts · one person a photo")
        expect(page.locator("[data-save=mask]")).to_be_visible()
        for gone in ("Skeleton", "Joint names"):
            expect(page.get_by_text(gone, exact=True)).to_be_hidden()
        expect(page.get_by_role("heading", name="Joints")).to_be_hidden()
        assert painted(page)[..., 3].any()
        there = painted(page)
        answer_on_this_device(page)
        assert (painted(page) == there).mean() > 0.99


def test_a_model_without_labels_has_no_mask_to_show(tmp_path: Path, visit: Visit) -> None:
    with model_of(pose_card(), tmp_path) as client:
        page = visit(client)
        choose(page, photo_of_the_toy(tmp_path))
        expect(page.locator("#model")).to_have_text("toy 1.2 on cpu · 3 joints · one person a photo")
        expect(page.locator("#summary")).to_have_text("192 × 256 px · 1 person")
        for gone in ("#show-mask", "#opacity", "[data-save=mask]", "[data-save=garment]"):
            expect(page.locator(gone)).to_be_hidden()
        expect(page.get_by_role("heading", name="Parts")).to_be_hidden()
        assert page.locator("#skeleton .joint").count() == 3
        page.get_by_text("Answer", exact=True).click()
        expect(page.locator("#code")).to_contain_text('"skeleton"')
        there = joints_shown(page)
        answer_on_this_device(page)
        expect(page.locator("#summary")).to_have_text("192 × 256 px · 1 person")
        assert joints_shown(page) == pytest.approx(there, abs=0.5)


def test_colours_are_converted_on_this_device_as_the_service_does(tmp_path: Path, visit: Visit) -> None:
    """In Display P3, as telephones write it: the same numbers are another red, from which the toy reads its labels."""
    photo = tmp_path / "p3.png"
    Pillow.fromarray(PHOTO).save(photo, icc_profile=rgb_profile(P3, SRGB_CURVE))
    with model_of(parsing_card(), tmp_path) as client:
        page = visit(client)
        choose(page, photo)
        there = painted(page)
        assert there[..., 3].any()
        answer_on_this_device(page)
        assert (painted(page) == there).mean() > 0.99


def answer_on_this_device(page: Page) -> None:
    """Has the photo that is shown answered anew, in the browser."""
    page.set_default_timeout(120_000)
    page.locator("#on-device").check()
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#stages")).to_be_empty()


def joints_shown(page: Page) -> list[float]:
    """The places of the joints in the picture, x and y in turn."""
    places: list[float] = page.locator("#skeleton .joint circle").evaluate_all(
        "joints => joints.flatMap((joint) => [joint.cx.baseVal.value, joint.cy.baseVal.value])"
    )
    return places


@contextmanager
def model_of(card: dict[str, Any], folder: Path) -> Iterator[httpx.Client]:
    """A client of a server of the toy model with this card."""
    given = settings(model=write_toy_model(folder / "toy.onnx", card))
    with serving(Engine.start(given), given) as client:
        yield client


def photo_of_the_toy(folder: Path) -> Path:
    (folder / "photo.png").write_bytes(png(PHOTO))
    return folder / "photo.png"
