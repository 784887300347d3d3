"""``GET /model/file``: the very file that answers, for programs that run it themselves."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serving import serving
from tests.helpers.toy_detector import toy_detector_card, write_toy_detector


def test_it_is_the_served_file_as_it_is(client: httpx.Client, toy_path: Path) -> None:
    answer = client.get("/model/file", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.content == toy_path.read_bytes()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == str(toy_path.stat().st_size)  # so that progress can be shown
    assert answer.headers["Cache-Control"] == "private, no-cache"
    head = client.head("/model/file")
    assert (head.content, head.headers["ETag"]) == (b"", answer.headers["ETag"])


def test_who_has_it_need_not_fetch_it_again(client: httpx.Client) -> None:
    tag = client.get("/model/file").headers["ETag"]
    assert not tag.startswith("W/")
    again = client.get("/model/file", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get("/model/file", headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize(("asked", "part"), [("bytes=3-9", slice(3, 10)), ("bytes=-5", slice(-5, None))])
def test_a_download_that_broke_off_goes_on(client: httpx.Client, toy_path: Path, asked: str, part: slice) -> None:
    tag = client.get("/model/file").headers["ETag"]
    answer = client.get("/model/file", headers={"Range": asked, "If-Range": tag})
    assert (answer.status_code, answer.content) == (206, toy_path.read_bytes()[part])


def test_a_part_that_is_not_there_is_refused(client: httpx.Client) -> None:
    assert client.get("/model/file", headers={"Range": "bytes=999999999-"}).status_code == 416


def test_keys_apply(toy_path: Path) -> None:
    settings = Settings(model=toy_path, api_keys=[SecretStr("key")])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        assert_problem(client.get("/model/file"), 401, "unauthorized", "needs an API key")
        assert client.get("/model/file", headers={"X-API-Key": "key"}).content == toy_path.read_bytes()


def test_it_is_the_file_in_the_precision_that_is_run(toy_path: Path, tmp_path: Path) -> None:
    """Beside the named file lies the same model for the CPU: that one answers, so that one is given."""
    named, suited = tmp_path / "toy.onnx", tmp_path / "toy.int8.onnx"
    named.write_bytes(toy_path.read_bytes())
    suited.write_bytes(toy_path.read_bytes() + b"\x1a\x00")  # an empty producer_version: another file, the same model
    settings = Settings(model=named)
    with serving(gated_engine(GatedSession(named), settings), settings) as client:
        assert client.get("/model/file").content == suited.read_bytes()


def test_another_file_in_its_place_is_not_given_as_the_one_that_answers(toy_path: Path, tmp_path: Path) -> None:
    """tests/service/test_model_replacement.py has it taken; then it has another tag."""
    file = tmp_path / "toy.onnx"
    file.write_bytes(toy_path.read_bytes())
    settings = Settings(model=file)
    with serving(gated_engine(GatedSession(file), settings), settings) as client:
        tag = client.get("/model/file").headers["ETag"]
        file.write_bytes(toy_path.read_bytes() + b"\x1a\x00")
        again = client.get("/model/file", headers={"If-None-Match": tag})
        assert_problem(again, 503, "service-unavailable", "has been replaced")


def test_the_detectors_file_is_beside_it(client: httpx.Client, toy_path: Path, tmp_path: Path) -> None:
    assert client.get("/model/detector/file").status_code == 404
    detector = write_toy_detector(tmp_path / "toy-detect.onnx", toy_detector_card())
    given = Settings(model=toy_path, detector=detector, provider="cpu", lanes=1, threads=1, max_batch=1)
    with serving(Engine.start(given), given) as with_detector:
        answer = with_detector.get("/model/detector/file")
        assert answer.content == detector.read_bytes()
        again = with_detector.get("/model/detector/file", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        detector.write_bytes(detector.read_bytes() + b"\x1a\x00")
        replaced = with_detector.get("/model/detector/file", headers={"If-None-Match": answer.headers["ETag"]})
        assert_problem(replaced, 503, "service-unavailable", "has been replaced")
