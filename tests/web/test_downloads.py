"""What can be kept of an answer, and that parts which are switched off are left out of it, and of the shown call."""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page, expect

from tests.helpers.browser import ASTRONAUT, Visit, choose

Image = npt.NDArray[np.uint8]


def save(page: Page, kind: str) -> bytes:
    with page.expect_download() as download:
        page.locator(f"[data-save={kind}]").click()
    return Path(download.value.path()).read_bytes()


def decoded(file: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def ids_of(server: httpx.Client, options: str = "") -> Image:
    return decoded(server.post(f"/parse?format=ids{options}", content=ASTRONAUT.read_bytes()).content)


def without_pngs(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("mask", "instances")}


def test_overlay_and_cutouts_have_the_photos_size_and_a_soft_edge(visit: Visit, server: httpx.Client) -> None:
    page = visit()
    choose(page)
    ids = ids_of(server)
    assert decoded(save(page, "overlay")).shape == (512, 512, 3)

    cutout = decoded(save(page, "cutout"))
    alpha = cutout[..., 3]
    core = cv2.erode((ids > 0).astype(np.uint8), np.ones((9, 9))) > 0
    outside = cv2.dilate((ids > 0).astype(np.uint8), np.ones((9, 9))) == 0
    assert (alpha[core] == 255).all()
    assert (alpha[outside] == 0).all()
    assert len(np.unique(alpha)) > 4, "at the border opacity falls in steps"
    photo = cv2.imread(str(ASTRONAUT))
    assert photo is not None
    assert np.abs(cutout[core][:, :3].astype(int) - photo[core]).max() <= 2

    page.locator("#garment").select_option("face")
    face = decoded(save(page, "garment"))
    _, _, width, height = cv2.boundingRect((ids == 13).astype(np.uint8))
    assert abs(face.shape[1] - width) <= 4
    assert abs(face.shape[0] - height) <= 4


def test_what_is_switched_off_is_neither_downloaded_nor_asked_for(visit: Visit, server: httpx.Client) -> None:
    page = visit()
    choose(page)
    page.get_by_role("button", name="None").click()
    for kind in ("mask", "cutout"):
        expect(page.locator(f"[data-save={kind}]")).to_be_disabled()
    expect(page.locator("#code")).to_contain_text("/pose?format=json")
    pose = json.loads(save(page, "json"))
    assert pose == server.post("/pose", content=ASTRONAUT.read_bytes()).json()

    page.get_by_role("checkbox", name="face").check()
    page.get_by_role("checkbox", name="hair").check()
    expect(page.locator("#code")).to_contain_text("&labels=hair,face")
    asked = server.post("/analyze?format=json&labels=hair,face", content=ASTRONAUT.read_bytes()).json()
    kept = json.loads(save(page, "json"))
    assert without_pngs(kept) == without_pngs(asked)
    assert (decoded(base64.b64decode(kept["mask"])) == decoded(base64.b64decode(asked["mask"]))).all()
    assert decoded(save(page, "mask")).any()
    assert (cv2.imdecode(np.frombuffer(save(page, "cutout"), np.uint8), -1)[..., 3] > 0).mean() < 0.5

    page.get_by_role("button", name="All").click()
    expect(page.locator("#code")).not_to_contain_text("labels=")
