"""What a server's native libraries write to stderr is log like the rest: whole, in order, to the last word."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from service.logs import READER
from service.stderr_reader import LONGEST, MOST, level_of
from tests.helpers.serve_process import SERVE, served

START = """
import atexit, ctypes, os, subprocess, sys, threading, warnings
from service.logs import set_up_logs
set_up_logs({form!r}, "info", captures=True)
{does}
"""


FREEZE = "gc.freeze = lambda: os.write(2, b'in time\\n')"
"""What the server calls when it has started."""


def run(log: Path, does: str, form: str = "json") -> int:
    """Runs a program that logs as a server does, to its end; gives its exit status."""
    with log.open("w") as stderr:
        command = [sys.executable, "-c", START.format(form=form, does=does)]
        return subprocess.run(command, stderr=stderr, check=False, timeout=30).returncode


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def wait_for_line(log: Path, message: str) -> dict[str, Any]:
    until = time.monotonic() + 10
    while True:
        for line in lines_of(log):
            if line["message"] == message:
                return line
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("does", "message", "level"),
    [
        ("os.write(2, b'libfoo: went wrong\\n')", "libfoo: went wrong", "error"),
        ("os.write(2, b'no end of line')", "no end of line", "error"),
        ("subprocess.run(['sh', '-c', 'echo from a child >&2'])", "from a child", "error"),
        ("print('two', 'words', file=sys.stderr)", "two words", "error"),
        ("os.write(2, b'\\xff raw')", "\ufffd raw", "error"),
        ("atexit._run_exitfuncs(); os.write(2, b'last words')", "last words", "error"),
    ],
)
def test_raw_text_becomes_a_line_of_the_log(tmp_path: Path, does: str, message: str, level: str) -> None:
    log = tmp_path / "log"
    assert run(log, does) == 0
    line = wait_for_line(log, message)
    assert (line["level"], line["logger"]) == (level, "stderr")


def test_warnings_and_errors_that_nobody_caught_are_one_line_each(tmp_path: Path) -> None:
    log = tmp_path / "log"
    does = "warnings.warn('old'); t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join(); {}[2]"
    assert run(log, does) == 1
    warning, in_thread, at_last = lines_of(log)
    assert (warning["logger"], warning["level"]) == ("py.warnings", "warning")
    assert in_thread["level"] == at_last["level"] == "critical"
    assert "ZeroDivisionError" in in_thread["exception"]
    assert "KeyError: 2" in at_last["exception"]


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("os.write(2, b'terminate called\\n'); os.abort()", ["terminate called", "Fatal Python error: Aborted"]),
        ("os.write(2, b'cut o'); os.kill(os.getpid(), 9)", ["cut o"]),
        ("os.write(2, b'x\\n' * 5000 + b'why'); os._exit(3)", ["why"]),
        ("ctypes.string_at(0)", ["Fatal Python error: Segmentation fault"]),
    ],
)
def test_the_last_words_before_a_crash_are_not_lost(tmp_path: Path, does: str, said: list[str]) -> None:
    log = tmp_path / "log"
    assert run(log, does) != 0
    for message in said:
        wait_for_line(log, message)


def test_a_flood_is_limited_and_holds_nobody_up(tmp_path: Path) -> None:
    """Two megabytes, written in one call that holds Python's lock: what a pipe to a thread would hang on."""
    log = tmp_path / "log"
    does = "text = b'one more line of noise\\n' * 100_000; ctypes.PyDLL(None).write(2, text, len(text))"
    assert run(log, does) == 0
    wait_for_line(log, "one more line of noise")
    until = time.monotonic() + 10
    while not (told := [line["left_out"] for line in lines_of(log) if "left_out" in line]):
        assert time.monotonic() < until
        time.sleep(0.05)
    noise = sum(line["message"] == "one more line of noise" for line in lines_of(log))
    assert noise < 10 * MOST
    assert noise + sum(told) == 100_000


def test_a_reader_that_is_gone_or_a_log_that_nobody_takes_keeps_no_process() -> None:
    gone = "os.system('kill -9 $(cat /proc/%d/task/%d/children)' % (os.getpid(), os.getpid())); os.write(2, b'x')"
    stuck = "os.set_blocking(2, False)\nfor _ in range(9):\n try: os.write(2, b'x\\n' * 100_000)\n except OSError: pass"
    for does in (f"try: {gone}\nexcept OSError: pass", stuck):
        command = [sys.executable, "-c", START.format(form="json", does=does)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)  # which is not read before it has ended
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.communicate()


def test_a_server_and_what_it_runs_on_speak_json(toy_path: Path, tmp_path: Path) -> None:
    """Until all of them are told to end, as systemd does it."""
    log = tmp_path / "log"
    program = f"import atexit, gc, os; atexit.register(os.write, 2, b'at the end'); {FREEZE}; {SERVE}"
    with log.open("w") as stderr, served(toy_path, program, stderr) as (process, _):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) > 1, "the reader, and what decodes"
        for pid in (*map(int, children), process.pid):
            os.kill(pid, signal.SIGTERM)
        process.wait(10)
    wait_for_line(log, "in time")
    wait_for_line(log, "at the end")


def test_a_terminal_keeps_its_stderr(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(log, "os.write(2, b'raw\\n')", form="pretty")
    assert log.read_text() == "raw\n"


def test_a_command_keeps_its_stderr(toy_path: Path, tmp_path: Path) -> None:
    photo = tmp_path / "one.jpg"
    photo.write_bytes(b"no photo")
    command = [sys.executable, "-m", "service.cli", "pose", photo, "--out", tmp_path / "out", "--model", toy_path]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("0 of 1 photos answered; 1 failed")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("libpng warning: iCCP: known incorrect sRGB profile", "debug"),
        ("Corrupt JPEG data: 12 extraneous bytes before marker 0xd9", "debug"),
        ("[ WARN:0@3.210] global grfmt_png.cpp:787 readHeader PNG input buffer is incomplete", "debug"),
        ("[ WARN:1@3.210] global cap.cpp:12 open nothing", "warning"),
        ("[ERROR:0@3.210] global parallel.cpp:12 no threads", "error"),
        ("2026-11-25 20:00:00.1 [W:onnxruntime:, graph.cc:12 CleanUp] Removing initializer", "warning"),
        ("2026-11-25 20:00:00.1 [E:onnxruntime:Default, cuda_call.cc:118 Call] CUDA failure 700", "error"),
        ("OpenBLAS WARNING - could not determine the L2 cache size", "warning"),
        ("free(): invalid pointer", "error"),
    ],
)
def test_how_bad_it_is_is_what_the_library_says(text: str, level: str) -> None:
    assert level_of(text) == level


def read(content: bytes, lowest: str = "info") -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", READER, lowest, "1"], input=content, capture_output=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_decoders_say_of_photos_is_for_debugging() -> None:
    noise = b"libpng error: bad adaptive filter value\n"
    assert read(noise) == []
    assert [line["level"] for line in read(noise, "debug")] == ["debug"]


def test_a_line_without_end_becomes_several_that_lose_nothing() -> None:
    text = "".join(f"{number:07}" for number in range(5000))
    said = [line["message"] for line in read(text.encode())]
    assert "".join(said) == text
    assert max(map(len, said)) <= LONGEST


def test_colours_are_left_out() -> None:
    assert [line["message"] for line in read(b"\x1b[0;93mred\x1b[m\r\n\n  \n")] == ["red"]
