"""A run of ``jppnet`` that was interrupted leaves whole answers, and the same command goes on with the rest."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from tests.helpers.cli_runs import PHOTO, Run, files_below
from tests.helpers.toy_model import jpeg, paint, png


def test_a_run_goes_on_where_the_last_one_ended(run: Run, album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("pose", album, "--out", out).exit_code == 1
    before = (out / "more" / "two.json").stat()
    (album / "cut.jpg").write_bytes(jpeg(PHOTO))
    again = run("pose", album, "--out", out)
    assert again.exit_code == 0
    assert "1 of 3 photos answered; 2 had their answer (--overwrite makes them anew)." in again.stderr
    assert files_below(out) == ["cut.json", "more/two.json", "one.json"]  # nothing failed, so nothing is listed
    assert "0 of 3 photos answered; 3 had their answer" in run("pose", album, "--out", out).stderr
    assert (out / "more" / "two.json").stat() == before
    assert "3 of 3 photos answered." in run("pose", album, "--out", out, "--overwrite").stderr
    assert (out / "more" / "two.json").stat().st_ino != before.st_ino


def heed_ctrl_c() -> None:
    """For a child: a shell starts what it runs in the background, like these tests, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_a_run_with_whole_answers_and_the_next_goes_on(toy_path: Path, tmp_path: Path) -> None:
    """SIGINT once the first answer is there, in a run of many large photos."""
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    large = png(paint(1200, 1200, {1: (200, 200, 600, 600)}))
    for number in range(100):
        (album / f"{number}.png").write_bytes(large)
    program = [sys.executable, "-m", "service.cli", "parse", str(album), "--out", str(out), "--format", "cutout"]
    quick = {"JPPNET_PROVIDER": "cpu", "JPPNET_LANES": "1", "JPPNET_MAX_BATCH": "1"}
    environment = os.environ | quick | {"JPPNET_MODEL": str(toy_path)}
    process = subprocess.Popen(program, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c)
    try:
        until = time.monotonic() + 60
        while not list(out.glob("*.png")):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    answers = files_below(out)
    assert 0 < len(answers) < 100
    assert all(answer.endswith(".png") and cv2.imread(str(out / answer)) is not None for answer in answers)
    assert "of 100 photos answered" in said
    assert "left: the same command goes on with them." in said
    assert "Traceback" not in said


def test_a_disk_that_fills_up_ends_the_run_and_the_next_goes_on(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    (album / "cut.jpg").unlink()
    write = Path.write_bytes

    def full(file: Path, content: bytes) -> int:
        if out in file.parents:
            write(file, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        result = run("pose", album, "--out", out)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "cannot be written: No space left on device." in result.stderr
    assert "2 left: the same command goes on with them." in result.stderr
    assert files_below(out) == []
    assert run("pose", album, "--out", out).exit_code == 0
