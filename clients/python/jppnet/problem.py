"""What a call that failed says about itself."""

from typing import Any, Final, Self, TypeVar

import httpx

T = TypeVar("T", str, str | None)

LONGEST: Final = 500
"""Characters of an answer that is no problem, which are told."""


class ProblemError(Exception):
    """The service, or something before it, answered that the call failed (RFC 9457); or what answered is not the
    service, whose answers it does not give."""

    def __init__(self, type: str, title: str, detail: str, status: int, request_id: str | None) -> None:
        super().__init__(f"{title}: {detail}")
        self.type = type
        """Stable name of the kind of problem, such as ``urn:jppnet:problem:unknown-label``, or ``about:blank``."""
        self.title = title
        self.detail = detail
        """What is wrong with this very call, and what to do."""
        self.status = status
        self.request_id = request_id
        """Finds the call in the service's log."""

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """The problem that an answer is. A proxy's error page has no type and says what it says."""
        request_id = response.headers.get("x-request-id")
        title = response.reason_phrase or f"Status {response.status_code}"
        problem = _read(response)
        if problem is None:
            return cls("about:blank", title, response.text[:LONGEST], response.status_code, request_id)
        return cls(
            _text(problem, "type", "about:blank"),
            _text(problem, "title", title),
            _text(problem, "detail", ""),
            response.status_code,
            _text(problem, "request_id", request_id),
        )

    @classmethod
    def unreadable(cls, response: httpx.Response) -> Self:
        """The problem that a success is, if it is no answer of a jppnet service or not a whole one."""
        kind = response.headers.get("content-type", "of no type")
        begins = response.text[:LONGEST]
        return cls(
            "about:blank",
            "Not an answer of jppnet",
            f"{response.url} answers {response.status_code}, but not as the service does, or not wholly ({kind}, "
            f"{len(response.content)} bytes): {begins}",
            response.status_code,
            response.headers.get("x-request-id"),
        )


def _read(response: httpx.Response) -> dict[str, Any] | None:
    """The object that a problem is; None if this is none."""
    if not response.headers.get("content-type", "").lower().startswith("application/problem+json"):
        return None
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        return None
    return problem if isinstance(problem, dict) else None


def _text(problem: dict[str, Any], key: str, default: T) -> str | T:
    value = problem.get(key)
    return value if isinstance(value, str) else default
