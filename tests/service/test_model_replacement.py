"""A model is replaced without a restart: proven first, taken as a whole, and refused without harm."""

import asyncio
import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from service.engine.engine import Engine
from service.engine.errors import ReplacementError, StartError
from service.engine.served_engine import ServedEngine
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.captured_log import Captured
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.load_scene import PHOTO
from tests.helpers.metric_samples import key, samples
from tests.helpers.serve_process import served
from tests.helpers.serving import serving
from tests.helpers.toy_detector import toy_detector_card, write_toy_detector
from tests.helpers.toy_model import toy_card, write_toy_model

ADMIN = {"X-API-Key": "admin"}


def write_version(file: Path, version: str, **changes: Any) -> Path:
    """The toy model as another version; in place as a whole, as `mv` does it."""
    card = toy_card() | {"version": version} | changes
    write_toy_model(file.with_suffix(".new"), card).replace(file)
    return file


def broken_card() -> dict[str, Any]:
    """A card whose golden sample the toy model does not meet."""
    card = toy_card()
    card["golden"]["keypoints"][0] = [1.0, 1.0, 1.0]
    return card


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        model=write_version(tmp_path / "toy.onnx", "1"), detector=None, provider="cpu", lanes=1, closer_look=False,
        isolate_decoding="none", admin_keys=[SecretStr("admin")],
    )  # fmt: skip


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with serving(Engine.start(settings), settings) as client:
        yield client


def test_a_new_file_under_the_same_name_is_taken(client: httpx.Client, settings: Settings) -> None:
    before = client.post("/pose", content=PHOTO)
    write_version(settings.model, "2")
    assert client.get("/model").json()["version"] == "1", "a file alone changes nothing"
    assert client.get("/model/file").status_code == 503, "it is not the file that answers"
    answer = client.post("/admin/model", headers=ADMIN)
    assert (answer.status_code, answer.json()["version"]) == (200, "2")
    assert client.get("/model/file").content == settings.model.read_bytes()
    after = client.post("/pose", content=PHOTO, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["model"]["version"]) == (200, "2")
    found = samples(client)
    assert found[key("model_replacements_total", result="taken")] == 1
    models = {sample: value for sample, value in found.items() if sample[0] == "jppnet_model_info"}
    assert models == {key("model_info", model="toy", version="2", provider="cpu", precision="fp32", state="serving"): 1}


def test_another_file_is_taken_and_reopened_from_then_on(client: httpx.Client, settings: Settings) -> None:
    other = write_version(settings.model.with_name("other.onnx"), "2", name="other")
    assert client.post("/admin/model", headers=ADMIN, json={"model": "other.onnx"}).json()["name"] == "other"
    write_version(other, "3", name="other")
    assert client.post("/admin/model", headers=ADMIN).json()["version"] == "3"


def test_a_detector_is_replaced_and_brought(client: httpx.Client, settings: Settings) -> None:
    write_toy_detector(settings.model.with_name("people.onnx"), toy_detector_card())
    assert client.get("/model").json()["detector"] is None
    answer = client.post("/admin/model", headers=ADMIN, json={"detector": "people.onnx"})
    assert answer.json()["detector"]["name"] == toy_detector_card()["name"]
    assert client.post("/analyze", content=PHOTO).json()["model"]["version"] == "1"


@pytest.mark.parametrize(
    ("corrupt", "words"),
    [
        (b"no model", "cannot be opened"),
        (None, "There is no model file"),
        (broken_card(), "does not compute"),
        (toy_card() | {"schema": 2}, "schema"),
    ],
    ids=["corrupt", "missing", "another golden sample", "another schema"],
)
def test_what_cannot_be_served_changes_nothing(
    corrupt: Any, words: str, client: httpx.Client, settings: Settings, captured: Captured
) -> None:
    file = settings.model.with_name("new.onnx")
    if isinstance(corrupt, dict):
        write_toy_model(file, corrupt)
    elif corrupt:
        file.write_bytes(corrupt)
    answer = client.post("/admin/model", headers=ADMIN, json={"model": "new.onnx"})
    assert_problem(answer, 422, "model-refused", "The model that was served goes on")
    assert words in answer.json()["detail"]
    assert words in captured.stream.getvalue()
    assert client.get("/model").json()["version"] == "1"
    assert client.post("/pose", content=PHOTO).status_code == 200
    assert samples(client)[key("model_replacements_total", result="refused")] == 1


@pytest.mark.parametrize(
    "body", [{"model": "../toy.onnx"}, {"model": "/etc/passwd"}, {"models": "toy.onnx"}, {"model": 1}]
)
def test_only_files_beside_the_model_are_opened(body: dict[str, Any], client: httpx.Client) -> None:
    assert client.post("/admin/model", headers=ADMIN, json=body).status_code == 422


def test_it_needs_a_key_of_its_own(client: httpx.Client, toy_path: Path) -> None:
    assert client.post("/admin/model").status_code == 401
    assert client.post("/admin/model", headers={"X-API-Key": "guess"}).status_code == 401
    settings = Settings(model=toy_path, api_keys=[SecretStr("caller")])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as plain:
        assert plain.post("/admin/model", headers={"X-API-Key": "caller"}).status_code == 404, "off by default"


def test_a_photo_is_answered_by_the_model_that_it_began_with(settings: Settings) -> None:
    session = GatedSession(settings.model)
    session.gate.clear()
    with ThreadPoolExecutor(4) as pool, serving(gated_engine(session, settings), settings) as client:
        old = pool.submit(client.post, "/pose", content=PHOTO)
        session.wait_until_entered()
        write_version(settings.model, "2")
        replaced = pool.submit(client.post, "/admin/model", headers=ADMIN)
        until = time.monotonic() + 20
        while not (others := client.get("/model").json()["others"]) or others[0]["state"] != "draining":
            assert time.monotonic() < until
            time.sleep(0.01)
        assert others == [{"state": "draining", "name": "toy", "version": "1"}]
        found = samples(client)
        both = {(dict(sample[1])["version"], dict(sample[1])["state"]) for sample in found if "model_info" in sample[0]}
        assert both == {("2", "serving"), ("1", "draining")}
        assert found[key("under_way_photos")] == 1
        assert client.post("/pose", content=PHOTO).json()["model"]["version"] == "2", "new photos have the new model"
        second = client.post("/admin/model", headers=ADMIN)
        assert_problem(second, 409, "replacement-under-way", "Another replacement")
        session.gate.set()
        assert old.result().json()["model"]["version"] == "1"
        assert replaced.result().json()["others"] == []


def test_the_old_engine_is_let_go_of(settings: Settings) -> None:
    first = Engine.start(settings)
    served_engine = ServedEngine(first, settings)
    old = weakref.ref(first)
    del first
    gc.disable()  # a server freezes what there is at its start, so that its collector never looks at it
    try:
        served_engine.replace()
        assert old() is None, "else each replacement would keep a model in memory"
    finally:
        gc.enable()
        served_engine.close()


def test_a_failed_start_leaves_the_engine(settings: Settings) -> None:
    served_engine = ServedEngine(Engine.start(settings), settings)
    current = served_engine.open_engines
    settings.model.write_bytes(b"nothing")
    with pytest.raises(StartError, match="cannot be opened"):
        served_engine.replace()
    assert served_engine.open_engines == current
    assert served_engine.others == []
    served_engine.close()


def test_two_replacements_at_once_are_one_too_many(settings: Settings) -> None:
    served_engine = ServedEngine(Engine.start(settings), settings)
    with served_engine.hold():
        thread = threading.Thread(target=served_engine.replace)
        thread.start()
        while not served_engine.others:
            time.sleep(0.01)
        with pytest.raises(ReplacementError):
            served_engine.replace()
    thread.join(20)
    assert not thread.is_alive()
    served_engine.close()


def test_all_open_engines_end_at_the_same_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shutdown waits as long as the slowest of them needs, not for one after the other."""
    served_engine = ServedEngine(Engine.start(settings), settings)
    meet, close = threading.Barrier(2), Engine.close

    def meet_and_close(engine: Engine, timeout: float | None = None) -> bool:
        meet.wait(20)
        return close(engine, timeout)

    with served_engine.hold():
        thread = threading.Thread(target=served_engine.replace)
        thread.start()
        while len(served_engine.open_engines) < 2:
            time.sleep(0.01)
        with monkeypatch.context() as patch:
            patch.setattr(Engine, "close", meet_and_close)
            assert served_engine.close(20)
    thread.join(20)
    assert not thread.is_alive()


def test_what_is_held_in_one_task_is_not_held_in_another(settings: Settings) -> None:
    served_engine = ServedEngine(Engine.start(settings), settings)

    async def versions() -> tuple[str, str]:
        with served_engine.hold():
            write_version(settings.model, "2")
            thread = threading.Thread(target=served_engine.replace)
            thread.start()
            while served_engine.open_engines[0].card.version == "1":
                await asyncio.sleep(0.01)
            here = served_engine.engine.card.version
        thread.join(20)
        return here, served_engine.engine.card.version

    assert asyncio.run(versions()) == ("1", "2")
    served_engine.close()


def test_sighup_opens_the_file_anew(tmp_path: Path) -> None:
    file = write_version(tmp_path / "toy.onnx", "1")
    with served(file, JPPNET_DETECTOR="") as (process, url):
        write_version(file, "2")
        os.kill(process.pid, signal.SIGHUP)
        until = time.monotonic() + 20
        while httpx.get(f"{url}/model").json()["version"] != "2":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert httpx.post(f"{url}/pose", content=PHOTO).json()["model"]["version"] == "2"
        assert process.poll() is None


def test_under_load_every_photo_is_answered_by_one_model_or_the_other(client: httpx.Client, settings: Settings) -> None:
    ends = threading.Event()
    answers: list[tuple[int, str, str]] = []

    def call() -> None:
        with httpx.Client(base_url=client.base_url, timeout=20) as caller:
            while not ends.is_set():
                answer = caller.post("/analyze", content=PHOTO)
                model = answer.json()["model"]
                answers.append((answer.status_code, model["name"], model["version"]))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        for version in ("2", "3"):
            write_version(settings.model, version, name=f"toy-{version}")
            assert client.post("/admin/model", headers=ADMIN).status_code == 200
    finally:
        ends.set()
        for caller in callers:
            caller.join(20)
    assert {status for status, _, _ in answers} == {200}
    assert {(name, version) for _, name, version in answers} <= {("toy", "1"), ("toy-2", "2"), ("toy-3", "3")}
    assert answers[0][2] == "1"
    assert len({version for _, _, version in answers}) > 1
