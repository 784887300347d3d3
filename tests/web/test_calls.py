"""The calls that the page shows are run as they stand, and bring the very answer that it shows."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.helpers.browser import ASTRONAUT, Visit, choose

NAMES = ["astronaut.jpg", 'it\'s; "fine", $HOME.jpg']
"""The second is full of what shells and curl take for their own."""


@pytest.fixture
def shown(visit: Visit, tmp_path: Path, name: str) -> tuple[Page, Path]:
    """A page that shows the answer to a photo, and the photo's file."""
    photo = tmp_path / name
    photo.write_bytes(ASTRONAUT.read_bytes())
    page = visit()
    choose(page, photo)
    return page, photo


def code(page: Page, tongue: str) -> str:
    page.get_by_role("radio", name=tongue).check()
    text: str = page.locator("#code").inner_text()
    return text


def run(command: list[str], folder: Path) -> Any:
    return json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60).stdout)


@pytest.mark.parametrize("name", NAMES)
def test_curl_python_and_fetch_bring_the_answer(
    shown: tuple[Page, Path], server: httpx.Client, browser: Browser, elsewhere: str
) -> None:
    page, photo = shown
    answer = server.post("/analyze?format=json", content=photo.read_bytes()).json()
    assert run(["bash", "-c", code(page, "curl") + " --silent"], photo.parent) == answer
    python = code(page, "Python") + "\nprint(response.text)"
    assert run([sys.executable, "-c", python], photo.parent) == answer
    assert fetched_elsewhere(browser, elsewhere, code(page, "fetch")) == answer


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of a page of another origin: an empty one, with the astronaut beside it."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ASTRONAUT.read_bytes() if self.path == "/photo" else b"<!doctype html><title>Shop</title>")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def fetched_elsewhere(browser: Browser, address: str, call: str) -> Any:
    """What the call brings in a page of another origin, whose own file it sends."""
    page = browser.new_page()
    page.goto(address)
    answer = page.evaluate(f"""async () => {{
        const file = await (await fetch("photo")).blob();
        {call}
        return answer;
    }}""")
    page.close()
    return answer


@pytest.mark.parametrize("name", NAMES[:1])
def test_the_call_is_copied(shown: tuple[Page, Path]) -> None:
    page, _ = shown
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == code(page, "curl")


@pytest.mark.parametrize("name", NAMES[:1])
def test_the_answer_can_be_read(shown: tuple[Page, Path], server: httpx.Client) -> None:
    page, photo = shown
    answer = server.post("/analyze?format=json", content=photo.read_bytes()).json()
    read = json.loads(code(page, "Answer"))
    assert read.pop("mask").endswith(f"… {len(answer.pop('mask'))} letters")
    assert read == answer
