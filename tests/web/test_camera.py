"""The live camera; this one films the astronaut."""

from playwright.sync_api import Page, Request, expect

from tests.helpers.browser import Visit

SPY = """
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => (window.stream = await open(wish));
"""


def live(page: Page) -> None:
    page.add_init_script(SPY)
    page.reload()
    page.get_by_role("button", name="Live camera").click()
    page.wait_for_selector("main[data-state=live]")


def track(page: Page) -> str:
    state: str = page.evaluate("window.stream.getVideoTracks()[0].readyState")
    return state


def test_one_frame_is_under_way_at_a_time_and_the_camera_stops(visit: Visit) -> None:
    page = visit()
    under_way: set[Request] = set()
    most: list[int] = []

    def begin(request: Request) -> None:
        if "/analyze" in request.url:
            under_way.add(request)
            most.append(len(under_way))

    page.on("request", begin)
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: under_way.discard(request))
    live(page)
    expect(page.locator("#fps")).to_contain_text("fps")
    page.wait_for_function("() => document.querySelector('#legend').textContent.includes('face')")
    expect(page.get_by_role("button", name="Stop the camera")).to_be_focused()
    assert track(page) == "live"
    while len(most) < 5:
        page.wait_for_timeout(50)
    assert max(most) == 1

    page.keyboard.press("Enter")
    page.wait_for_selector("main[data-state=done]")
    assert track(page) == "ended"
    sent = len(most)
    page.wait_for_timeout(300)
    assert len(most) == sent, "no frame is sent after the stop"
    expect(page.get_by_role("button", name="Live camera")).to_be_focused()
    expect(page.locator("#legend li:visible", has_text="face")).to_be_visible()
    with page.expect_download() as mask:
        page.locator("[data-save=mask]").click()
    assert mask.value.suggested_filename == "frame-mask.png"


SECOND = """
    const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
    navigator.mediaDevices.enumerateDevices = async () =>
        [...(await list()).filter(({ kind }) => kind === "videoinput"), { kind: "videoinput", deviceId: "second" }];
    const openAny = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = ({ video }) => (window.wish = video, openAny({ video: true }));
"""
"""A second camera, which Chromium cannot make up where it plays a film: the first one under another name."""


def test_another_camera_takes_over(visit: Visit) -> None:
    page = visit()
    page.add_init_script(SECOND)
    live(page)
    page.evaluate("window.first = window.stream.getVideoTracks()[0]")
    page.get_by_role("button", name="Other camera").click()
    page.wait_for_function("() => window.first.readyState === 'ended'")
    page.wait_for_function("() => window.stream.getVideoTracks()[0].readyState === 'live'")
    assert page.evaluate("window.wish.deviceId") == {"exact": "second"}
    expect(page.locator("#legend")).to_contain_text("face")


def test_a_photo_ends_the_camera(visit: Visit) -> None:
    page = visit()
    live(page)
    page.get_by_role("button", name="Portrait").click()
    page.wait_for_selector("main[data-state=done]")
    expect(page.locator("#photo")).to_be_visible()
    expect(page.locator("#frame")).to_be_hidden()
    assert track(page) == "ended"


def test_a_camera_that_may_not_be_used_is_said_in_words(visit: Visit) -> None:
    page = visit()
    page.add_init_script("""navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("", "NotAllowedError");
    };""")
    page.reload()
    page.get_by_role("button", name="Live camera").click()
    expect(page.get_by_role("alert")).to_contain_text("Allow this page to use it")
