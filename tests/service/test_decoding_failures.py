"""A photo that ends or stalls the process that decodes it costs itself, and nothing else."""

import os
import resource
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.engine.decoding.decoders import (
    ProcessDecoder,
)
from service.engine.decoding.process import ProcessExitedError
from service.engine.decoding.task import DecodingTask
from service.engine.errors import ClosedError, DeadlineError, SlowDecodingError
from service.imaging.errors import CorruptPhotoError
from service.imaging.inspect import read_file
from service.imaging.photo_file import PhotoFile
from tests.helpers.captured_log import Captured
from tests.helpers.decoding import PHOTO, SLOW, TASK, state, threads_of, unwanted, wait_until, wanted
from tests.helpers.photo_files import saved, smooth
from tests.helpers.toy_model import png


def end_soon(pid: int, by: signal.Signals) -> None:
    time.sleep(0.1)
    os.kill(pid, by)
    os.kill(pid, signal.SIGCONT)


def decode_slowly(decoder: ProcessDecoder) -> None:
    file = read_file(SLOW)
    decoder.decode(file, DecodingTask(file.header), wanted)


@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGABRT, signal.SIGPROF])
def test_a_photo_that_ends_the_process_is_corrupt(
    decoder: ProcessDecoder, captured: Captured, by: signal.Signals
) -> None:
    (pid,) = decoder.pids
    with ThreadPoolExecutor() as pool:
        pool.submit(end_soon, pid, by)
        with pytest.raises(CorruptPhotoError, match="The decoder failed on this file"):
            decode_slowly(decoder)
    assert by.name in captured.lines()[-1]["message"]
    assert decoder.decode(PHOTO, TASK, wanted)[0].shape == (200, 300, 3)
    assert decoder.pids != [pid]


def test_a_process_that_the_kernel_ends_had_too_little_memory(decoder: ProcessDecoder) -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(end_soon, decoder.pids[0], signal.SIGKILL)
        with pytest.raises(MemoryError):
            decode_slowly(decoder)


@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGKILL])
def test_a_process_that_ends_before_it_takes_the_photo_costs_no_photo(
    decoder: ProcessDecoder, stopped: int, captured: Captured, by: signal.Signals
) -> None:
    decoder_was_used = decoder.pids
    with ThreadPoolExecutor() as pool:
        pool.submit(end_soon, stopped, by)
        assert decoder.decode(PHOTO, TASK, wanted)[0].shape == (200, 300, 3)
    assert decoder.pids != decoder_was_used
    assert not captured.lines()


def test_processes_that_never_take_a_photo_are_no_fault_of_the_photo(
    decoder: ProcessDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.engine.decoding.process.PROGRAM", "import os; os.abort()")
    os.kill(decoder.pids[0], signal.SIGKILL)
    with pytest.raises(ProcessExitedError, match="SIGABRT"):
        decoder.decode(PHOTO, TASK, wanted)


@pytest.mark.parametrize("waits", [True, False])
def test_a_process_that_ended_while_idle_costs_no_photo(decoder: ProcessDecoder, waits: bool) -> None:
    (pid,) = decoder.pids
    os.kill(pid, signal.SIGKILL)
    if waits:
        wait_until(lambda: state(pid) in "ZX" and threads_of(pid) <= 1)
    assert decoder.decode(PHOTO, TASK, wanted)[0].shape == (200, 300, 3)


def test_a_photo_that_stalls_ends_when_nobody_wants_it_any_more(decoder: ProcessDecoder, stopped: int) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineError):
        decoder.decode(PHOTO, TASK, unwanted)
    assert time.monotonic() - began < 2
    assert decoder.decode(PHOTO, TASK, unwanted)[0].shape == (200, 300, 3), "what is quick is not interrupted"


def test_a_photo_that_should_be_brief_and_is_not_is_told_from_one_that_never_ends(
    decoder: ProcessDecoder, captured: Captured
) -> None:
    file = read_file(SLOW)
    task = DecodingTask(file.header)
    assert decoder.decode(PHOTO, TASK, wanted, is_brief=True)[0].shape == (200, 300, 3)
    with pytest.raises(SlowDecodingError):
        decoder.decode(file, task, wanted, is_brief=True)
    assert not captured.lines(), "that is nothing unusual"
    with pytest.raises(CorruptPhotoError, match="took far too long"):
        decoder.decode(file, task, wanted)
    assert "SIGPROF" in captured.lines()[-1]["message"]


def test_time_counts_for_each_photo_by_itself(decoder: ProcessDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.decoding.decoders.BRIEF", (0.1, 0.0))
    (pid,) = decoder.pids
    for _ in range(200):
        decoder.decode(PHOTO, TASK, wanted, is_brief=True)
    time.sleep(0.1)
    assert decoder.pids == [pid]


def test_who_waits_behind_a_photo_that_stalls_does_so_until_its_own_deadline(
    decoder: ProcessDecoder, stopped: int
) -> None:
    until = time.monotonic() + 3
    with ThreadPoolExecutor() as pool:
        first = pool.submit(decoder.decode, PHOTO, TASK, lambda: time.monotonic() < until)
        time.sleep(0.1)
        with pytest.raises(DeadlineError):
            decoder.decode(PHOTO, TASK, unwanted)
        assert isinstance(first.exception(), DeadlineError)


def test_closing_does_not_wait_for_a_photo_that_stalls(decoder: ProcessDecoder, stopped: int) -> None:
    threading.Timer(0.3, decoder.close).start()
    with pytest.raises(ClosedError):
        decoder.decode(PHOTO, TASK, wanted)
    with pytest.raises(ClosedError):
        decoder.decode(PHOTO, TASK, wanted)
    assert state(stopped) == "X"


def test_a_file_that_takes_more_memory_than_its_header_says_is_corrupt(decoder: ProcessDecoder) -> None:
    """The walk lets no such file through; should one come, it meets the limit on the process's memory."""
    huge = png(np.zeros((9_000, 9_000, 3), np.uint8))
    liar = PhotoFile(replace(read_file(huge).header, width=10, height=10), (memoryview(huge),), is_complete=True)
    with pytest.raises((CorruptPhotoError, MemoryError)):
        decoder.decode(liar, DecodingTask(liar.header), wanted)
    (pid,) = decoder.pids
    peak = int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])
    assert peak < 150_000, "kB; the pixels alone would be 243,000"


def test_too_little_memory_is_told_from_a_damaged_file(decoder: ProcessDecoder) -> None:
    (pid,) = decoder.pids
    for data in (png(smooth(3000, 2000, 3)), saved(smooth(3000, 2000, 3), "JPEG", progressive=True)):
        file = read_file(data)
        space = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (space + 10_000_000, space + 10_000_000))
        with pytest.raises(MemoryError):
            decoder.decode(file, DecodingTask(file.header), wanted)
