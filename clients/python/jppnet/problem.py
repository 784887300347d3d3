"""What a call that failed says about itself."""

from typing import Self

import httpx


class ProblemError(Exception):
    """The service, or something before it, answered that the call failed (RFC 9457)."""

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
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            problem = response.json()
            return cls(*(problem[key] for key in ("type", "title", "detail", "status", "request_id")))
        title = response.reason_phrase or f"Status {response.status_code}"
        request_id = response.headers.get("x-request-id")
        return cls("about:blank", title, response.text[:500], response.status_code, request_id)
