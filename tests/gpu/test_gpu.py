"""`make test-gpu`: the GPU's providers beside the CPU, captured graphs, a broken device, and compose where Docker is.

Each test says by name what it lacks where there is no GPU.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import numpy as np
import onnxruntime as ort
import pytest

from service.engine.errors import DeviceError
from service.engine.model.card import read_card
from service.engine.model.cuda import built_for, complaint
from service.engine.model.golden import golden_check
from service.engine.model.session import GpuOptions, Session
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.lanes import Lanes
from service.settings import MODELS, DeviceProvider
from tests.gpu.checks import Image, agreement, batch_agreement, fill_memory, model_inputs, report

pytestmark = pytest.mark.gpu
ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "export" / "astronaut.jpg"
NAMES = {"cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
BUCKETS = (1, 2, 4, 8, 16, 32)
MODEL = MODELS / "jppnet-base.onnx"
FP32_LABELS, FP16_LABELS, JOINTS = 0.995, 0.99, 2.0
"""Least share of equal labels in single and half precision, and pixels between joints. TF32 rounds to 10 bits."""


def need(provider: DeviceProvider) -> None:
    """Skips a test whose provider is not here, and says what is missing."""
    if not Path("/dev/nvidia0").exists():
        pytest.skip(f"{provider}: no NVIDIA GPU (/dev/nvidia0)")
    if NAMES[provider] not in ort.get_available_providers():
        pytest.skip(f"{provider}: this ONNX Runtime has only {', '.join(ort.get_available_providers())}")
    unsuited = complaint(built_for())
    assert unsuited is None, unsuited


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, str]]:
    """What was measured; docs/gpu.md at the end, where anything was."""
    measured: dict[str, str] = {}
    yield measured
    if measured:
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        device = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0]
        (ROOT / "docs" / "gpu.md").write_text(report(f"{device}, ONNX Runtime {ort.__version__}", measured))


@pytest.fixture(scope="module")
def reference() -> Session:
    return Session(MODEL, "cpu", 2)


@pytest.fixture(scope="module")
def images(reference: Session) -> list[Image]:
    """The golden picture, and photos as the model is shown them."""
    card = read_card(reference.metadata, MODEL.name)
    size = reference.input_height, reference.input_width
    return [
        card.golden.decoded_image(),
        *model_inputs([PHOTO, *sorted((ROOT / "runs/photos").glob("*.jpg"))], card, size),
    ]


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_it_answers_as_the_cpu_does(
    provider: DeviceProvider, reference: Session, images: Sequence[Image], figures: dict[str, str], tmp_path: Path
) -> None:
    need(provider)
    session = Session(MODEL, provider, 1, GpuOptions(tensorrt_cache=tmp_path))
    found = agreement(reference, session, images)
    figures[f"{provider} beside the CPU, {len(images)} pictures"] = (
        f"{found.labels:.2%} of the labels at least, joints within {found.joints:.2f} pixels"
    )
    half = ".fp16." in session.file.path.name
    assert found.labels >= (FP16_LABELS if half else FP32_LABELS)
    assert found.joints <= JOINTS


@pytest.mark.parametrize("batch", BUCKETS)
@pytest.mark.parametrize("graph", [False, True], ids=["buffers", "graphs"])
def test_every_bucket_gives_what_one_picture_gives(
    batch: int, graph: bool, images: Sequence[Image], figures: dict[str, str]
) -> None:
    need("cuda")
    session = Session(MODEL, "cuda", 1, GpuOptions(cuda_graph=graph))
    began = time.perf_counter()
    found = batch_agreement(session, images[0], batch)
    figures[f"batch of {batch}, {'CUDA graph' if graph else 'bound buffers'}"] = (
        f"{found.labels:.2%} of the labels, joints within {found.joints:.3f} pixels; "
        f"{time.perf_counter() - began:.2f} s with the first run"
    )
    assert found.labels >= FP32_LABELS
    assert found.joints <= JOINTS


def test_half_precision_is_taken_where_there_is_a_file(
    reference: Session, images: Sequence[Image], tmp_path: Path
) -> None:
    need("cuda")
    half = MODEL.with_suffix(".fp16.onnx")
    if not half.is_file():
        pytest.skip(f"fp16: there is no {half.name}; export.onnx --precision fp16 makes one")
    session = Session(MODEL, "cuda", 1)
    assert session.file.path == half
    assert agreement(reference, session, images).labels >= FP16_LABELS


def test_a_device_without_memory_is_found_broken_and_stays_so(images: Sequence[Image], figures: dict[str, str]) -> None:
    """Nothing is left for the first run, nor for the golden sample that tells a broken device from a bad photo."""
    need("cuda")
    session = Session(MODEL, "cuda", 1)
    lanes = Lanes([session], 1, golden_check(read_card(session.metadata, MODEL.name)))
    kept = list(fill_memory(lambda size: ort.OrtValue.ortvalue_from_shape_and_type([size], np.uint8, "cuda", 0)))
    try:
        with pytest.raises(DeviceError):
            lanes.submit(lambda: images[0], Deadline()).result(60)
        assert lanes.fault
        figures["a device without memory"] = f"found broken ({len(kept)} blocks filled it)"
        kept.clear()
        with pytest.raises(DeviceError):
            lanes.submit(lambda: images[0], Deadline()).result(60)
        figures["the same with memory again"] = "still broken, until the process ends"
    finally:
        lanes.close(5)


def test_docker_compose_up_answers() -> None:
    need("cuda")
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("docker: no Docker engine answers")
    subprocess.run(["docker", "compose", "up", "--detach", "--build"], cwd=ROOT, check=True)
    try:
        until = time.monotonic() + 600
        while True:
            try:
                answer = httpx.post("http://127.0.0.1:8000/pose", content=PHOTO.read_bytes(), timeout=30)
                break
            except httpx.TransportError:
                assert time.monotonic() < until
                time.sleep(1)
        assert answer.status_code == 200
        assert httpx.get("http://127.0.0.1:8000/model").json()["provider"] == "cuda"
    finally:
        subprocess.run(["docker", "compose", "down"], cwd=ROOT, check=True)
