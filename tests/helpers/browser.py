"""What tests of the page share: settings of a server, and what a user does."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Page

from service.settings import Settings

ROOT = Path(__file__).parents[2]
ASTRONAUT = ROOT / "service" / "web" / "examples" / "portrait.jpg"
SCREENSHOTS = ROOT / "artifacts" / "web"
WCAG_AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


Visit = Callable[..., Page]


def settings(**changes: object) -> Settings:
    """The default model without measuring how it runs fastest."""
    return Settings.model_validate({"provider": "cpu", "lanes": 1, "threads": 1, "max_batch": 1, **changes})


def choose(page: Page, photo: Path = ASTRONAUT) -> None:
    """Picks a photo and waits for its answer."""
    page.set_input_files("#pick", photo)
    page.wait_for_selector("main[data-state=done]")


def slow(page: Page) -> CDPSession:
    """Lets no more than 20 kB a second out of the page."""
    session = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
    session.send("Network.emulateNetworkConditions", limits)
    return session


def painted(page: Page, canvas: str = "mask") -> npt.NDArray[np.uint8]:
    """What is painted over the photo (height, width, 4), RGBA: the mask, or the canvas of another id."""
    width, height, text = page.evaluate(
        """(id) => {
            const canvas = document.getElementById(id);
            const { width, height } = canvas;
            const bytes = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            let text = "";
            for (let at = 0; at < bytes.length; at += 4096) {
                text += String.fromCharCode(...bytes.subarray(at, at + 4096));
            }
            return [width, height, btoa(text)];
        }""",
        canvas,
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def examine(page: Page, name: str) -> None:
    """Keeps a picture; finds no fault by WCAG's levels A and AA, and nothing wider than the screen."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    found = Axe().run(page, options=WCAG_AA)
    assert not found.violations_count, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
