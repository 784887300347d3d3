"""What tests of the page share: settings of a server, and what a user does."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from service.settings import Settings

ASTRONAUT = Path(__file__).parents[2] / "service" / "web" / "example.jpg"


Visit = Callable[..., Page]


def settings(**changes: object) -> Settings:
    """The default model without measuring how it runs fastest."""
    return Settings.model_validate({"provider": "cpu", "lanes": 1, "threads": 1, "max_batch": 1, **changes})


def choose(page: Page, photo: Path = ASTRONAUT) -> None:
    """Picks a photo and waits for its answer."""
    page.set_input_files("#pick", photo)
    page.wait_for_selector("main[data-state=done]")
