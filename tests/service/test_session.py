"""A session runs on the provider that was asked for or not at all, and only files of the promised form."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from toy_model import HEIGHT, WIDTH, paint, toy_card, write_toy_model

from service.engine import session as sessions
from service.engine.cores import usable_cores
from service.engine.errors import ProviderError, StartError
from service.engine.session import Session, bucket, open_session
from service.settings import ProviderName


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

    def on_cpu(model: Path, options: ort.SessionOptions, providers: list[str]) -> ort.InferenceSession:
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
