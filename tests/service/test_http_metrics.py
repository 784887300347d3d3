"""/metrics tells Prometheus what the service does; Server-Timing tells a client where its photo's time went."""

import re
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from service.version import __version__
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.load_scene import PHOTO, scene
from tests.helpers.metric_samples import key, samples
from tests.helpers.serving import serving


def test_answers_are_counted_by_route_and_status(toy_path: Path) -> None:
    with scene(toy_path) as on:
        on.session.gate.set()
        for _ in range(3):
            assert on.client.post("/pose", content=PHOTO).status_code == 200
        on.client.post("/parse", content=b"hello")
        on.client.get("/nowhere/at/all")
        on.client.head("/livez")
        found = samples(on.client)
    assert found[key("requests_total", route="/pose", status="200")] == 3
    assert found[key("requests_total", route="/parse", status="415")] == 1
    assert found[key("requests_total", route="none", status="404")] == 1
    assert found[key("requests_total", route="/livez", status="200")] == 1
    assert found[key("request_seconds_count", route="/pose")] == 3
    assert found[key("rejected_total", reason="not-a-photo")] == 1
    for stage in ("decode", "queue", "device", "encode", "total"):
        assert found[key("stage_seconds_count", stage=stage)] == 3
    seconds = {stage: found[key("stage_seconds_sum", stage=stage)] for stage in ("decode", "queue", "device", "encode")}
    assert sum(seconds.values()) == pytest.approx(found[key("stage_seconds_sum", stage="total")])
    assert min(seconds.values()) > 0
    assert found["process_resident_memory_bytes", frozenset()] > 1e6
    assert found[key("build_info", version=__version__)] == 1


def test_batches_their_padding_and_who_waits(toy_path: Path) -> None:
    with scene(toy_path, largest_batch=4, share_runs=False) as on:
        first = on.post()
        on.session.wait_until_entered()
        others = [on.post() for _ in range(3)]
        on.wait_until_waiting(3)
        before = samples(on.client)
        on.session.gate.set()
        assert [future.result().status_code for future in (first, *others)] == [200] * 4
        after = samples(on.client)
    assert before[key("queue_photos")] == 3
    assert before[key("under_way_photos")] == 4
    assert (after[key("queue_photos")], after[key("under_way_photos")]) == (0, 0)
    assert after[key("batch_photos_bucket", le="1.0")] == 1
    assert after[key("batch_photos_bucket", le="4.0")] == 2
    assert after[key("slots_total")] == 1 + 4
    assert after[key("padded_slots_total")] == 1


def test_what_was_rejected_is_counted_by_reason(toy_path: Path) -> None:
    with scene(toy_path, queue_size=2) as on:
        on.post()
        on.wait_until_under_way(1)
        on.post_and_hang_up()
        on.wait_until_under_way(1)
        on.post()
        on.wait_until_under_way(2)
        assert on.client.post("/pose", content=PHOTO).status_code == 503
        on.session.gate.set()
        on.wait_until_under_way(0)
        on.session.gate.clear()
        assert on.client.post("/pose", content=PHOTO, headers={"X-Request-Timeout-Ms": "50"}).status_code == 504
        found = samples(on.client)
    for reason in ("overloaded", "deadline-passed", "hung-up"):
        assert found[key("rejected_total", reason=reason)] == 1
    assert found[key("requests_total", route="/pose", status="499")] == 1


def test_the_model_is_named(toy_path: Path) -> None:
    settings = Settings(model=toy_path)
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        found = samples(client)
    assert found[key("model_info", model="toy", version="1.2", provider="cpu", precision="fp32", state="serving")] == 1


def test_every_labelled_counter_begins_at_zero(toy_path: Path) -> None:
    """Prometheus sees no increase in a series that begins at 1: the first error would pass unnoticed."""
    with scene(toy_path) as on:
        before = samples(on.client)
        on.client.post("/parse", content=b"hello")
        on.client.post("/analyze", content=b"")
        on.client.post("/pose", content=PHOTO, headers={"X-Request-Timeout-Ms": "20"})
        on.session.is_broken = True
        on.session.gate.set()
        for _ in range(2):
            assert on.client.post("/pose", content=PHOTO).status_code == 503
        after = samples(on.client)
    grown = {sample for sample, value in after.items() if value > before.get(sample, 0)}
    assert {
        key("rejected_total", reason=reason) for reason in ("device-failed", "not-a-photo", "deadline-passed")
    } <= grown
    assert {sample for sample in grown if sample[0].endswith("_total")} <= before.keys()
    for name in ("rejected_total", "connections_ended_total"):
        assert {value for sample, value in before.items() if sample[0] == f"jppnet_{name}"} == {0}


def test_two_apps_do_not_share_figures(toy_path: Path) -> None:
    with scene(toy_path) as one, scene(toy_path) as other:
        one.session.gate.set()
        one.client.post("/pose", content=PHOTO)
        assert key("requests_total", route="/pose", status="200") in samples(one.client)
        assert samples(other.client)[key("requests_total", route="/pose", status="200")] == 0


def test_two_apps_on_one_engine_both_count_its_runs(toy_path: Path) -> None:
    settings = Settings(model=toy_path, closer_look=False)
    engine = gated_engine(GatedSession(toy_path), settings)
    with serving(engine, settings) as one, serving(engine, settings) as other:
        assert one.post("/pose", content=PHOTO).status_code == 200
        for client in (one, other):
            found = samples(client)
            assert found[key("slots_total")] == 1
            assert found[key("device_seconds_total")] > 0


def test_every_answer_says_where_its_time_went(client: httpx.Client) -> None:
    for call in ("/parse", "/pose", "/analyze"):
        header = client.post(call, content=PHOTO).headers["server-timing"]
        stages = {name: float(value) for name, value in re.findall(r"(\w+);dur=([\d.]+)", header)}
        assert list(stages) == ["decode", "queue", "device", "encode", "total"]
        total = stages.pop("total")
        assert sum(stages.values()) == pytest.approx(total, abs=0.05)
