"""A session runs on the provider that was asked for or not at all, and only files of the promised form."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from service.engine.engine import Engine
from service.engine.errors import ProviderError, StartError
from service.engine.model import session as sessions
from service.engine.model import tuning
from service.engine.model.cores import usable_cores
from service.engine.model.session import GpuOptions, Prediction, Session, bucket, open_session
from service.settings import DeviceProvider, ProviderName, Settings
from tests.helpers.gated_session import Image
from tests.helpers.toy_model import HEIGHT, WIDTH, paint, png, toy_card, write_toy_model


@pytest.mark.parametrize("provider", ["cuda", "tensorrt", "openvino"])
def test_a_provider_that_is_missing_is_refused_with_what_to_install(provider: ProviderName, toy_path: Path) -> None:
    if sessions._PROVIDERS[provider][0] in ort.get_available_providers():  # type: ignore[index]
        pytest.skip(f"{provider} is installed here")
    with pytest.raises(ProviderError, match=rf"Provider “{provider}” was asked for.*To use it, install"):
        open_session(toy_path, provider, 1)


def test_a_provider_that_falls_back_is_refused(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ONNX Runtime does without a GPU: CUDA is in the build, but the session runs on the CPU."""
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    real = ort.InferenceSession

    def on_cpu(model: Path, options: ort.SessionOptions, providers: list[Any]) -> ort.InferenceSession:
        return real(model, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(ort, "InferenceSession", on_cpu)
    with pytest.raises(ProviderError, match="took CPUExecutionProvider instead"):
        open_session(toy_path, "cuda", 1)
    assert open_session(toy_path, "auto", 1).provider == "cpu"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"no model file at .*nowhere\.onnx"):
        open_session(tmp_path / "nowhere.onnx", "cpu", 1)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text.onnx"
    file.write_text("hello")
    with pytest.raises(StartError, match="cannot be opened"):
        open_session(file, "cpu", 1)


def test_a_model_of_another_form_is_refused(tmp_path: Path) -> None:
    model = onnx.load(write_toy_model(tmp_path / "toy.onnx", toy_card()))
    del model.graph.output[1]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(StartError, match="is no jppnet model"):
        open_session(tmp_path / "other.onnx", "cpu", 1)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_answers_come_in_order_and_padding_is_not_among_them(count: int, toy_path: Path) -> None:
    session = Session(toy_path, "cpu", 1)
    images = [paint(WIDTH, HEIGHT, {1: (4 * number, 8, 4, 4)}) for number in range(count)]
    answers = session.run(images)
    assert [answer.keypoints[0].tolist() for answer in answers] == [[4 * n + 1.5, 9.5, 1.0] for n in range(count)]
    np.testing.assert_array_equal(answers[-1].labels, images[-1][::2, ::2, 0] // 64)


@pytest.fixture
def buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on the CPU as on a GPU: through buffers that are allocated once."""
    monkeypatch.setattr(sessions, "_BUFFERED", {"cpu": "cpu"})


@pytest.mark.usefixtures("buffered")
def test_a_run_through_buffers_answers_as_any_run(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [paint(WIDTH, HEIGHT, {1: (4 * number, 8, 4, 4)}) for number in range(9)]
    session = Session(toy_path, "cpu", 1)
    through = {count: session.run(images[:count]) for count in (1, 3, 4, 9, 2, 1)}
    monkeypatch.setattr(sessions, "_BUFFERED", {})
    for count, answers in through.items():
        plain = Session(toy_path, "cpu", 1).run(images[:count])
        assert len(answers) == count
        for ours, theirs in zip(answers, plain, strict=True):
            np.testing.assert_array_equal(ours.labels, theirs.labels)
            np.testing.assert_array_equal(ours.confidence, theirs.confidence)
            np.testing.assert_array_equal(ours.keypoints, theirs.keypoints)


@pytest.mark.usefixtures("buffered")
def test_buffers_are_allocated_once_and_never_shared_between_lanes(toy_path: Path) -> None:
    session = Session(toy_path, "cpu", 1)
    twin = session.twin()
    first, second = (paint(WIDTH, HEIGHT, {1: (x, 8, 4, 4)}) for x in (0, 40))
    (before,) = session.run([first])
    buffers = session._buffers[1]
    twin.run([second])
    session.run([second])
    assert before.keypoints[0].tolist() == [1.5, 9.5, 1.0], "an answer outlives the next run"
    assert session._buffers == {1: buffers}
    assert twin._buffers[1] is not buffers


@pytest.mark.usefixtures("buffered")
def test_the_whole_engine_runs_through_buffers(toy_path: Path) -> None:
    engine = Engine.start(Settings(model=toy_path, provider="cpu", lanes=2))
    photo = paint(192, 256, {1: (40, 80, 80, 80)})
    for _ in range(3):
        people = engine.analyze_here(png(photo), lambda analysis: analysis.people)
        assert people[0][1].keypoints[0, :2].tolist() == [79.5, 119.5]
    engine.close()


def test_cuda_graphs_are_refused_where_there_are_none(toy_path: Path) -> None:
    with pytest.raises(StartError, match=r"JPPNET_CUDA_GRAPH is set, but the provider is “cpu”"):
        Engine.start(Settings(model=toy_path, provider="cpu", cuda_graph=True))
    with pytest.raises(StartError, match="one lane only"):
        Engine.start(Settings(model=toy_path, provider="cuda", cuda_graph=True, lanes=2))


def test_the_file_in_the_precision_that_suits_the_provider_is_taken(tmp_path: Path) -> None:
    model, half, bytes_ = (tmp_path / name for name in ("lite.onnx", "lite.fp16.onnx", "lite.int8.onnx"))
    providers: list[DeviceProvider] = ["cuda", "tensorrt", "cpu", "openvino"]

    def taken() -> list[Path]:
        return [sessions._preferred(model, provider) for provider in providers]

    assert taken() == [model] * 4
    half.touch()
    assert taken() == [half, half, model, model]
    bytes_.touch()
    assert taken() == [half, half, bytes_, bytes_]


@pytest.mark.parametrize(
    ("other", "served"),
    [
        ({"precision": "int8"}, "int8"),
        ({"precision": "int8", "name": "another"}, "fp32"),
        ({"precision": "int8", "version": "1.3"}, "fp32"),
        ({"precision": "int8", "joints": ["chest", "knee", "nose"]}, "fp32"),
        (
            {"precision": "int8", "labels": [*toy_card()["labels"][:3], {"id": 3, "name": "hat", "color": [0, 0, 9]}]},
            "fp32",
        ),
        (None, "fp32"),
    ],
)
def test_a_file_beside_it_is_taken_only_if_it_is_the_same_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: dict[str, Any] | None, served: str
) -> None:
    """By what its card says: the name of its file says little."""
    model = write_toy_model(tmp_path / "y.onnx", toy_card())
    write_toy_model(tmp_path / "y.int8.onnx", None if other is None else toy_card() | other)
    caplog.set_level("INFO")
    assert f'"precision": "{served}"' in Session(model, "cpu", 1).metadata["jppnet.card"]
    if served == "int8":
        assert not caplog.messages, "the engine says so, once"
    else:
        (said,) = caplog.messages
        assert "y.onnx is served as it is: y.int8.onnx beside it is another model" in said


def test_a_start_says_once_which_file_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model, other = (write_toy_model(tmp_path / name, toy_card()) for name in ("y.onnx", "y.int8.onnx"))
    caplog.set_level("INFO")
    for file, times in ((model, 1), (other, 0)):
        caplog.clear()
        Engine.start(Settings(model=file, provider="cpu", lanes=2, threads=1)).close()
        assert sum("y.int8.onnx is taken in place of y.onnx" in said for said in caplog.messages) == times


def test_a_broken_file_beside_it_does_not_keep_a_model_from_starting(tmp_path: Path) -> None:
    model = write_toy_model(tmp_path / "y.onnx", toy_card())
    (tmp_path / "y.int8.onnx").write_bytes(model.read_bytes()[:1000])
    assert Session(model, "cpu", 1).metadata


@pytest.mark.parametrize(
    ("provider", "options", "told"),
    [
        ("cuda", GpuOptions(), [("CUDAExecutionProvider", {})]),
        ("cuda", GpuOptions(cuda_graph=True), [("CUDAExecutionProvider", {"enable_cuda_graph": "1"})]),
        (
            "tensorrt",
            GpuOptions(tensorrt_cache=Path("/cache")),
            [
                (
                    "TensorrtExecutionProvider",
                    {
                        "trt_engine_cache_enable": "1", "trt_engine_cache_path": "/cache",
                        "trt_timing_cache_enable": "1", "trt_timing_cache_path": "/cache",
                    },
                ),
                ("CUDAExecutionProvider", {}),
            ],
        ),
    ],
)  # fmt: skip
def test_gpu_providers_are_told_what_was_chosen(
    provider: DeviceProvider,
    options: GpuOptions,
    told: list[tuple[str, dict[str, str]]],
    toy_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Up to ONNX Runtime's door; what a GPU makes of it, no machine without one can say."""
    heard: list[Any] = []

    def open_nothing(model: Path, options: ort.SessionOptions, providers: list[Any]) -> None:
        heard.extend(providers)
        raise RuntimeError("no GPU here")

    monkeypatch.setattr(ort, "get_available_providers", lambda: ["TensorrtExecutionProvider", "CUDAExecutionProvider"])
    monkeypatch.setattr(ort, "InferenceSession", open_nothing)
    with pytest.raises(StartError, match="no GPU here"):
        Session(toy_path, provider, 1, options)
    assert heard == told


def test_the_golden_sample_is_proven_in_every_batch_size(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that computes batches of four wrongly, and only those."""
    run = Session.run

    def wrong_in_fours(self: Session, images: Sequence[Image]) -> list[Prediction]:
        answers = run(self, images)
        return [replace(answer, labels=1 - answer.labels) for answer in answers] if len(images) == 4 else answers

    monkeypatch.setattr(Session, "run", wrong_in_fours)
    monkeypatch.setattr(tuning, "photos_per_second", lambda sessions, batch: 100.0 * batch)
    with pytest.raises(StartError, match=r"in a batch of 4: .* of the labels agree"):
        Engine.start(Settings(model=toy_path, provider="cpu", max_batch=8))
    Engine.start(Settings(model=toy_path, provider="cpu", max_batch=2)).close()


def test_buckets_are_powers_of_two() -> None:
    assert [bucket(count) for count in (1, 2, 3, 4, 5, 8, 9)] == [1, 2, 4, 4, 8, 8, 16]


def test_cores_respect_a_containers_quota(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    unlimited = usable_cores(tmp_path / "missing")
    quota.write_text("max 100000\n")
    assert usable_cores(quota) == unlimited
    quota.write_text("100000 100000\n")
    assert usable_cores(quota) == 1
    quota.write_text("5000 100000\n")
    assert usable_cores(quota) == 1
