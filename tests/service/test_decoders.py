"""A photo that ends or stalls the process that decodes it costs itself, and nothing else."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.engine.decoding.decoders import ProcessDecoder, ThreadDecoder
from service.engine.decoding.task import Cutout, DecodingTask
from service.engine.engine import Engine
from service.engine.errors import ClosedError, DeadlineError, SlowDecodingError
from service.imaging.box import Box
from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.fit import plan_fit
from service.imaging.inspect import read_file
from service.imaging.photo_file import PhotoFile
from service.settings import Settings
from tests.helpers.captured_log import Captured
from tests.helpers.hostile_files import inflating_pixels
from tests.helpers.photo_files import jpegs, pngs, saved, smooth, webps
from tests.helpers.serving import serving
from tests.helpers.toy_model import jpeg, paint, png

PHOTO = read_file(jpeg(paint(300, 200, {1: (20, 20, 60, 60)})))
TASK = DecodingTask(PHOTO.header)


def wanted() -> bool:
    return True


def unwanted() -> bool:
    return False


def state(pid: int) -> str:
    """The kernel's letter for what a process does; X if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except FileNotFoundError:
        return "X"


def threads_of(pid: int) -> int:
    """The threads that a process still has. One that is ending cannot be waited for before its last thread has gone."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except FileNotFoundError:
        return 0


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def lines(captured: Captured) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.stream.getvalue().splitlines()]


@pytest.fixture
def decoder() -> Iterator[ProcessDecoder]:
    decoder = ProcessDecoder(1)
    decoder.warm()
    yield decoder
    decoder.close()


@pytest.fixture
def stopped(decoder: ProcessDecoder) -> int:
    """The process, held in a task that it does not get on with."""
    (pid,) = decoder.pids
    os.kill(pid, signal.SIGSTOP)
    return pid


def end_in_the_midst(pid: int, by: signal.Signals) -> None:
    time.sleep(0.2)
    os.kill(pid, by)
    os.kill(pid, signal.SIGCONT)


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


def test_no_descriptor_is_left_behind(decoder: ProcessDecoder) -> None:
    file = read_file(jpeg(smooth(1800, 1200, 3)))

    def descriptors() -> int:
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (os.getpid(), *decoder.pids))

    decoder.decode(file, DecodingTask(file.header), wanted)
    before = descriptors()
    for _ in range(5):
        decoder.decode(file, DecodingTask(file.header), wanted)
    assert descriptors() == before


@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGABRT, signal.SIGPROF])
def test_a_photo_that_ends_the_process_is_corrupt(
    decoder: ProcessDecoder, stopped: int, captured: Captured, by: signal.Signals
) -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(end_in_the_midst, stopped, by)
        with pytest.raises(CorruptPhotoError, match="The decoder failed on this file"):
            decoder.decode(PHOTO, TASK, wanted)
    assert by.name in lines(captured)[-1]["message"]
    assert decoder.decode(PHOTO, TASK, wanted)[0].shape == (200, 300, 3)
    assert decoder.pids != [stopped]


def test_a_process_that_the_kernel_ends_had_too_little_memory(decoder: ProcessDecoder, stopped: int) -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(end_in_the_midst, stopped, signal.SIGKILL)
        with pytest.raises(MemoryError):
            decoder.decode(PHOTO, TASK, wanted)


def test_a_process_that_ended_while_idle_costs_no_photo(decoder: ProcessDecoder) -> None:
    (pid,) = decoder.pids
    os.kill(pid, signal.SIGSEGV)
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
    file = read_file(inflating_pixels())
    task = DecodingTask(file.header)
    assert decoder.decode(PHOTO, TASK, wanted, is_brief=True)[0].shape == (200, 300, 3)
    with pytest.raises(SlowDecodingError):
        decoder.decode(file, task, wanted, is_brief=True)
    assert not lines(captured), "that is nothing unusual"
    with pytest.raises(CorruptPhotoError, match="took far too long"):
        decoder.decode(file, task, wanted)
    assert "SIGPROF" in lines(captured)[-1]["message"]


def test_time_counts_for_each_photo_by_itself(decoder: ProcessDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.decoding.decoders.BRIEF", (0.1, 0.0))
    (pid,) = decoder.pids
    for _ in range(200):
        decoder.decode(PHOTO, TASK, wanted, is_brief=True)
    time.sleep(0.2)
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


def test_what_is_cut_off_goes_to_no_process(decoder: ProcessDecoder, stopped: int) -> None:
    file = read_file(PHOTO.join()[:-100])
    with pytest.raises(TruncatedPhotoError):
        decoder.decode(file, DecodingTask(file.header), wanted)
    os.kill(stopped, signal.SIGCONT)


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


@pytest.fixture(scope="module")
def served(toy_path: Path) -> Iterator[tuple[httpx.Client, Engine]]:
    settings = Settings(model=toy_path, provider="cpu", lanes=2, max_scan_blocks=20_000)
    engine = Engine.start(settings)
    with serving(engine, settings) as client:
        yield client, engine


def pids_of(engine: Engine) -> list[int]:
    assert isinstance(engine.decoder, ProcessDecoder)
    return engine.decoder.pids


@pytest.mark.parametrize(
    ("by", "status", "name"),
    [(signal.SIGSEGV, 422, "corrupt-photo"), (signal.SIGKILL, 503, "out-of-memory")],
)
def test_over_http_it_is_a_problem_of_one_photo(
    served: tuple[httpx.Client, Engine], by: signal.Signals, status: int, name: str
) -> None:
    client, engine = served
    pids = pids_of(engine)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        posted = pool.submit(client.post, "/parse", content=PHOTO.join())
        wait_until(lambda: engine.stats().pixels_at_work > 0)
        time.sleep(0.1)
        for pid in pids:
            os.kill(pid, by)
            os.kill(pid, signal.SIGCONT)
        problem = posted.result()
    assert (problem.status_code, problem.json()["type"]) == (status, f"urn:jppnet:problem:{name}")
    assert ("retry-after" in problem.headers) == (status == 503)
    assert client.post("/parse", content=PHOTO.join()).status_code == 200


def test_a_photo_that_stalls_gets_504_and_others_are_answered_meanwhile(served: tuple[httpx.Client, Engine]) -> None:
    client, engine = served
    client.post("/parse", content=PHOTO.join())
    pid = pids_of(engine)[0]
    os.kill(pid, signal.SIGSTOP)
    statuses = []
    with ThreadPoolExecutor(3) as pool:
        bodies = [jpeg(paint(301 + number, 200, {})) for number in range(12)]
        for response in pool.map(
            lambda body: client.post("/parse", content=body, headers={"X-Request-Timeout-Ms": "4000"}), bodies
        ):
            statuses.append(response.status_code)
    assert statuses.count(504) <= 1
    assert statuses.count(200) >= 11
    assert client.get("/livez").status_code == 200


def test_too_many_scans_are_a_problem_over_http(served: tuple[httpx.Client, Engine]) -> None:
    client, _ = served
    problem = client.post("/parse", content=saved(smooth(1000, 1000, 3), "JPEG", progressive=True))
    assert (problem.status_code, problem.json()["type"]) == (413, "urn:jppnet:problem:too-many-scans")


def test_out_of_memory_is_logged_and_no_photos_fault(
    served: tuple[httpx.Client, Engine], monkeypatch: pytest.MonkeyPatch, captured: Captured
) -> None:
    client, engine = served

    def none_left(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(engine.decoder, "decode", none_left)
    problem = client.post("/pose", content=jpeg(paint(120, 100, {})))
    assert (problem.status_code, problem.json()["type"]) == (503, "urn:jppnet:problem:out-of-memory")
    assert problem.headers["retry-after"] == "1"
    assert any("too little memory" in line["message"] and line["level"] == "error" for line in lines(captured))


@pytest.mark.parametrize("is_isolated", [True, False])
def test_answers_are_the_same_either_way(toy_path: Path, is_isolated: bool) -> None:
    settings = Settings(model=toy_path, provider="cpu", lanes=1, threads=1, isolate_decoding=is_isolated)
    engine = Engine.start(settings)
    try:
        assert isinstance(engine.decoder, ProcessDecoder if is_isolated else ThreadDecoder)
        analysis = engine.analyze_here(png(paint(96, 128, {1: (10, 10, 40, 50)})), lambda analysis: analysis)
        assert analysis.mask[30, 30] == 1
        assert (analysis.photo[100, 90] == (32, 255, 90)).all()
    finally:
        engine.close()
