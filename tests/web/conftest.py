"""A real browser, Debian's Chromium, in front of a server with the default model."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from service.engine.engine import Engine
from service.settings import MODELS
from tests.helpers.browser import ASTRONAUT, Visit, settings
from tests.helpers.serving import serving

CHROMIUM = shutil.which("chromium")
PAGE_TIMEOUT = 20_000
"""Milliseconds that a page may take for anything, on a machine that has other things to do."""


@pytest.fixture(scope="session")
def server() -> Iterator[httpx.Client]:
    """A client of a server with the default model, whose page is looked at; any other page may call it."""
    given = settings(cors_origins=["*"])
    with serving(Engine.start(given), given) as client:
        yield client


@pytest.fixture(scope="session")
def detecting() -> Iterator[httpx.Client]:
    """A client of a server with the default model and detector."""
    given = settings(detector=MODELS / "jppnet-detect.onnx")
    with serving(Engine.start(given), given) as client:
        yield client


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a camera that films the astronaut. One per module: while it runs, no other event loop can."""
    if CHROMIUM is None:
        reason = "There is no chromium. Install it to try the page in a browser: apt-get install chromium"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    film = tmp_path_factory.mktemp("camera") / "astronaut.mjpeg"
    film.write_bytes(ASTRONAUT.read_bytes() * 2)
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*camera, f"--use-file-for-fake-video-capture={film}"]
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about. A test that provokes complaints clears them."""
    return []


@pytest.fixture
def visit(browser: Browser, server: httpx.Client, complaints: list[str]) -> Iterator[Visit]:
    """Opens a server's page in a new browser profile. At the end nobody may have complained, and no other host may have
    been asked for anything."""
    contexts = []
    strangers: list[str] = []

    def open_page(client: httpx.Client = server, **options: object) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PAGE_TIMEOUT)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        own = client.base_url.netloc.decode()
        page.on("request", lambda request: strangers.append(request.url) if _host(request.url) not in (own, "") else 0)
        page.goto(str(client.base_url))
        return page

    yield open_page
    for context in contexts:
        with suppress(Exception):
            context.close()
    assert not complaints
    assert not strangers


def _host(url: str) -> str:
    """Host and port of an address; nothing for blob: and data:."""
    return urlsplit(url).netloc
