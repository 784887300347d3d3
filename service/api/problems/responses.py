"""Answers to requests that failed: the problem document, and the handlers that make one of each error."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from service.api.problems.errors import InvalidRequestError, UnauthorizedError, UnsupportedEncodingError
from service.api.problems.quoting import LONGEST, quoted
from service.api.problems.types import HUNG_UP, PROBLEM_TYPES, ProblemType, problem_type_of

MEDIA_TYPE: Final = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str = Field(description="stable name of the kind of problem", examples=["urn:jppnet:problem:empty-body"])
    title: str = Field(examples=["Empty body"])
    status: int = Field(examples=[400])
    detail: str = Field(
        description="a sentence that says what to do",
        examples=["There is no picture in the request: its body is empty."],
    )
    request_id: str = Field(description="also in the header X-Request-ID", examples=["5f0c6a1e9f1b4d0c"])


def install_exception_handlers(app: FastAPI) -> None:
    """Makes the app answer every known error with a problem document."""
    for error in PROBLEM_TYPES:
        app.add_exception_handler(error, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(ClientDisconnect, _answer_disconnected)


def problem_json(problem_type: ProblemType, detail: str, request_id: str) -> bytes:
    """A problem document as JSON."""
    problem = Problem(
        type=problem_type.urn,
        title=problem_type.title,
        status=problem_type.status,
        detail=detail,
        request_id=request_id,
    )
    return problem.model_dump_json().encode()


def problem_response(
    request: Request, problem_type: ProblemType, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request with a problem document; notes the problem in the request's state."""
    request_id = request.state.request_id
    request.state.problem = problem_type.slug
    all_headers = {"X-Request-ID": request_id, **(headers or {})}
    return Response(problem_json(problem_type, detail, request_id), problem_type.status, all_headers, MEDIA_TYPE)


def error_response(request: Request, error: Exception) -> Response:
    """The answer to a request that failed with an error that has a type of problem; LookupError if it has none."""
    headers = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = 'Bearer realm="jppnet"'
    if isinstance(error, UnsupportedEncodingError):
        headers["Accept-Encoding"] = "gzip"  # RFC 9110, 12.5.3
    return problem_response(request, problem_type_of(error), str(error), headers)


async def _answer_known(request: Request, error: Exception) -> Response:
    return error_response(request, error)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return error_response(request, InvalidRequestError(_validation_detail(error)))


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(headers["Allow"])
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    phrase = HTTPStatus(error.status_code).phrase
    problem_type = ProblemType(error.status_code, phrase.lower().replace(" ", "-"), phrase)
    called = request.url.path if len(request.url.path) <= LONGEST else f"{request.url.path[:LONGEST]}…"
    detail = f"{error.detail}: {request.method} {called}. See /docs for the calls that exist."
    return problem_response(request, problem_type, detail, headers)


def _allowed(methods: str) -> str:
    """The methods of a call, with those that are answered for every call without a route of their own."""
    named = {method.strip() for method in methods.split(",")}
    return ", ".join(sorted(named | {"OPTIONS"} | ({"HEAD"} if "GET" in named else set())))


async def _answer_disconnected(request: Request, error: Exception) -> Response:
    """An answer that is counted and not sent: the client has disconnected."""
    request.state.problem = HUNG_UP.slug
    return Response(status_code=HUNG_UP.status)


def _validation_detail(error: RequestValidationError) -> str:
    def place(location: tuple[Any, ...]) -> str:
        return " ".join(map(str, location))

    def given(item: Any) -> str:
        return f", not {quoted(item['input'])}" if isinstance(item.get("input"), str | int | float) else ""

    return "; ".join(f"{place(item['loc'])}: {item['msg']}{given(item)}" for item in error.errors()) + "."
