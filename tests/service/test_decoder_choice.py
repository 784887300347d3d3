"""Which photos a process decodes and which the thread; the answers are the same."""

import io
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from service.engine.decoding.decoders import (
    BLOCKS_IN_THREAD,
    BYTES_IN_THREAD,
    HybridDecoder,
    ProcessDecoder,
    ThreadDecoder,
    is_bounded,
)
from service.engine.decoding.task import DecodingTask
from service.engine.engine import Engine
from service.engine.errors import DeadlineError
from service.imaging.errors import TruncatedPhotoError
from service.imaging.inspect import read_file
from service.imaging.photo_file import PhotoFile
from service.settings import Isolation, Settings
from tests.helpers.decoding import PHOTO, TASK, unwanted, wanted
from tests.helpers.photo_files import jpegs, pngs, webps
from tests.helpers.toy_model import jpeg, paint, png


def test_what_is_cut_off_goes_to_no_process(decoder: ProcessDecoder, stopped: int) -> None:
    file = read_file(PHOTO.join()[:-100])
    with pytest.raises(TruncatedPhotoError):
        decoder.decode(file, DecodingTask(file.header), wanted)
    os.kill(stopped, signal.SIGCONT)


def test_of_jpeg_files_only_small_ones_with_one_sequential_scan_are_bounded() -> None:
    for data in jpegs():
        is_sequential = Image.open(io.BytesIO(data)).info.get("progressive") is None
        assert is_bounded(read_file(data)) == is_sequential
    assert not any(is_bounded(read_file(data)) for data in (*pngs(), *webps()))


def test_a_file_is_bounded_by_its_blocks_and_bytes() -> None:
    def with_blocks(blocks: int) -> PhotoFile:
        return replace(PHOTO, header=replace(PHOTO.header, sequential_blocks=blocks))

    def with_bytes(size: int) -> PhotoFile:
        return replace(PHOTO, parts=(memoryview(bytes(size)),))

    assert is_bounded(with_blocks(BLOCKS_IN_THREAD))
    assert not is_bounded(with_blocks(BLOCKS_IN_THREAD + 1))
    assert is_bounded(with_bytes(BYTES_IN_THREAD))
    assert not is_bounded(with_bytes(BYTES_IN_THREAD + 1))


def test_bounded_files_need_no_process_and_others_do(decoder: ProcessDecoder, stopped: int) -> None:
    hybrid = HybridDecoder(decoder)
    assert hybrid.decode(PHOTO, TASK, unwanted)[0].shape == (200, 300, 3)
    other = read_file(png(paint(300, 200, {})))
    with pytest.raises(DeadlineError):
        hybrid.decode(other, DecodingTask(other.header), unwanted)


@pytest.mark.parametrize(("value", "kind"), [("all", ProcessDecoder), ("auto", HybridDecoder), ("none", ThreadDecoder)])
@pytest.mark.parametrize("save", [jpeg, png])
def test_answers_are_the_same_every_way(
    toy_path: Path, value: Isolation, kind: type, save: Callable[[npt.NDArray[np.uint8]], bytes]
) -> None:
    settings = Settings(model=toy_path, provider="cpu", lanes=1, threads=1, isolate_decoding=value)
    engine = Engine.start(settings)
    try:
        assert isinstance(engine.decoder, kind)
        analysis = engine.analyze_here(save(paint(96, 128, {1: (10, 10, 40, 50)})), lambda analysis: analysis)
        assert analysis.mask[30, 30] == 1
        np.testing.assert_allclose(analysis.photo[100, 90], (32, 255, 90), atol=5)
    finally:
        engine.close()
