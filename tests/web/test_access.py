"""The page without a mouse, for small screens, in the dark, with little sight, without motion; and without a key."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from service.engine.engine import Engine
from tests.helpers.browser import ASTRONAUT, Visit, choose, examine, settings
from tests.helpers.serving import serving

KEY = "schlüssel-7"


@pytest.mark.parametrize(
    ("look", "options"),
    [
        ("light", {"viewport": {"width": 1280, "height": 860}}),
        ("dark", {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"}),
        ("forced", {"viewport": {"width": 1280, "height": 860}, "forced_colors": "active"}),
        (
            "forced-dark",
            {"viewport": {"width": 1280, "height": 860}, "forced_colors": "active", "color_scheme": "dark"},
        ),
        ("phone", {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}),
        ("zoomed", {"viewport": {"width": 320, "height": 256}}),  # 1280 × 1024 at 400 %
    ],
)
def test_every_look_is_accessible(visit: Visit, look: str, options: dict[str, object]) -> None:
    page = visit(**options, reduced_motion="reduce")
    expect(page.locator("#model")).not_to_be_empty()
    examine(page, f"{look}-empty")
    choose(page)
    page.get_by_label("Joint names").check()
    examine(page, look)
    page.get_by_role("link", name="Model").click()
    expect(page.locator("#title")).to_contain_text("jppnet-lite")
    examine(page, f"{look}-model")


def test_on_a_phone_the_photo_comes_before_the_buttons(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    choose(page)
    tops = [page.locator(place).bounding_box() for place in ("#stage", ".tools", ".intake")]
    assert all(tops)
    photo, tools, intake = (box["y"] for box in tops if box)
    assert photo < tools < intake
    assert photo < 250, "it is on the first screen"


def test_a_dark_swatch_has_a_rim_that_shows(visit: Visit) -> None:
    """Black and blue on dark paper: 3 to 1 (WCAG 1.4.11) between the rim around them and the paper."""
    page = visit(color_scheme="dark")
    choose(page)
    rim, paper = page.locator("#legend li:has-text('face') .swatch").evaluate(
        """swatch => [
            getComputedStyle(swatch).boxShadow.match(/rgb\\([^)]*\\)/)[0],
            getComputedStyle(swatch.closest(".panel")).backgroundColor,
        ].map((color) => color.match(/[0-9.]+/g).map(Number))"""
    )
    assert contrast(rim, paper) >= 3


def contrast(one: list[float], other: list[float]) -> float:
    """The ratio of two colours (WCAG 2.2, "contrast ratio")."""

    def luminance(color: list[float]) -> float:
        shares = [level / 255 for level in color[:3]]
        red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_phone_offers_its_camera_for_a_photo(visit: Visit) -> None:
    button = "text=Take a photo"
    expect(visit(has_touch=True, is_mobile=True).locator(button)).to_be_visible()
    expect(visit().locator(button)).to_be_hidden()


def test_nothing_moves_for_those_who_want_stillness(visit: Visit) -> None:
    for motion, moves in (("reduce", False), ("no-preference", True)):
        page = visit(reduced_motion=motion)
        page.route("**/analyze*", lambda route: None)  # never answered
        page.set_input_files("#pick", ASTRONAUT)
        expect(page.locator("#photo")).to_be_visible()
        assert bool(page.evaluate("document.getAnimations().length")) is moves


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until a control of this name has the focus; on the way every focus must be visible."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here, outline = page.evaluate("""() => {
            const here = document.activeElement;
            const styles = [here, here.closest("label") ?? here].map((element) => getComputedStyle(element));
            const text = [here.labels?.[0]?.textContent, here.ariaLabel, here.textContent].find(Boolean) ?? "";
            return [text.trim(), here.id === "split" || styles.some((style) => style.outlineStyle === "solid")];
        }""")
        assert outline, f"“{here}” has no visible focus"
        if here.startswith(name):
            return
    raise AssertionError(f"Tab never came to “{name}”.")


def test_a_keyboard_is_enough(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#model")).not_to_be_empty()
    tab_to(page, "Portrait")
    page.keyboard.press("Enter")
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#status")).to_contain_text("Done in")

    tab_to(page, "Before / after")
    page.keyboard.press("Space")
    tab_to(page, "Opacity")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#opacity")).to_have_value("59")
    tab_to(page, "The photo and its parts")
    for _ in range(6):
        page.keyboard.press("ArrowUp")
    expect(page.locator("#spoken")).to_contain_text("% sure")
    tab_to(page, "Before and after")
    page.keyboard.press("Home")
    expect(page.locator("#split")).to_have_value("0")

    with page.expect_download():
        tab_to(page, "Mask")
        page.keyboard.press("Enter")
    tab_to(page, "face")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="face")).not_to_be_checked()
    tab_to(page, "curl")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#code")).to_contain_text("new FormData()")


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """A client of a server that wants a key."""
    given = settings(api_keys=[SecretStr(KEY)])
    with serving(Engine.start(given), given) as client:
        yield client


def test_a_key_is_asked_for_and_kept_in_the_tab(visit: Visit, guarded: httpx.Client, complaints: list[str]) -> None:
    page = visit(guarded)
    asked = page.get_by_label("This service needs an API key")
    for key, words in (("first-try", "can give you one"), ("second-try", "not one of")):
        expect(page.locator("#key-detail")).to_contain_text(words)
        asked.fill(key)
        asked.press("Enter")
    expect(page.locator("#key-detail")).to_contain_text("not one of")
    asked.fill(KEY)
    asked.press("Enter")
    expect(page.locator("#model")).to_contain_text("jppnet-lite")
    complaints.clear()  # the browser notes every 401

    page.reload()
    choose(page)
    expect(asked).to_be_hidden()
    assert KEY not in page.content()
    expect(page.locator("#code")).to_contain_text("Bearer $JPPNET_API_KEY")
    page.get_by_role("link", name="Model").click()
    expect(page.locator("#title")).to_contain_text("jppnet-lite")
    assert page.evaluate("localStorage.length") == 0
