"""A process decodes photos as the thread does, keeps to itself, and ends with the service."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.engine.decoding.decoders import (
    ProcessDecoder,
    ThreadDecoder,
)
from service.engine.decoding.task import Cutout, DecodingTask
from service.imaging.box import Box
from service.imaging.fit import plan_fit
from service.imaging.inspect import read_file
from tests.helpers.decoding import PHOTO, TASK, state, wait_until, wanted
from tests.helpers.photo_files import jpegs, pngs, smooth, webps
from tests.helpers.toy_model import jpeg


def test_every_kind_of_file_gives_the_same_as_in_the_thread(decoder: ProcessDecoder) -> None:
    for data in (*pngs(), *jpegs(), *webps()):
        file = read_file(data)
        task = DecodingTask(file.header)
        (ours,), (theirs,) = (one.decode(file, task, wanted) for one in (decoder, ThreadDecoder()))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("orientation", [1, 6])
def test_large_photos_come_over_whole_and_stay(decoder: ProcessDecoder, orientation: int) -> None:
    file = read_file(jpeg(smooth(1800, 1200, 3)))
    file = replace(file, header=replace(file.header, orientation=orientation))
    task = DecodingTask(file.header)
    (photo,) = decoder.decode(file, task, wanted)
    expected = ThreadDecoder().decode(file, task, wanted)[0]
    decoder.decode(file, replace(task, reduction=8), wanted)
    np.testing.assert_array_equal(photo, expected)


def test_cutouts_are_fitted_there(decoder: ProcessDecoder) -> None:
    boxes = [Box(0, 0, 150, 100), Box(40, 20, 60, 80)]
    cutouts = [Cutout(box, plan_fit((box.height, box.width), (256, 192), "letterbox"), (1, 2, 3)) for box in boxes]
    task = DecodingTask(PHOTO.header, 1, cutouts)
    ours, theirs = (one.decode(PHOTO, task, wanted) for one in (decoder, ThreadDecoder()))
    assert [image.shape for image in ours] == [(256, 192, 3)] * 2
    np.testing.assert_array_equal(ours, theirs)


def test_a_photo_is_not_bounded_by_the_memory_of_the_one_before(decoder: ProcessDecoder) -> None:
    """Its pixels must have room, too, before it is decoded."""
    large = read_file(jpeg(np.zeros((5000, 5000, 3), np.uint8)))
    for file in (PHOTO, large, PHOTO, large):
        (photo,) = decoder.decode(file, DecodingTask(file.header), wanted)
        assert photo.shape[:2] == file.header.upright_size[::-1]


def test_no_descriptor_is_left_behind(decoder: ProcessDecoder) -> None:
    file = read_file(jpeg(smooth(1800, 1200, 3)))

    def descriptors() -> int:
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (os.getpid(), *decoder.pids))

    decoder.decode(file, DecodingTask(file.header), wanted)
    before = descriptors()
    for _ in range(5):
        decoder.decode(file, DecodingTask(file.header), wanted)
    assert descriptors() == before


def test_signals_for_the_service_do_not_end_its_processes(decoder: ProcessDecoder) -> None:
    (pid,) = decoder.pids
    for ending in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, ending)
    decoder.decode(PHOTO, TASK, wanted)
    assert decoder.pids == [pid]
    assert os.getpgid(pid) != os.getpgid(0), "Ctrl+C at the terminal goes to the service alone"


def test_processes_end_with_the_service_however_it_ends() -> None:
    program = (
        "import time; from service.engine.decoding.decoders import ProcessDecoder\n"
        "decoder = ProcessDecoder(2); decoder.warm(); print(*decoder.pids, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        pids = [int(pid) for pid in service.stdout.readline().split()]
        assert len(pids) == 2
        os.kill(pids[0], signal.SIGSTOP)
        service.kill()
    os.kill(pids[0], signal.SIGCONT)
    wait_until(lambda: all(state(pid) in "ZX" for pid in pids))


def test_the_process_imports_no_more_than_it_needs() -> None:
    program = (
        "import service.engine.decoding.worker, sys; print([m for m in sys.modules if m in ('onnxruntime', 'pydantic',"
        " 'fastapi', 'asyncio') or m.startswith('service.') and m != 'service.engine'"
        " and not m.startswith(('service.engine.decoding', 'service.imaging'))])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
