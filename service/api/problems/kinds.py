"""Errors as RFC 9457 problems: which exception is which problem, and how one is answered."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Self

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.response.schemas import Problem
from service.engine import errors as engine
from service.imaging import errors as photo

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
CLIENT_CLOSED_REQUEST: Final = 499
"""nginx's status for it; there is no standard one."""
CUT_SHORT: Final = "The service is shutting down, and there was no time left for this request. Send it again."


class UploadTooLargeError(ValueError):
    """The request's body is larger than the service accepts."""

    @classmethod
    def of(cls, max_bytes: int) -> Self:
        """The error that names the limit."""
        return cls(
            f"The upload is larger than the {max_bytes / 1e6:g} MB that are accepted. Send a smaller or a more "
            "compressed photo."
        )


class MultipartError(ValueError):
    """The request's body is not the multipart form that its header promises."""


class InvalidJsonError(ValueError):
    """The request's body is not the JSON that its header promises."""


class InvalidBase64Error(ValueError):
    """The photo within JSON is neither base64 nor a ``data:`` URL of it."""


class MissingPhotoError(ValueError):
    """The multipart form or JSON has no photo, or more than one."""


class SlowUploadError(ValueError):
    """The request's body did not arrive in time."""


class UploadsFullError(RuntimeError):
    """The bodies under way take all the memory there is for them; ``retry_after`` is the wait in seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownLabelError(ValueError):
    """A label is asked for that the model does not know."""


class InvalidBoxError(ValueError):
    """What should be a box is none, or there are too many."""


class UnauthorizedError(ValueError):
    """The call needs an API key, and there is none or a wrong one."""


class NotAcceptableError(ValueError):
    """None of the media types that the client accepts can be given."""


class Kind(NamedTuple):
    """A kind of problem: HTTP status, stable name, title."""

    status: int
    name: str
    title: str


KINDS: Final[Mapping[type[Exception], Kind]] = {
    photo.EmptyPhotoError: Kind(400, "empty-body", "Empty body"),
    MultipartError: Kind(400, "invalid-multipart", "Invalid multipart form"),
    InvalidJsonError: Kind(400, "invalid-json", "Invalid JSON"),
    UnauthorizedError: Kind(401, "unauthorized", "Unauthorized"),
    NotAcceptableError: Kind(406, "not-acceptable", "Not acceptable"),
    SlowUploadError: Kind(408, "upload-too-slow", "Upload too slow"),
    UploadTooLargeError: Kind(413, "upload-too-large", "Upload too large"),
    photo.TooManyPixelsError: Kind(413, "too-many-pixels", "Too many pixels"),
    photo.TooManyScansError: Kind(413, "too-many-scans", "Too many scans"),
    photo.NotAPhotoError: Kind(415, "not-a-photo", "Not a photo"),
    photo.UnsupportedTypeError: Kind(415, "unsupported-type", "Unsupported type of picture"),
    photo.TruncatedPhotoError: Kind(422, "truncated-photo", "Truncated photo"),
    photo.CorruptPhotoError: Kind(422, "corrupt-photo", "Corrupt photo"),
    InvalidBase64Error: Kind(422, "invalid-base64", "Invalid base64"),
    MissingPhotoError: Kind(422, "missing-photo", "Missing photo"),
    InvalidBoxError: Kind(422, "invalid-box", "Invalid box"),
    photo.BoxOutsideError: Kind(422, "box-outside", "Box outside the photo"),
    photo.BoxesTooLargeError: Kind(422, "boxes-too-large", "Boxes too large"),
    UnknownLabelError: Kind(422, "unknown-label", "Unknown label"),
    RequestValidationError: Kind(422, "invalid-request", "Invalid request"),
    engine.InferenceError: Kind(500, "inference-failed", "Inference failed"),
    engine.OverloadError: Kind(503, "overloaded", "Overloaded"),
    UploadsFullError: Kind(503, "uploads-full", "Uploads full"),
    engine.DeviceError: Kind(503, "device-failed", "Device failed"),
    engine.OutOfMemoryError: Kind(503, "out-of-memory", "Out of memory"),
    engine.ClosedError: Kind(503, "shutting-down", "Shutting down"),
    engine.DeadlineError: Kind(504, "deadline-passed", "Deadline passed"),
}

INVALID_HTTP: Final = Kind(400, "invalid-http", "Invalid HTTP")
HEAD_TOO_SLOW: Final = Kind(408, "head-too-slow", "Request head too slow")
HEAD_TOO_LARGE: Final = Kind(431, "head-too-large", "Request head too large")
TOO_MANY_CONNECTIONS: Final = Kind(503, "too-many-connections", "Too many connections")
CONNECTION_KINDS: Final = (INVALID_HTTP, HEAD_TOO_SLOW, HEAD_TOO_LARGE, TOO_MANY_CONNECTIONS)
"""What a connection is refused for, before there is a request."""


def kinds_of(*statuses: int) -> Iterator[tuple[int, list[Kind]]]:
    """For each status, the kinds of problem that have it."""
    for status in statuses:
        yield status, [kind for kind in (*KINDS.values(), *CONNECTION_KINDS) if kind.status == status]


def install_problems(app: FastAPI) -> None:
    """Makes the app answer every error as a problem. Goes before all other middleware: their headers are for problems
    as well."""
    for error in KINDS:
        app.add_exception_handler(error, _answer_known)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_middleware(UnexpectedErrors)


def problem_response(request: Request, kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as the answer to a request."""
    request_id = request.state.request_id
    request.state.problem = kind.name
    all_headers = {"X-Request-ID": request_id, **(headers or {})}
    return Response(problem_json(kind, detail, request_id), kind.status, all_headers, MEDIA_TYPE)


def problem_json(kind: Kind, detail: str, request_id: str) -> bytes:
    """A problem's document, as JSON."""
    problem = Problem(
        type=f"urn:jppnet:problem:{kind.name}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        request_id=request_id,
    )
    return problem.model_dump_json().encode()


def known_problem(request: Request, error: Exception) -> Response:
    """The answer to a request that ends in an error of which the kind is known."""
    kind = KINDS[type(error)]
    headers = {}
    if isinstance(error, engine.OverloadError | engine.DeadlineError | UploadsFullError):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, engine.ClosedError | engine.OutOfMemoryError):
        headers["Retry-After"] = "1"
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = 'Bearer realm="jppnet"'
    detail = _explain(error) if isinstance(error, RequestValidationError) else str(error)
    return problem_response(request, kind, detail, headers)


async def _answer_known(request: Request, error: Exception) -> Response:
    return known_problem(request, error)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(headers["Allow"])
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    phrase = HTTPStatus(error.status_code).phrase
    kind = Kind(error.status_code, phrase.lower().replace(" ", "-"), phrase)
    detail = f"{error.detail}: {request.method} {request.url.path}. The calls there are, are listed at /docs."
    return problem_response(request, kind, detail, headers)


def _allowed(methods: str) -> str:
    """The methods of a call, with those that every call answers without a route of their own."""
    named = {method.strip() for method in methods.split(",")}
    return ", ".join(sorted(named | {"OPTIONS"} | ({"HEAD"} if "GET" in named else set())))


async def _answer_nobody(request: Request, error: Exception) -> Response:
    """The client has hung up; what is returned here reaches nobody, but is counted."""
    request.state.problem = "hung-up"
    return Response(status_code=CLIENT_CLOSED_REQUEST)


class UnexpectedErrors:
    """ASGI middleware: errors that nobody foresaw. As an exception handler it would answer outside all middleware, and
    without the headers for other origins a page could not even read that the service failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and answers if that fails before an answer has begun."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            # The server cancels what is still under way when the time to drain is up.
            await known_problem(Request(scope), engine.ClosedError(CUT_SHORT))(scope, receive, send)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            request = Request(scope)
            log.error("request %s failed: %r", request.state.request_id, error, exc_info=error)
            kind = Kind(500, "internal-error", "Internal error")
            detail = "Something went wrong in the service. Its log says more, by request id."
            await problem_response(request, kind, detail)(scope, receive, send)


def _explain(error: RequestValidationError) -> str:
    def place(location: tuple[Any, ...]) -> str:
        return " ".join(map(str, location))

    return "; ".join(f"{place(item['loc'])}: {item['msg']}" for item in error.errors()) + "."
