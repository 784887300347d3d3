"""A model is replaced while eight clients call for a minute: nobody notices but by the version."""

import json
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest

from service.settings import MODELS
from tests.helpers.serve_process import served

pytestmark = pytest.mark.slow
PHOTO = (Path(__file__).parents[2] / "export" / "astronaut.jpg").read_bytes()
CLIENTS, HALF = 8, 30.0
ADMIN = {"X-API-Key": "admin"}


@dataclass
class Load:
    """Clients that call one after the other, and what they got: when it came, seconds, status and version."""

    url: str
    answers: list[tuple[float, float, int, str]] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.ends.is_set():
                began = time.monotonic()
                answer = client.post("/pose", content=PHOTO)
                now = time.monotonic()
                self.answers.append((now, now - began, answer.status_code, answer.json()["model"]["version"]))

    def p99(self, begin: float, end: float) -> float:
        return float(np.percentile([seconds for at, seconds, _, _ in self.answers if begin <= at < end], 99))


def write_model(file: Path, version: str) -> None:
    """The model that comes with the service, as another version."""
    model = onnx.load(MODELS / "jppnet-lite.onnx")
    (card,) = (entry for entry in model.metadata_props if entry.key == "jppnet.card")
    card.value = json.dumps(json.loads(card.value) | {"version": version})
    onnx.save(model, file.with_suffix(".new"))
    file.with_suffix(".new").replace(file)


def test_a_model_is_replaced_under_load(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    write_model(file, "1")
    shutil.copy(MODELS / "jppnet-detect.onnx", tmp_path)
    (tmp_path / "corrupt.onnx").write_bytes(file.read_bytes()[:100_000])
    settings = {
        "JPPNET_ADMIN_KEYS": "admin",
        "JPPNET_DETECTOR": str(tmp_path / "jppnet-detect.onnx"),
        "JPPNET_LANES": "2",
    }
    with served(file, **settings) as (_, url):
        load = Load(url)
        clients = [threading.Thread(target=load.call) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(2)
        began = time.monotonic()
        time.sleep(HALF)
        half = time.monotonic()
        write_model(file, "2")
        taken = httpx.post(f"{url}/admin/model", headers=ADMIN, timeout=60)
        refused = httpx.post(f"{url}/admin/model", headers=ADMIN, json={"model": "corrupt.onnx"}, timeout=60)
        time.sleep(max(0.0, half + HALF - time.monotonic()))
        ended = time.monotonic()
        load.ends.set()
        for client in clients:
            client.join(60)
    usual, meanwhile = load.p99(began, half), load.p99(half, ended)
    print(f"\n{len(load.answers)} photos; p99 {usual:.3f} s, with a replacement × {meanwhile / usual:.2f}")
    assert (taken.status_code, refused.status_code) == (200, 422)
    assert {status for _, _, status, _ in load.answers} == {200}
    versions = [version for _, _, _, version in sorted(load.answers)]
    assert set(versions) == {"1", "2"}
    assert set(versions[-CLIENTS:]) == {"2"}, "what was refused changed nothing"
    assert meanwhile <= 2 * usual
