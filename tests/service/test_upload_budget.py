"""Uploads are bounded together: what does not fit is refused before it is read, and the slow make room."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from service.api.problems.errors import UploadsFullError
from service.api.request.upload_budget import Upload, UploadBudget
from tests.helpers.assertions import assert_problem
from tests.helpers.load_scene import PHOTO, scene
from tests.helpers.raw_http import assert_raw_problem, connecting, read_answer
from tests.helpers.toy_model import png

NOISE = png(np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8))


def head(length: int) -> bytes:
    return b"POST /pose HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length


def test_an_upload_may_have_a_quarter_of_what_is_free() -> None:
    budget = UploadBudget(100)
    with budget.enter() as alone, budget.enter() as second, budget.enter() as third:
        budget.grow(alone, 90)
        with pytest.raises(UploadsFullError):
            budget.grow(second, 3)
        budget.grow(second, 2)
        assert budget.in_use == 92
        budget.settle(alone, 20)
        assert budget.in_use == 22
        with pytest.raises(UploadsFullError):
            budget.grow(third, 20)
        budget.grow(third, 19)
        budget.grow(third, 5)
        assert budget.in_use == 41, "it never shrinks while it is read"
    assert budget.in_use == 0


def test_what_is_alone_gets_all_it_needs() -> None:
    budget = UploadBudget(1)
    with budget.enter() as upload:
        budget.grow(upload, 1000)
        with budget.enter() as other, pytest.raises(UploadsFullError):
            budget.grow(other, 1)
    assert budget.in_use == 0


def test_the_slowest_of_the_slow_makes_room() -> None:
    async def is_given_up(upload: Upload) -> bool:
        try:
            async with asyncio.timeout(0.1) as upload.timer:
                began = time.monotonic()
                await asyncio.sleep(1)
        except TimeoutError:
            return time.monotonic() - began < 0.08
        return False

    async def run() -> None:
        budget = UploadBudget(100)
        with budget.enter() as slow, budget.enter() as slower, budget.enter() as fast, budget.enter() as new:
            reading = [asyncio.create_task(is_given_up(upload)) for upload in (slow, slower, fast)]
            await asyncio.sleep(0)
            for upload, received in ((slow, 100_000), (slower, 10_000), (fast, 10_000_000)):
                budget.grow(upload, 10)
                upload.received, upload.began = received, time.monotonic() - 2
            budget.grow(new, 18)
            assert [upload.is_evicted for upload in (slow, slower, fast)] == [False, True, False]
            assert budget.in_use == 38
            assert [await task for task in reading] == [False, True, False]

    asyncio.run(run())


def test_uploads_that_are_announced_are_refused_before_they_are_read(toy_path: Path) -> None:
    with scene(toy_path, upload_budget_mb=10, max_upload_mb=9) as on, ExitStack() as stack:
        first = stack.enter_context(connecting(on.client))
        first.sendall(head(9_000_000) + b"abc")
        until = time.monotonic() + 5
        while "jppnet_upload_bytes 9e+06" not in on.client.get("/metrics").text:
            assert time.monotonic() < until
        with connecting(on.client) as second:
            second.sendall(head(5_000_000))
            assert_raw_problem(read_answer(second), 503, "uploads-full")
        on.session.gate.set()
        assert on.client.post("/pose", content=PHOTO).status_code == 200, "there is room for a small one"


def test_a_stalled_upload_makes_room_for_one_that_comes(toy_path: Path) -> None:
    with scene(toy_path, upload_budget_mb=1, max_upload_mb=9) as on, connecting(on.client) as stalled:
        on.session.gate.set()
        stalled.sendall(head(9_000_000) + bytes(1000))
        time.sleep(1.2)
        assert on.client.post("/pose", content=NOISE).status_code == 200
        problem = assert_raw_problem(read_answer(stalled), 503, "uploads-full")
        assert "too slow" in problem["detail"]


def test_uploads_of_unknown_length_grow_until_there_is_no_room(toy_path: Path) -> None:
    with scene(toy_path, upload_budget_mb=1, max_upload_mb=9) as on:
        holding = on.post(photo=NOISE)
        on.wait_until_under_way(1)
        chunks = (NOISE[at : at + 1000] for at in range(0, len(NOISE), 1000))
        assert_problem(on.client.post("/pose", content=chunks), 503, "uploads-full", "as it has memory for")
        on.session.gate.set()
        assert holding.result().status_code == 200
        chunks = (NOISE[at : at + 1000] for at in range(0, len(NOISE), 1000))
        assert on.client.post("/pose", content=chunks).status_code == 200
        assert "jppnet_upload_bytes 0.0" in on.client.get("/metrics").text
