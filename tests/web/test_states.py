"""All that the page can show, on screens of several widths: accessible, and with a picture of each to look at."""

from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.helpers.browser import ASTRONAUT, Visit, choose, examine, slow

EXAMPLES = ASTRONAUT.parent
PHONE = {"is_mobile": True, "has_touch": True}
WIDE = {"viewport": {"width": 1280, "height": 860}}
LOOKS: dict[str, dict[str, object]] = {
    "320-light": PHONE | {"viewport": {"width": 320, "height": 640}},
    "390-dark": PHONE | {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "1280-light": WIDE,
    "1280-forced": WIDE | {"forced_colors": "active"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_state_is_accessible(
    visit: Visit, detecting: httpx.Client, complaints: list[str], tmp_path: Path, look: str
) -> None:
    nobody, notes = tmp_path / "nobody.png", tmp_path / "notes.txt"
    cv2.imwrite(str(nobody), np.full((200, 300, 3), 120, np.uint8))
    notes.write_text("Dear diary")
    page = visit(detecting, **LOOKS[look], reduced_motion="reduce")
    expect(page.locator("#model")).not_to_be_empty()
    for name, photo, said in (
        ("one", EXAMPLES / "full-body.jpg", "1 person"),
        ("group", EXAMPLES / "group.jpg", "5 people"),
        ("nobody", nobody, "nobody found"),
    ):
        choose(page, photo)
        expect(page.locator("#summary")).to_contain_text(said)
        examine(page, f"{look}-{name}")
    page.set_input_files("#pick", notes)
    expect(page.get_by_role("alert")).to_be_visible()
    examine(page, f"{look}-error")
    complaints.clear()  # the browser notes the status 415
    slow(page)
    page.set_input_files("#pick", EXAMPLES / "group.jpg")
    expect(page.locator("#status")).to_contain_text("Uploading: ")
    examine(page, f"{look}-upload")
