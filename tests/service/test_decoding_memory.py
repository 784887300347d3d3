"""The memory that decoding and drawing take stays under what they count for in the budget, whatever the file's type."""

import asyncio
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from mmap import PAGESIZE
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import cv2
import numpy as np
import pytest

from service.api.request.answer_options import DEFAULT, Options
from service.api.request.boxes import MAX_BOXES
from service.api.response.formats import ANALYZE, PARSE, POSE
from service.engine.decoding.decoders import ProcessDecoder, ThreadDecoder
from service.engine.decoding.task import DecodingTask
from service.engine.engine import Engine
from service.engine.photo.analysis import Analysis
from service.engine.photo.boxes import RequestedBox
from service.engine.photo.photo import Photo, plan
from service.engine.scheduling.pixel_budget import BYTES_PER_PIXEL
from service.imaging.heic import can_read_heic
from service.imaging.inspect import Limits, read_file
from service.settings import Isolation, Settings
from tests.helpers.color_profiles import DISPLAY_P3
from tests.helpers.photo_files import (
    CHANNELS,
    PNG_SIGNATURE,
    animated_webp,
    gif_file,
    heic_file,
    png_chunk,
    png_header,
    saved,
    smooth,
)

SIDE = 1200
BOXED_SIDE = 600
"""Of the photo that has all boxes that there may be, each of which is drawn in each format."""
CALLS = {"parse": PARSE, "pose": POSE, "analyze": ANALYZE}


def flat_png(color: int, depth: int, interlace: int = 0, before: bytes = b"") -> bytes:
    """A PNG of zeros, which takes little time to make."""
    row = 1 + SIDE * CHANNELS[color] * depth // 8
    # An interlaced one is seven small pictures, whose rows each begin with a byte of their own.
    rows = bytes((2 if interlace else 1) * SIDE * row)
    palette = png_chunk(b"PLTE", bytes(3 << depth)) if color == 3 else b""
    pixels = png_chunk(b"IDAT", zlib.compress(rows, 1))
    return b"".join(
        [PNG_SIGNATURE, png_header(SIDE, SIDE, depth, color, interlace), palette, before, pixels, png_chunk(b"IEND")]
    )


def photo(kind: str, channels: int = 3, **how: object) -> bytes:
    return saved(smooth(SIDE, SIDE, channels), kind, **how)  # type: ignore[arg-type]


def deep_avif(channels: int) -> bytes:
    pixels = smooth(SIDE, SIDE, channels).astype(np.uint16) << 2
    options = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_SPEED, 10]
    return cv2.imencode(".avif", pixels, options)[1].tobytes()


def heic(channels: int, **how: Any) -> bytes:
    return heic_file(smooth(SIDE, SIDE, channels), **how, enc_params={"preset": "ultrafast"})


HEICS = {
    "heic": partial(heic, 3),
    "heic tiles": partial(heic, 3, tile_size=512),
    "heic alpha": partial(heic, 4),
    "heic of another colour space": partial(heic, 3, profile=DISPLAY_P3),
}
FILES = {
    "palette": partial(flat_png, 3, 1),
    "grey": partial(flat_png, 0, 8),
    "grey16": partial(flat_png, 0, 16),
    "grey16+tRNS": partial(flat_png, 0, 16, 0, png_chunk(b"tRNS", b"\0\1")),
    "grey+tRNS": partial(flat_png, 0, 8, 0, png_chunk(b"tRNS", b"\0\1")),
    "rgb": partial(flat_png, 2, 8),
    "rgb16": partial(flat_png, 2, 16),
    "rgb16+tRNS": partial(flat_png, 2, 16, 0, png_chunk(b"tRNS", bytes(6))),
    "greyalpha16": partial(flat_png, 4, 16),
    "rgba": partial(flat_png, 6, 8),
    "rgba16": partial(flat_png, 6, 16),
    "rgba16 interlaced": partial(flat_png, 6, 16, 1),
    "palette+tRNS": partial(flat_png, 3, 8, 0, png_chunk(b"tRNS", b"\0")),
    "jpeg": partial(photo, "JPEG"),
    "jpeg progressive 4:4:4": partial(photo, "JPEG", progressive=True, subsampling=0),
    "jpeg progressive 4:2:0": partial(photo, "JPEG", progressive=True, subsampling=2),
    "jpeg progressive cmyk": partial(photo, "JPEG", mode="CMYK", progressive=True),
    "webp": partial(photo, "WEBP", method=0),
    "webp lossless": partial(photo, "WEBP", method=0, lossless=True, quality=0),
    "webp alpha": partial(photo, "WEBP", 4, method=0),
    "webp lossless alpha": partial(photo, "WEBP", 4, method=0, lossless=True, quality=0),
    "webp animated": partial(animated_webp, SIDE, SIDE, 3),
    "webp animated alpha": partial(animated_webp, SIDE, SIDE, 4),
    "gif": lambda: gif_file(smooth(SIDE, SIDE, 3)),
    "gif transparent": lambda: gif_file(smooth(SIDE, SIDE, 4)),
    "avif": partial(photo, "AVIF", speed=10),
    "avif 4:4:4": partial(photo, "AVIF", speed=10, subsampling="4:4:4"),
    "avif alpha": partial(photo, "AVIF", 4, speed=10),
    "avif 10 bits": partial(deep_avif, 3),
    "avif 10 bits alpha": partial(deep_avif, 4),
    **(HEICS if can_read_heic() else {}),
}


def resident(pid: int, most: bool) -> int:
    """The bytes that a process holds, or has held at most since :func:`forget_peak`."""
    field = "VmHWM:" if most else "VmRSS:"
    return 1024 * int(Path(f"/proc/{pid}/status").read_text().split(field)[1].split()[0])


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def decoder() -> Iterator[ProcessDecoder]:
    decoder = ProcessDecoder(1)
    decoder.warm()
    file = read_file(saved(smooth(64, 64, 3), "JPEG"))
    decoder.decode(file, DecodingTask(file.header), lambda: True)
    yield decoder
    decoder.close()


@pytest.mark.parametrize(("name", "orientation"), [*((name, 1) for name in FILES), ("jpeg", 6), ("rgba16", 6)])
def test_decoding_takes_what_the_budget_counts(decoder: ProcessDecoder, name: str, orientation: int) -> None:
    """And not much less, lest photos wait for nothing."""
    file = read_file(FILES[name]())
    header = replace(file.header, orientation=orientation)
    (pid,) = decoder.pids
    counted = header.decoding_bytes()

    def take() -> int:
        before = resident(pid, most=False)
        forget_peak(pid)
        (image,) = decoder.decode(file, DecodingTask(header), lambda: True)
        assert image.shape == (SIDE, SIDE, 3)
        return resident(pid, most=True) - before

    # The first time a library may be loaded; the second time memory that was kept may be used again.
    first, second = take(), take()
    assert second - file.size < counted
    assert max(first, second) > 0.5 * counted - 4_000_000


PROGRAM = """
import sys
import test_decoding_memory

_, model, drawing, isolation = sys.argv
for line in getattr(test_decoding_memory, drawing)(model, isolation):
    print(*line, sep="\\t", flush=True)
"""


def drawn(model: str, isolation: Isolation) -> Iterator[tuple[str, int, int]]:
    """The memory that answering with a cutout takes, the largest answer, and what the budget counts for it; by name."""
    settings = Settings(model=Path(model), provider="cpu", lanes=1, isolate_decoding=isolation, closer_look=False)
    engine = Engine.start(settings)
    cutout = PARSE["cutout"]["image/png"]
    answer = partial(engine.analyze_here, encode=lambda analysis: len(cutout(analysis, DEFAULT)))
    answer(DRAWN["jpeg"]())  # so that what stays is there before
    for name, make in DRAWN.items():
        data = make()
        with Watch([os.getpid(), *engine.decoder.pids]) as watch:
            answer(data)
        photo = Photo.inspect(data, Limits(10**8), ThreadDecoder())
        weight = plan(photo, (), (64, 48), "letterbox").answer_weight
        yield name, watch.most, int(BYTES_PER_PIXEL * weight)
    engine.close()


def drawn_boxes(model: str, isolation: Isolation) -> Iterator[tuple[str, int, int]]:
    """The same for answers to as many boxes as a call may have, in every format."""
    settings = Settings(model=Path(model), provider="cpu", lanes=1, isolate_decoding=isolation)
    engine = Engine.start(settings)
    data = saved(smooth(BOXED_SIDE, BOXED_SIDE, 3), "JPEG")
    boxes = [RequestedBox(0, 0, BOXED_SIDE, BOXED_SIDE)] * MAX_BOXES
    weight = plan(Photo.inspect(data, Limits(10**8), ThreadDecoder()), boxes, (64, 48), "letterbox").answer_weight

    async def answer(encode: Callable[[Analysis, Options], bytes], asked: Sequence[RequestedBox] = boxes) -> None:
        await engine.analyze(await engine.inspect(data), lambda analysis: encode(analysis, DEFAULT), boxes=asked)

    asyncio.run(answer(PARSE["cutout"]["image/png"], boxes[:1]))  # so that what stays is there before
    for call, names in CALLS.items():
        for name, kinds in names.items():
            for kind, encode in kinds.items():
                with Watch([os.getpid(), *engine.decoder.pids]) as watch:
                    asyncio.run(answer(encode))
                yield f"{call} {name} {kind}", watch.most, int(BYTES_PER_PIXEL * weight)
    engine.close()


class Watch:
    """The memory that processes take together beyond what they had; what they share counts once."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._before = [self._now(pid) for pid in pids]
        self._ended = Event()
        self._thread = Thread(target=self._look)
        self.most = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.0005):
            now = [self._now(pid) for pid in self._pids]
            more = [
                (own - own0, shared - shared0) for (own, shared), (own0, shared0) in zip(now, self._before, strict=True)
            ]
            self.most = max(self.most, sum(own for own, _ in more) + max(shared for _, shared in more))

    @staticmethod
    def _now(pid: int) -> tuple[int, int]:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return PAGESIZE * (int(resident) - int(shared)), PAGESIZE * int(shared)


def large(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """The same of four times the pixels, where what does not grow with them counts little."""

    def made() -> bytes:
        global SIDE
        SIDE *= 2
        try:
            return make()
        finally:
            SIDE //= 2

    return made


def noise() -> bytes:
    """A photo that hardly compresses, so that its answer is large as well."""
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    return saved(pixels, "JPEG", quality=60)


DRAWN = {
    **{name: large(FILES[name]) for name in ("rgb", "rgba16", "jpeg", "jpeg progressive 4:4:4")},
    "noise": large(noise),
}


def test_boxes_take_what_the_settings_promise_in_every_format(toy_path: Path) -> None:
    """As many boxes as a call may have, each of them the whole photo."""
    rows = measured(toy_path, "drawn_boxes", isolation="auto")
    formats = [(call, name, kind) for call, names in CALLS.items() for name, kinds in names.items() for kind in kinds]
    assert [name for name, *_ in rows] == [" ".join(one) for one in formats]
    for name, took, promised in rows:
        assert took < promised + 4_000_000, f"{name}; a mask of each box would be {MAX_BOXES * BOXED_SIDE**2:,} bytes"


def measured(toy_path: Path, drawing: str, isolation: Isolation) -> list[tuple[str, int, int]]:
    """What a function of this file measures in a process of its own: bytes taken and promised, by name."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MALLOC_MMAP_THRESHOLD_": "1000000",  # what is given back shows at once
    }
    program = [sys.executable, "-c", PROGRAM, str(toy_path), drawing, isolation]
    found = subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in found.splitlines()]
    for name, took, promised in rows:
        print(f"{name}: {int(took):,} of {int(promised):,} bytes")
    return [(name, int(took), int(promised)) for name, took, promised in rows]


@pytest.mark.parametrize("isolation", ["all", "none"])
def test_answers_take_what_the_settings_promise(toy_path: Path, isolation: Isolation) -> None:
    """``JPPNET_MAX_PIXELS_AT_WORK`` × 18 bytes bounds what photos take, whatever they are."""
    rows = measured(toy_path, "drawn", isolation)
    assert [name for name, *_ in rows] == list(DRAWN)
    for name, took, promised in rows:
        assert took < 1.05 * promised, name
