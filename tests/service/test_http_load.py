"""Under load the service stays calm: it sheds what it cannot take, and runs nothing that nobody waits for."""

import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.engine.model.session import Prediction
from service.engine.photo.photo import Plan
from service.engine.scheduling.deadline import Deadline
from service.imaging.png import Color
from tests.helpers.assertions import assert_problem
from tests.helpers.captured_log import Captured
from tests.helpers.gated_session import GatedSession, Image
from tests.helpers.load_scene import PHOTO, scene
from tests.helpers.toy_model import HEIGHT, WIDTH, paint, png

PAGE = "https://shop.example"
BOX = "box=20,60,120,120"


@pytest.fixture(params=[1, 2], ids=["lanes do all", "beside a pool"], autouse=True)
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where photos are decoded and encoded."""
    monkeypatch.setattr(GatedSession, "threads", request.param)


def test_a_full_queue_turns_away_with_the_time_to_come_back(toy_path: Path) -> None:
    with scene(toy_path, queue_size=3) as on:
        admitted = [on.post() for _ in range(3)]
        on.wait_until_under_way(3)
        refused = on.client.post("/pose", content=PHOTO)
        assert_problem(refused, 503, "overloaded", "Try again in 1 s")
        assert refused.headers["Retry-After"] == "1"
        assert on.client.get("/livez").status_code == 200, "health is answered however busy the service is"
        on.session.gate.set()
        assert [future.result().status_code for future in admitted] == [200] * 3
        assert on.client.post("/pose", content=PHOTO).status_code == 200


@pytest.mark.parametrize("call", ["/parse", "/pose?format=bmp", "/analyze"])
def test_a_refusal_has_all_that_other_answers_have(toy_path: Path, captured: Captured, call: str) -> None:
    with scene(toy_path, queue_size=1, cors_origins=[PAGE]) as on:
        on.post()
        on.wait_until_under_way(1)
        refused = on.client.post(call, content=PHOTO, headers={"Origin": PAGE, "X-Request-ID": "mine"})
        assert_problem(refused, 503, "overloaded", "Try again in 1 s")
        assert refused.headers["X-Request-ID"] == "mine"
        assert refused.headers["access-control-allow-origin"] == PAGE
        (line,) = captured.requests(1)
        path = call.partition("?")[0]
        assert (line["request_id"], line["route"], line["status"], line["problem"]) == ("mine", path, 503, "overloaded")
        figures = on.client.get("/metrics").text
        assert f'jppnet_requests_total{{route="{path}",status="503"}} 1.0' in figures
        assert 'jppnet_rejected_total{reason="overloaded"} 1.0' in figures
        assert on.client.get(path).status_code == 405, "only photos are refused"


def test_who_may_not_ask_hears_that_first(toy_path: Path) -> None:
    with scene(toy_path, queue_size=1, api_keys=["key"]) as on:
        known = {"Authorization": "Bearer key"}
        on.client.headers["X-API-Key"] = "key"
        on.post()
        on.wait_until_under_way(1)
        assert on.client.post("/pose", content=PHOTO).status_code == 503
        del on.client.headers["X-API-Key"]
        assert on.client.post("/pose", content=PHOTO, headers=known).status_code == 503
        for unknown in ({}, {"X-API-Key": "other"}, {"Authorization": "Bearer other", "X-API-Key": "key"}):
            assert_problem(on.client.post("/pose", content=PHOTO, headers=unknown), 401, "unauthorized", "API key")


def test_a_full_queue_turns_away_before_the_photo_is_uploaded(toy_path: Path) -> None:
    with scene(toy_path, queue_size=1) as on:
        on.post()
        on.wait_until_under_way(1)
        with socket.create_connection((on.client.base_url.host, on.client.base_url.port or 80), 10) as connection:
            connection.sendall(b"POST /parse HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 503")


def test_who_is_turned_away_while_uploading_can_read_why(toy_path: Path) -> None:
    with scene(toy_path, queue_size=1) as on:
        on.post()
        on.wait_until_under_way(1)
        url = on.client.base_url
        with socket.create_connection((url.host, url.port or 80), 10) as connection:
            connection.sendall(
                b"POST /parse HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n"
            )
            began = connection.recv(100)
            for _ in range(300):
                connection.sendall(bytes(10_000))
            answer = began + b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 503")
        assert answer.endswith(b"}")


def test_a_deadline_is_kept_and_the_photo_never_runs(toy_path: Path) -> None:
    with scene(toy_path) as on:
        first = on.post()
        on.session.wait_until_entered()
        began = time.monotonic()
        late = on.client.post("/pose", content=PHOTO, headers={"X-Request-Timeout-Ms": "150"})
        assert_problem(late, 504, "deadline-passed", "within 0.15 s")
        assert late.headers["Retry-After"] == "1"
        assert 0.14 < time.monotonic() - began < 2
        on.session.gate.set()
        assert first.result().status_code == 200
        assert on.client.post("/pose", content=PHOTO).status_code == 200
        assert on.session.batches == [1, 1]


def test_the_default_deadline_comes_from_the_settings(toy_path: Path) -> None:
    with scene(toy_path, timeout_seconds=0.1) as on:
        assert_problem(on.client.post("/pose", content=PHOTO), 504, "deadline-passed", "within 0.1 s")


def test_a_slow_upload_meets_its_deadline(toy_path: Path) -> None:
    with (
        scene(toy_path, timeout_seconds=0.2) as on,
        socket.create_connection((on.client.base_url.host, on.client.base_url.port or 80), 10) as connection,
    ):
        connection.sendall(b"POST /parse HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nabc")
        assert connection.recv(1000).startswith(b"HTTP/1.1 504")


def test_who_hangs_up_is_forgotten(toy_path: Path) -> None:
    with scene(toy_path) as on:
        first = on.post()
        on.session.wait_until_entered()
        on.post_and_hang_up()
        on.wait_until_under_way(1)
        on.session.gate.set()
        assert first.result().status_code == 200
        on.client.post("/pose", content=PHOTO)
        assert on.session.batches == [1, 1], "the photo of the client that hung up did not run"


def test_who_hangs_up_while_the_photo_is_decoded_keeps_it_from_the_device(
    toy_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding, goes_on = threading.Event(), threading.Event()
    decode_inputs = Plan.decode_inputs

    def slow(plan: Plan, pad_color: Color, deadline: Deadline, is_brief: bool = False) -> list[Image]:
        images = decode_inputs(plan, pad_color, deadline, is_brief)
        decoding.set()
        assert goes_on.wait(20)
        return images

    monkeypatch.setattr(Plan, "decode_inputs", slow)
    with scene(toy_path) as on:
        on.session.gate.set()
        on.post_and_hang_up(under_way=1)
        assert decoding.wait(20)
        on.wait_until_under_way(0)
        goes_on.set()
        assert on.client.post("/pose", content=PHOTO).status_code == 200
        assert on.session.batches == [1], "only the photo whose client waited ran"


def test_calls_with_the_same_photo_at_the_same_moment_share_one_run(toy_path: Path) -> None:
    with scene(toy_path) as on:
        answers = [on.post("/parse"), on.post("/pose"), on.post("/analyze"), on.post(f"/pose?{BOX}")]
        on.wait_until_under_way(4)
        on.session.gate.set()
        assert [answer.result().status_code for answer in answers] == [200] * 4
        assert sum(on.session.batches) == 2, "the box is another question to the model"
        joints = answers[1].result().json()["people"]
        assert answers[2].result().json()["people"] == joints
        assert on.client.post("/pose", content=PHOTO).json()["people"] == joints
        assert sum(on.session.batches) == 3, "nothing is kept for later"


def test_who_hangs_up_does_not_take_the_shared_run_along(toy_path: Path) -> None:
    with scene(toy_path) as on:
        stays = on.post("/parse")
        on.session.wait_until_entered()
        on.post_and_hang_up()
        on.wait_until_under_way(1)
        on.session.gate.set()
        assert stays.result().status_code == 200
        assert on.session.batches == [1]


def test_a_shared_run_that_fails_fails_for_all(toy_path: Path) -> None:
    with scene(toy_path) as on:
        poison = paint(WIDTH, HEIGHT, {1: (0, 0, 8, 8)})
        on.session.poison = poison
        answers = [on.post(photo=png(poison)) for _ in range(3)]
        on.wait_until_under_way(3)
        on.session.gate.set()
        for answer in answers:
            assert_problem(answer.result(), 500, "inference-failed", "failed on this photo")


def test_runs_are_not_shared_where_that_is_switched_off(toy_path: Path) -> None:
    with scene(toy_path, share_runs=False) as on:
        answers = [on.post("/parse"), on.post("/pose")]
        on.wait_until_under_way(2)
        on.session.gate.set()
        assert [answer.result().status_code for answer in answers] == [200] * 2
        assert on.session.batches == [1, 1]


def test_photos_larger_than_the_budget_are_answered_one_by_one(toy_path: Path) -> None:
    with scene(toy_path, max_pixels_at_work=1, share_runs=False) as on:
        on.session.gate.set()
        assert [answer.result().status_code for answer in [on.post("/parse") for _ in range(8)]] == [200] * 8
        assert on.engine.stats().pixels_at_work == 0


def test_one_bad_photo_fails_alone(toy_path: Path) -> None:
    with scene(toy_path) as on:
        on.session.gate.set()
        poison = paint(WIDTH, HEIGHT, {1: (0, 0, 8, 8)})
        on.session.poison = poison
        assert_problem(on.client.post("/pose", content=png(poison)), 500, "inference-failed", "failed on this photo")
        assert on.client.post("/pose", content=PHOTO).status_code == 200
        assert on.client.get("/livez").status_code == 200


def test_a_broken_device_turns_liveness_off_for_good(toy_path: Path) -> None:
    with scene(toy_path) as on:
        on.session.gate.set()
        on.session.is_broken = True
        assert_problem(on.client.post("/pose", content=PHOTO), 503, "device-failed", "must be restarted")
        on.session.is_broken = False
        for path in ("/livez", "/readyz"):
            assert_problem(on.client.get(path), 503, "device-failed", "must be restarted")
        ran = len(on.session.batches)
        assert_problem(on.client.post("/pose", content=PHOTO), 503, "device-failed", "must be restarted")
        assert len(on.session.batches) == ran


def test_an_error_of_our_own_is_a_problem_with_a_request_id(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scene(toy_path) as on:
        monkeypatch.setattr(on.engine, "inspect", lambda data: 1 / 0)
        answer = on.client.post("/pose", content=PHOTO, headers={"X-Request-ID": "mine"})
        assert_problem(answer, 500, "internal-error", "by request id")
        assert answer.json()["request_id"] == "mine"
        assert "ZeroDivision" not in answer.text


def test_who_hangs_up_during_the_first_look_costs_no_second(toy_path: Path) -> None:
    with scene(toy_path, closer_look=True) as on:
        with on.posting():
            on.session.wait_until_entered()
        on.wait_until_under_way(0)
        on.session.gate.set()
        assert on.client.post("/pose", content=PHOTO).status_code == 200
        assert on.session.batches == [1, 1, 1], "one look for the client that hung up, two for the next"


def test_both_looks_are_shared(toy_path: Path) -> None:
    with scene(toy_path, closer_look=True) as on:
        answers = [on.post("/parse"), on.post("/pose")]
        on.wait_until_under_way(2)
        on.session.gate.set()
        assert [answer.result().status_code for answer in answers] == [200] * 2
        assert on.session.batches == [1, 1]


def test_a_second_look_that_fails_is_the_photos_failure(toy_path: Path) -> None:
    with scene(toy_path, closer_look=True) as on:
        runs = on.session.run

        def fail_later(images: Sequence[Image]) -> list[Prediction]:
            if len(on.session.batches) == 1:
                on.session.poison = images[0]
            return runs(images)

        on.session.run = fail_later  # type: ignore[method-assign]
        on.session.gate.set()
        assert_problem(on.post().result(), 500, "inference-failed", "failed on this photo")
