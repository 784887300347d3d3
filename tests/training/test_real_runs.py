"""Whole runs under torchrun that are killed and resumed, on as many photos as a real data set's validation takes."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import torch

from tests.helpers.drawings import JOINTS, draw_person, write_recipe
from tests.helpers.ranks import repeated
from training.data.adapters.lip import LookIntoPerson
from training.data.preparation import prepare

PEOPLE = 2000
"""Photos of the LIP-shaped set; one in ten is for validation."""

pytestmark = pytest.mark.slow


class Torchrun:
    """``training.train`` on some ranks, in a session of its own that is killed as a whole."""

    def __init__(self, ranks, *arguments):
        command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", ranks, "-m", "training.train"]
        self.process = subprocess.Popen(
            [sys.executable, *map(str, command), *map(str, arguments)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self):
        output, _ = self.process.communicate(timeout=3600)
        assert self.process.returncode == 0, output
        return output

    def kill(self):
        """Kill launcher and ranks; the ranks are in sessions of their own."""
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for pid in [str(self.process.pid), *children]:
            os.kill(int(pid), signal.SIGKILL)
        self.process.communicate()


def wait_for(condition, run, seconds=1800):
    until = time.monotonic() + seconds
    while not condition():
        assert run.process.poll() is None, run.process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)


def records(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def write_slim(path, epochs, batch, **run):
    """A slim two-stage JPPNet on pictures of 32×32."""
    changes = {
        "height = 384": "height = 32",
        "width = 384": "width = 32",
        'fit = "squash"': 'fit = "squash"\nslimming = 32',
        "batch = 4": f"batch = {batch}",
        "epochs = 35": f"epochs = {epochs}",
        "learning_rate = 1e-4": "learning_rate = 1e-3\nclip_norm = 5.0",
    }
    write_recipe(path, "jppnet-s2", changes)
    keys = {"validate_every": 1, "workers": 1, **run}
    path.write_text(path.read_text() + "\n[run]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
    return path


@pytest.mark.parametrize("ranks", [2, 4])
def test_600_validation_photos_and_a_timeout_of_15_seconds(ranks, folder, tmp_path):
    data = repeated(folder, tmp_path / "data", 600)
    (data / "train.txt").write_text("".join(f"{number}\n" for number in range(16)))
    recipe = write_slim(tmp_path / "slim.toml", epochs=1, batch=8, timeout=15)
    out = tmp_path / "run"
    arguments = [recipe, "--data", data, "--out", out]
    run = Torchrun(ranks, *arguments, "--from-nothing")
    wait_for((out / "last.pt").exists, run)  # it is written before validation
    time.sleep(1)
    run.kill()
    assert not (out / "best.pt").exists()
    Torchrun(ranks, *arguments, "--resume").finish()
    (record,) = records(out)
    command = ["-m", "training.evaluate", out / "best.pt", "--data", data, "--json"]
    alone = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=True)
    assert json.dumps(record["metrics"]) == json.dumps(json.loads(alone.stdout))
    assert record["metrics"]["photos"] == 600


def write_lip_of_drawings(root, people):
    """Drawn people in LIP's layout, each at another place and in other colours."""
    rng = np.random.default_rng(0)
    parts = [root / f"TrainVal_{part}" for part in ("images", "parsing_annotations", "pose_annotations")]
    images, labels, poses = parts
    names = {"train": range(people // 10, people), "val": range(people // 10)}
    poses.mkdir(parents=True)
    for split, numbers in names.items():
        (images / f"{split}_images").mkdir(parents=True)
        (labels / f"{split}_segmentations").mkdir(parents=True)
        rows = []
        for number in numbers:
            image, label_map = draw_person(number % 4)
            moved = np.roll(image, rng.integers(-8, 8), 1) + rng.integers(0, 30, image.shape, dtype=np.uint8)
            cv2.imwrite(str(images / f"{split}_images" / f"{number}.jpg"), moved)
            cv2.imwrite(str(labels / f"{split}_segmentations" / f"{number}.png"), label_map)
            pose = ("{},{},0".format(*JOINTS[joint]) if joint in JOINTS else "nan,nan,nan" for joint in range(16))
            rows.append(f"{number}.jpg,{','.join(pose)}\n")
        (images / f"{split}_id.txt").write_text("".join(f"{number}\n" for number in numbers))
        (poses / f"lip_{split}_set.csv").write_text("".join(rows))
    return root


def test_a_lip_shaped_set_on_two_ranks_killed_twice_at_random(tmp_path):
    root = write_lip_of_drawings(tmp_path / "lip", PEOPLE)
    assert prepare(LookIntoPerson(root), tmp_path / "data") == []
    recipe = write_slim(tmp_path / "slim.toml", epochs=2, batch=8, save_every=5)
    common = [recipe, "--data", tmp_path / "data", "--out"]
    began = time.monotonic()
    Torchrun(2, *common, tmp_path / "whole", "--from-nothing").finish()
    seconds = time.monotonic() - began
    killed, chance = tmp_path / "killed", random.Random(time.time())
    saved = killed / "last.pt"
    for start in ("--from-nothing", "--resume"):
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        run = Torchrun(2, *common, killed, start)
        wait_for(lambda before=before: saved.exists() and saved.stat().st_mtime_ns > before, run)
        time.sleep(chance.uniform(0, seconds / 3))  # anywhere, and not when it is done
        run.kill()
        state = torch.load(saved, weights_only=True)
        print(f"\nkilled; {state['epoch']} epochs and {state['step']} steps were saved")
    Torchrun(2, *common, killed, "--resume").finish()
    whole, again = (torch.load(tmp_path / run / "last.pt", weights_only=True) for run in ("whole", "killed"))
    for part in ("network", "average"):
        for name, value in whole[part].items():
            torch.testing.assert_close(again[part][name], value, rtol=0, atol=1e-6, msg=name)
    figures = [json.dumps([record["metrics"] for record in records(run)]) for run in (tmp_path / "whole", killed)]
    assert figures[0] == figures[1]
