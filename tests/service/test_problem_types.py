"""Types of problems: an error is one by its class or a base class, and everything about a type is in one row."""

import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from service.api.middleware.request_id import RequestId
from service.api.problems.responses import install_exception_handlers
from service.api.problems.types import CONNECTION_PROBLEMS, PROBLEM_TYPES, problem_type_of, types_by_status
from service.engine.errors import OverloadError
from service.imaging.errors import CorruptPhotoError


class NoLaneError(OverloadError):
    """An overload of another kind, which has no row of its own."""


def test_a_subclass_is_a_problem_of_its_base_class() -> None:
    assert problem_type_of(NoLaneError(3)) is PROBLEM_TYPES[OverloadError]


def test_an_error_that_is_no_problem_is_named() -> None:
    with pytest.raises(LookupError, match="KeyError"):
        problem_type_of(KeyError("x"))


def test_a_subclass_is_answered_with_the_headers_of_its_base_class() -> None:
    app = FastAPI(middleware=[Middleware(RequestId)])
    install_exception_handlers(app)

    @app.get("/")
    def fail() -> None:
        raise NoLaneError(3)

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.json()["type"] == "urn:jppnet:problem:overloaded"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_types_are_found_by_status_those_of_connections_too() -> None:
    ((status, types),) = types_by_status(422)
    assert status == 422
    assert PROBLEM_TYPES[CorruptPhotoError] in types
    ((_, refused),) = types_by_status(431)
    assert refused == [it for it in CONNECTION_PROBLEMS if it.status == 431]
