"""Large photos, slow uploads, several photos at once, examples, links, and answers on this device."""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Request, expect

from service.imaging.box import Box
from tests.helpers.browser import ASTRONAUT, Visit, choose, slow

EXAMPLES = ASTRONAUT.parent
DEVICE_TIMEOUT = 120_000
"""Milliseconds for the model to come, to be opened and to run in the browser, on a machine with other work."""


@pytest.mark.parametrize("way", ["Escape", "Cancel"])
def test_an_upload_shows_its_progress_and_can_be_cancelled(visit: Visit, way: str) -> None:
    page = visit()
    expect(page.locator("#model")).not_to_be_empty()
    session = slow(page)
    page.set_input_files("#pick", EXAMPLES / "group.jpg")
    expect(page.locator("#status")).to_contain_text("Uploading: ")
    expect(page.locator("#progress")).to_be_visible()
    assert 0 < page.locator("#progress").evaluate("progress => progress.value") < 1
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#status")).to_have_text("Cancelled.")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(page.locator("#progress")).to_be_hidden()
    session.detach()
    choose(page)
    expect(page.locator("#status")).to_contain_text("Done in")


def test_a_large_photo_is_sent_smaller_and_answered_in_its_own_pixels(visit: Visit, tmp_path: Path) -> None:
    photo = cv2.imread(str(ASTRONAUT))
    assert photo is not None
    file = tmp_path / "large.jpg"
    cv2.imwrite(str(file), cv2.resize(photo, (4096, 4096), interpolation=cv2.INTER_CUBIC))
    page = visit()
    sent: list[int] = []

    def note(request: Request) -> None:
        if "/analyze" in request.url:
            sent.append(len(request.post_data_buffer or b""))

    page.on("request", note)
    choose(page, file)
    expect(page.locator("#summary")).to_contain_text("4096 × 4096 px · sent as 2048 × 2048")
    expect(page.locator("#call-note")).to_contain_text("smaller")
    with page.expect_download() as download:
        page.locator("[data-save=json]").click()
    answer: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    assert answer["image"] == {"width": 4096, "height": 4096}
    assert max(answer["people"][0]["box"]) > 2048
    assert not sent or sent[0] < file.stat().st_size


def test_several_photos_become_a_strip(visit: Visit, complaints: list[str], tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Dear diary")
    page = visit()
    page.set_input_files("#pick", [EXAMPLES / "dress.jpg", EXAMPLES / "group.jpg", notes])
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#strip label")).to_have_count(3)
    expect(page.locator("#summary")).to_contain_text("512 × 512")
    page.get_by_role("radio", name="group.jpg").check()
    expect(page.locator("#summary")).to_contain_text("960 × 640")
    page.get_by_role("radio", name="notes.txt").check()
    expect(page.get_by_role("alert")).to_contain_text("JPEG")
    expect(page.locator("#stage")).to_be_hidden()
    assert [picture.is_visible() for picture in page.locator("#strip img").all()] == [True, True, False]
    complaints.clear()  # the browser notes the status 415
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/analyze" in request.url else None)
    page.get_by_role("radio", name="dress.jpg").check()
    expect(page.locator("#summary")).to_contain_text("512 × 512")
    assert not asked, "an answer that was there is kept"
    assert page.locator("#strip label").evaluate_all("rows => rows.map(row => row.dataset.outcome)") == [
        "done", "done", "failed"
    ]  # fmt: skip
    choose(page)
    expect(page.locator("#strip")).to_be_hidden()


def test_a_link_reproduces_what_is_shown(visit: Visit, server: httpx.Client) -> None:
    page = visit()
    page.get_by_role("button", name="Portrait").click()
    page.wait_for_selector("main[data-state=done]")
    page.get_by_role("checkbox", name="hair").uncheck()
    page.get_by_label("Skeleton", exact=True).uncheck()
    page.locator("#opacity").fill("25")
    page.get_by_role("radio", name="Python").check()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy a link").click()
    link: str = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(str(server.base_url))

    other = visit()
    other.goto("about:blank")
    other.goto(link)
    other.wait_for_selector("main[data-state=done]")
    expect(other.get_by_role("checkbox", name="hair")).not_to_be_checked()
    expect(other.get_by_role("checkbox", name="face")).to_be_checked()
    expect(other.locator("#skeleton")).to_be_hidden()
    expect(other.locator("#opacity")).to_have_value("25")
    expect(other.locator("#code")).to_contain_text("from jppnet import Client")
    assert other.url == link


# clients/js/test/local.test.ts compares the same in the browser, without the page.
@pytest.mark.slow
def test_on_this_device_the_photo_stays_and_the_answer_is_nearly_the_services(
    visit: Visit, detecting: httpx.Client
) -> None:
    page = visit(detecting)
    page.set_default_timeout(DEVICE_TIMEOUT)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.locator("#on-device").check()
    group = EXAMPLES / "group.jpg"
    choose(page, group)
    assert not posts
    with page.expect_download() as download:
        page.locator("[data-save=json]").click()
    here = json.loads(Path(download.value.path()).read_text())
    there = detecting.post("/analyze?format=json", content=group.read_bytes()).json()
    assert set(here) == set(there)
    assert [set(person) for person in here["people"]] == [set(person) for person in there["people"]]
    # Two of them are equally large, so that rounding in 8 bits may change their places.
    places = [[Box(*person["box"]) for person in answer["people"]] for answer in (here, there)]
    assert len(places[0]) == len(places[1]) == 5
    assert all(max(overlap(box, other) for other in places[1]) > 0.8 for box in places[0])
    masks = [cv2.imdecode(np.frombuffer(base64.b64decode(answer["mask"]), np.uint8), -1) for answer in (here, there)]
    assert (masks[0] == masks[1]).mean() > 0.96
    owners = cv2.imdecode(np.frombuffer(base64.b64decode(here["instances"]), np.uint8), -1)
    assert ((owners > 0) == masks[0].any(axis=2)).all(), "whoever is labelled is somebody's"
    page.locator("#on-device").uncheck()
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#stages")).not_to_be_empty()
    assert len(posts) == 1


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0, across) * max(0, down)
    return shared / (one.width * one.height + other.width * other.height - shared)


def test_the_models_card_says_what_not_to_trust(visit: Visit, server: httpx.Client) -> None:
    page = visit()
    page.get_by_role("link", name="Model").click()
    card = server.get("/model").json()
    expect(page.locator("#title")).to_have_text(f"{card['name']} {card['version']}")
    doubtful = [name.replace("-", " ") for name, iou in card["metrics"]["label_iou"].items() if iou < 0.3]
    expect(page.locator(".problem:visible")).to_contain_text(", ".join(doubtful))
    expect(page.locator("tbody tr")).to_have_count(len(card["labels"]) + len(card["joints"]))
    for limit in card["limits"]:
        expect(page.locator("#card")).to_contain_text(limit)
    choose_page = visit()
    choose(choose_page)
    for name in doubtful:
        row = choose_page.locator("#legend li", has_text=name)
        assert "often wrong" in (row.text_content() or "")
