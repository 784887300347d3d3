"""An answer about many boxes draws one after the other, and ends when nobody wants it any more."""

import asyncio
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.engine.errors import DeadlineError
from service.engine.model.card import Card
from service.engine.photo.analysis import Analysis
from service.engine.photo.boxes import RequestedBox
from service.engine.photo.view import View
from service.engine.scheduling.deadline import Deadline
from service.imaging.box import Box
from service.imaging.fit import plan_fit
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, Image, gated_engine
from tests.helpers.toy_model import HEIGHT, WIDTH, paint, png, toy_card

SIDE = 100


def view(toy: GatedSession, box: Box) -> View:
    (prediction,) = toy.run([paint(WIDTH, HEIGHT, {1: (10, 10, 20, 30)})])
    return View(box, plan_fit((box.height, box.width), (HEIGHT, WIDTH), "squash"), prediction)


def analysis(toy_path: Path, boxes: list[Box], check: Callable[[], None]) -> Analysis:
    toy = GatedSession(toy_path)
    views = [view(toy, box) for box in boxes]
    card = Card.model_validate(toy_card())
    return Analysis(card, SIDE, SIDE, views, lambda: np.zeros((SIDE, SIDE, 3), np.uint8), check)


def test_one_view_is_drawn_at_a_time(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[weakref.ref[Image]] = []

    def watch(draw: Callable[[View], Image]) -> Callable[[View], Image]:
        def watched(view: View) -> Image:
            alive = sum(ref() is not None for ref in drawn)
            assert alive <= 3, "mask and confidence of one view, and the next one's mask"
            image = draw(view)
            drawn.append(weakref.ref(image))
            return image

        return watched

    monkeypatch.setattr(View, "draw_mask", watch(View.draw_mask))
    monkeypatch.setattr(View, "draw_confidence", watch(View.draw_confidence))
    boxes = [Box(number, number, 50, 50) for number in range(20)]
    (ids, _), described = analysis(toy_path, boxes, lambda: None).describe_views(
        lambda view, mask: (view.box, mask.sum())
    )
    assert [box for box, _ in described] == boxes
    assert ids.shape == (SIDE, SIDE)
    assert len(drawn) == 40


def test_what_nobody_wants_any_more_is_not_drawn(toy_path: Path) -> None:
    deadline, drawn = Deadline(), []

    def describe(view: View, mask: Image) -> None:
        drawn.append(view)
        deadline.cancel()

    wanted = analysis(toy_path, [Box(0, 0, 50, 50)] * 5, deadline.check)
    with pytest.raises(DeadlineError):
        wanted.describe_views(describe)
    assert len(drawn) == 1


def test_heavy_work_leaves_lanes_and_pool_alone(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.pipeline.HEAVY_PIXELS", 3 * SIDE * SIDE)
    engine = gated_engine(GatedSession(toy_path), Settings(model=toy_path, closer_look=False))
    photo = png(paint(SIDE, SIDE, {1: (10, 10, 50, 50)}))

    async def thread_of(boxes: int) -> str:
        asked = [RequestedBox(0, 0, SIDE, SIDE)] * boxes
        looked_at = await engine.inspect(photo)
        name, _ = await engine.analyze(looked_at, lambda _: threading.current_thread().name, boxes=asked)
        return name

    assert not asyncio.run(thread_of(1)).startswith("heavy")
    assert asyncio.run(thread_of(4)).startswith("heavy")
    assert engine.close(5)
