"""A question that was asked before is not read again, and still is another one when a word of it differs."""

from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from pydantic import SecretStr
from starlette.testclient import TestClient

from service.api.request.api_keys import ApiKeys
from service.api.request.parameter_cache import MAX_ENTRIES, MAX_KEY_BYTES, CachedParametersRoute
from service.api.request.upload_budget import UploadBudget
from service.api.routes.photos import photo_routes
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import ids_of
from tests.helpers.serving import serving
from tests.helpers.toy_model import paint, png

PHOTO = png(paint(192, 256, {1: (20, 20, 150, 200), 2: (40, 100, 80, 100)}))
TYPES = {"image/png": "image/png", "application/json": "application/json", "text/x, */*;q=0.1": "image/png"}


def test_every_word_of_a_question_counts(client: httpx.Client) -> None:
    for _ in range(3):
        for query, present in {"labels=shirt": {0, 1}, "labels=trousers": {0, 2}, "": {0, 1, 2}}.items():
            ids = ids_of(client.post(f"/parse?{query}", content=PHOTO).content)
            assert set(ids.ravel().tolist()) == present
        for accept, media_type in TYPES.items():
            answer = client.post("/parse", content=PHOTO, headers={"Accept": accept})
            assert answer.headers["content-type"] == media_type


def test_what_is_wrong_is_wrong_each_time(client: httpx.Client) -> None:
    for _ in range(3):
        assert_problem(client.post("/parse?opacity=7", content=PHOTO), 422, "invalid-request", "opacity")
        assert_problem(client.post("/parse?labels=hat", content=PHOTO), 422, "unknown-label", "hat")
        assert client.post("/parse", content=PHOTO).status_code == 200


def test_a_key_opens_only_for_those_who_send_it(toy_path: Path) -> None:
    settings = Settings(model=toy_path, api_keys=[SecretStr("right")])
    engine = gated_engine(GatedSession(toy_path), settings)
    with serving(engine, settings) as client:
        for _ in range(3):
            for header in ({"X-API-Key": "right"}, {"Authorization": "Bearer right"}):
                assert client.post("/parse", content=PHOTO, headers=header).status_code == 200
            for header in ({}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer wrong"}):
                assert_problem(client.post("/parse", content=PHOTO, headers=header), 401, "unauthorized", "key")
    engine.close()


@pytest.mark.parametrize("needs_key", [True, False])
def test_every_header_that_a_call_reads_is_part_of_the_cache_key(
    client: httpx.Client, toy_path: Path, needs_key: bool
) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    calls = [path["post"]["parameters"] for path in paths.values() if "post" in path]
    assert len(calls) == 3
    told = {one["name"].lower().encode() for call in calls for one in call if one["in"] == "header"}
    expected = told | {b"accept"} | ({b"authorization", b"x-api-key"} if needs_key else set())
    settings = Settings(model=toy_path, api_keys=[SecretStr("right")] if needs_key else [])
    engine = gated_engine(GatedSession(toy_path), settings)
    routes = photo_routes(engine, settings, UploadBudget(1), ApiKeys(settings.api_keys)).routes
    assert [route.header_names for route in routes if isinstance(route, CachedParametersRoute)] == [expected] * 3
    engine.close()


def test_a_header_of_a_dependency_is_part_of_the_cache_key() -> None:
    router = APIRouter(route_class=CachedParametersRoute)

    async def tenant(x_tenant: str = Header("nobody")) -> str:
        return x_tenant

    @router.get("/")
    async def echo(request: Request, name: str = Depends(tenant)) -> Response:
        return Response(name)

    app = FastAPI()
    app.include_router(router)
    client = TestClient(app)
    assert [client.get("/", headers={"X-Tenant": name}).text for name in ("a", "b", "a")] == ["a", "b", "a"]


@pytest.fixture
def read() -> list[str | None]:
    """What FastAPI read."""
    return []


@pytest.fixture
def counted(read: list[str | None]) -> TestClient:
    """A route that answers with its parameter, after a guard that notes that it was called."""
    router = APIRouter(route_class=CachedParametersRoute)

    @router.get("/")
    async def echo(request: Request, word: str = "none", accept: str | None = Header(None)) -> Response:
        return Response(f"{word} {accept} {request.headers.get('x-other')}")

    def note(word: str | None = None) -> None:
        read.append(word)

    app = FastAPI()
    app.include_router(router, dependencies=[Depends(note)])
    return TestClient(app)


def test_it_is_read_once(counted: TestClient, read: list[str | None]) -> None:
    for number in range(3):
        answer = counted.get("/?word=a", headers={"Accept": "x/y", "X-Other": str(number)})
        assert answer.text == f"a x/y {number}", "what is not the question's is each request's own"
    assert read == ["a"]


def test_long_ones_and_old_ones_are_not_kept(counted: TestClient, read: list[str | None]) -> None:
    long = "l" * MAX_KEY_BYTES
    for _ in range(2):
        counted.get(f"/?word={long}")
    assert len(read) == 2
    for number in range(MAX_ENTRIES + 1):
        counted.get(f"/?word={number}")
    counted.get(f"/?word={MAX_ENTRIES}")
    assert len(read) == 2 + MAX_ENTRIES + 1
    counted.get("/?word=0")
    assert len(read) == 2 + MAX_ENTRIES + 2
