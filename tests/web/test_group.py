"""The page at ``/`` with several people in a photo, nobody, and a box that is drawn by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from playwright.sync_api import FloatRect, Page, Request, expect

from service.engine.engine import Engine
from service.imaging.skeleton import bone_colors
from service.settings import Settings
from tests.helpers.browser import Visit, choose, examine, painted
from tests.helpers.serving import serving
from tests.helpers.toy_detector import HEIGHT, WIDTH, Figure, draw, toy_detector_card, write_toy_detector
from tests.helpers.toy_model import toy_card, write_toy_model

LEFT, MIDDLE, RIGHT = Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9), Figure(300, 60, 50, 120, 0.7)
IN_ORDER = (MIDDLE, LEFT, RIGHT)
"""The largest first."""
GROUP = draw(LEFT, MIDDLE, RIGHT)


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy model and the toy detector."""
    folder = tmp_path_factory.mktemp("toys")
    write_toy_model(folder / "toy.onnx", toy_card())
    write_toy_detector(folder / "toy-detect.onnx", toy_detector_card())
    return folder


@pytest.fixture(scope="module")
def everybody(toys: Path) -> Iterator[httpx.Client]:
    """A client of a server that looks for everybody."""
    given = Settings(
        model=toys / "toy.onnx", detector=toys / "toy-detect.onnx", provider="cpu", lanes=1, threads=1, max_batch=1
    )
    with serving(Engine.start(given), given) as client:
        yield client


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A photo of three people."""
    file = tmp_path / "group.png"
    file.write_bytes(GROUP.png)
    return file


def box_of(page: Page) -> FloatRect:
    """Where the photo is on the screen."""
    surface = page.locator("#surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    return box


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of a scene is on the screen."""
    box = box_of(page)
    return box["x"] + (x + 0.5) / WIDTH * box["width"], box["y"] + (y + 0.5) / HEIGHT * box["height"]


def trunk(figure: Figure) -> tuple[int, int]:
    """A pixel in a figure's shirt."""
    return figure.x + figure.width // 2, figure.y + figure.height // 2


def alpha(page: Page, figure: Figure) -> int:
    """How opaque the mask is in a figure's shirt."""
    x, y = trunk(figure)
    return int(painted(page)[y, x, 3])


def test_everybody_is_drawn_in_a_colour_of_their_own(visit: Visit, everybody: httpx.Client, group: Path) -> None:
    page = visit(everybody)
    choose(page, group)
    expect(page.locator("#summary")).to_contain_text("3 people")
    expect(page.locator("#model")).to_contain_text("everybody in a photo")
    assert page.locator("#skeleton .person").count() == 3
    assert page.locator("#skeleton .number").all_text_contents() == ["1", "2", "3"]
    answer = everybody.post("/analyze?format=json", content=group.read_bytes()).json()
    scores = [f"Person {person['index']}\n{person['score']:.2f}" for person in answer["people"]]
    assert page.locator("#people label").all_inner_texts() == ["Everybody", *scores]
    lines = painted(page, "outlines")
    for figure, color in zip(IN_ORDER, bone_colors(3), strict=True):
        x, y = trunk(figure)
        assert lines[y, x, 3] == 0, "within a person there is no line"
        (rim, *_) = (pixel for pixel in lines[y, figure.x - 4 : figure.x + 5] if pixel[3])
        np.testing.assert_allclose(rim.astype(int), (*color, 255), atol=3)
    assert [alpha(page, figure) for figure in IN_ORDER] == [255, 255, 255]


def test_pointing_at_a_person_dims_the_others(visit: Visit, everybody: httpx.Client, group: Path) -> None:
    page = visit(everybody)
    choose(page, group)
    answer = everybody.post("/analyze", content=GROUP.png).json()
    page.mouse.move(*place(page, *trunk(LEFT)))
    expect(page.locator("#readout")).to_contain_text("shirtperson 2")
    assert [alpha(page, figure) for figure in IN_ORDER] == [70, 255, 70]
    assert page.locator("#skeleton .person.dimmed").count() == 2
    expect(page.locator("#joints h3")).to_have_text("Person 2")
    shares = {row.split("\n")[0]: row.split("\n")[1] for row in page.locator("#legend li:visible").all_inner_texts()}
    assert shares == {label["name"]: f"{100 * label['share']:.1f} %" for label in answer["people"][1]["labels"]}
    page.mouse.move(0, 0)
    assert [alpha(page, figure) for figure in IN_ORDER] == [255, 255, 255]
    expect(page.locator("#legend")).to_contain_text("background")
    expect(page.locator("#joints")).to_contain_text("Choose a person")


def test_a_click_chooses_a_person_and_beside_people_everybody(
    visit: Visit, everybody: httpx.Client, group: Path
) -> None:
    page = visit(everybody)
    choose(page, group)
    page.mouse.click(*place(page, *trunk(RIGHT)))
    page.mouse.move(0, 0)
    expect(page.get_by_role("radio", name="Person 3")).to_be_checked()
    assert [alpha(page, figure) for figure in IN_ORDER] == [70, 70, 255]
    page.mouse.move(*place(page, RIGHT.x + 10, RIGHT.y + 5))  # hair: of a chosen person a part stands out
    assert [alpha(page, figure) for figure in IN_ORDER] == [70, 70, 70]
    page.mouse.click(*place(page, 5, 5))
    expect(page.get_by_role("radio", name="Everybody")).to_be_checked()
    page.mouse.move(0, 0)
    assert [alpha(page, figure) for figure in IN_ORDER] == [255, 255, 255]


def test_a_tap_chooses_a_person(visit: Visit, everybody: httpx.Client, group: Path) -> None:
    page = visit(everybody, viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    choose(page, group)
    page.touchscreen.tap(*place(page, *trunk(MIDDLE)))
    expect(page.get_by_role("radio", name="Person 1")).to_be_checked()
    assert [alpha(page, figure) for figure in IN_ORDER] == [255, 70, 70]


def test_a_keyboard_chooses_in_the_list_and_in_the_photo(visit: Visit, everybody: httpx.Client, group: Path) -> None:
    page = visit(everybody)
    choose(page, group)
    page.get_by_role("radio", name="Everybody").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Person 1")).to_be_focused()
    assert [alpha(page, figure) for figure in IN_ORDER] == [255, 70, 70]
    page.locator("#surface").focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#spoken")).to_contain_text("person 2")
    page.keyboard.press("Enter")
    expect(page.locator("#spoken")).to_have_text("Person 2 is chosen")
    page.locator("#pick").focus()
    assert [alpha(page, figure) for figure in IN_ORDER] == [70, 255, 70]


def test_people_are_saved_as_the_api_numbers_them(visit: Visit, everybody: httpx.Client, group: Path) -> None:
    page = visit(everybody)
    choose(page, group)
    with page.expect_download() as download:
        page.locator("[data-save=people]").click()
    assert download.value.suggested_filename == "group-people.png"
    saved = Path(download.value.path()).read_bytes()
    assert saved == everybody.post("/parse?format=instances", content=GROUP.png).content


def test_nobody_is_said_in_words(visit: Visit, everybody: httpx.Client, tmp_path: Path) -> None:
    page = visit(everybody)
    file = tmp_path / "nobody.png"
    file.write_bytes(draw().png)
    choose(page, file)
    expect(page.locator("#status")).to_contain_text("Nobody was found in this photo.")
    expect(page.locator("#summary")).to_contain_text("nobody found")
    expect(page.locator("#joints")).to_have_text("Nobody was found in this photo.")
    expect(page.locator("#people-panel")).to_be_hidden()
    assert not painted(page)[..., 3].any()


def test_one_person_has_nobody_to_be_chosen_from(visit: Visit, everybody: httpx.Client, tmp_path: Path) -> None:
    page = visit(everybody)
    file = tmp_path / "one.png"
    file.write_bytes(draw(MIDDLE).png)
    choose(page, file)
    expect(page.locator("#people-panel")).to_be_hidden()
    expect(page.locator("[data-save=people]")).to_be_hidden()
    expect(page.locator("#joints li")).to_have_count(3)
    assert not painted(page, "outlines")[..., 3].any()


def boxes_of(request: Request) -> list[list[int]]:
    """The boxes that a request names."""
    return [[int(side) for side in box.split(",")] for box in parse_qs(urlsplit(request.url).query).get("box", [])]


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, 0.5 * (start[0] + end[0]), 0.5 * (start[1] + end[1])))
    page.mouse.move(*place(page, *end))
    page.mouse.up()


def click_two_corners(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.mouse.click(*place(page, *start))
    page.mouse.move(*place(page, *end))
    page.mouse.click(*place(page, *end))


@pytest.mark.parametrize("draw_box", [drag, click_two_corners])
@pytest.mark.parametrize("has_detector", [True, False])
def test_a_box_that_is_drawn_is_asked_about(
    visit: Visit, everybody: httpx.Client, toys: Path, group: Path, draw_box: Any, has_detector: bool
) -> None:
    given = Settings(model=toys / "toy.onnx", detector=None, provider="cpu", lanes=1, threads=1, max_batch=1)
    with serving(Engine.start(given), given) as alone:
        client = everybody if has_detector else alone
        page = visit(client)
        choose(page, group)
        page.get_by_label("Draw a box").check()
        with page.expect_request("**/analyze*") as asked:
            draw_box(page, (10, 20), (90, 220))
        page.wait_for_selector("main[data-state=done]")
        ((x, y, width, height),) = boxes_of(asked.value)
        assert max(abs(x - 10), abs(y - 20), abs(width - 80), abs(height - 200)) <= 3
        expect(page.locator("#summary")).to_contain_text("1 person")
        assert alpha(page, LEFT) == 255
        assert alpha(page, MIDDLE) == 0
        expect(page.locator("#code")).to_contain_text(f"box={x},{y},{width},{height}")
        expect(page.locator("#box")).to_be_visible()
        expect(page.get_by_label("Draw a box")).not_to_be_checked()
        page.get_by_role("button", name="The whole photo again").click()  # its answer is still there
        expect(page.locator("#box")).to_be_hidden()
        page.wait_for_selector("main[data-state=done]")
        assert alpha(page, MIDDLE) == 255
        expect(page.locator("#code")).not_to_contain_text("box=")


def test_a_box_is_drawn_with_the_keyboard(visit: Visit, everybody: httpx.Client, group: Path) -> None:
    page = visit(everybody)
    choose(page, group)
    page.get_by_label("Draw a box").check()
    page.locator("#surface").focus()
    for key, times in (("ArrowLeft", 3), ("ArrowUp", 12), ("Enter", 1)):
        for _ in range(times):
            page.keyboard.press(key)
    expect(page.locator("#spoken")).to_contain_text("Corner set")
    page.keyboard.press("Escape")
    expect(page.locator("#box")).to_be_hidden()
    with page.expect_request("**/analyze*") as asked:
        for key, times in (("Enter", 1), ("ArrowRight", 7), ("ArrowDown", 23), ("Enter", 1)):
            for _ in range(times):
                page.keyboard.press(key)
    ((x, y, width, height),) = boxes_of(asked.value)
    expected = (0.38 * WIDTH, 0.02 * HEIGHT, 0.28 * WIDTH, 0.92 * HEIGHT)
    assert np.allclose((x, y, width, height), expected, atol=2)
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#summary")).to_contain_text("1 person")


@pytest.mark.parametrize(
    ("look", "options"),
    [
        ("group", {"viewport": {"width": 1280, "height": 860}}),
        ("group-dark", {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"}),
        ("group-forced", {"viewport": {"width": 1280, "height": 860}, "forced_colors": "active"}),
        ("group-phone", {"viewport": {"width": 390, "height": 800}, "is_mobile": True, "has_touch": True}),
    ],
)
def test_a_group_is_accessible(
    visit: Visit, everybody: httpx.Client, group: Path, look: str, options: dict[str, object]
) -> None:
    page = visit(everybody, **options, reduced_motion="reduce")
    choose(page, group)
    examine(page, look)
    page.get_by_role("radio", name="Person 2").check()
    page.get_by_label("Draw a box").check()
    examine(page, f"{look}-chosen")
