"""Retries of a call, without a network: the steps (send, wait) that a blocking or asynchronous driver carries out."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from jppnet.problem import ProblemError
from jppnet.request import Request

LONGEST_TIMEOUT_MS: Final = 600_000
"""Longest time that the service lets a call ask for."""
GRACE: Final = 1.0
"""Seconds that a call waits longer than the service, so that the service's own word that time is up still arrives."""
CONNECT: Final = 5.0
"""Seconds in which a connection stands, or is tried again."""
FIRST_WAIT: Final = 0.5
"""Seconds before the second try where the service names none; they double from try to try."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request, and give back its response, or the error that kept it from coming."""

    url: str
    request: Request
    headers: dict[str, str]
    timeout: httpx.Timeout


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait that many seconds."""

    seconds: float


Outcome = httpx.Response | httpx.TransportError | None
"""What became of a step; None of a wait."""
RetryLoop = Generator[Send | Wait, Outcome, httpx.Response]


def retry(url: str, request: Request, timeout: float, retries: int) -> RetryLoop:
    """Sends a request until it is answered, within ``timeout`` seconds; returns the answer.

    Every call of the service gives the same answer however often it is made, so a busy service (503) or a broken
    connection is tried again, up to ``retries`` times and as long as there is time.

    Raises:
        ProblemError: the service answered that the call failed.
        httpx.TransportError: it did not answer.
    """
    end = time.monotonic() + timeout
    tries = 0
    while True:
        outcome: Outcome | ProblemError = yield _send(url, request, end - time.monotonic())
        wait = FIRST_WAIT * 2**tries
        if isinstance(outcome, httpx.Response):
            if outcome.is_success:
                return outcome
            wait = _asked_wait(outcome.headers.get("Retry-After"), wait)
            outcome = ProblemError.of(outcome)
        assert outcome is not None
        is_final = isinstance(outcome, ProblemError) and outcome.status != httpx.codes.SERVICE_UNAVAILABLE
        if is_final or tries >= retries or time.monotonic() + wait >= end:
            raise outcome
        yield Wait(wait)
        tries += 1


def _send(url: str, request: Request, seconds: float) -> Send:
    headers = dict(request.headers)
    if request.method == "POST":
        headers["X-Request-Timeout-Ms"] = str(min(max(1, int(1000 * seconds)), LONGEST_TIMEOUT_MS))
    patience = max(0.0, seconds) + GRACE
    return Send(f"{url}/{request.path}", request, headers, httpx.Timeout(patience, connect=min(CONNECT, patience)))


def _asked_wait(text: str | None, default: float) -> float:
    """The seconds that ``Retry-After`` names, be it as a number or a date; the default if it is neither."""
    text = (text or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return default
