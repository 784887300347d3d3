"""What CUDA needs is compared with what is there, and said in words; here with a driver that says what a test wants."""

import ctypes
import re
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from service.cli.gpu import look_for_gpu
from service.engine.errors import ProviderError
from service.engine.model import cuda, session
from service.engine.model.cuda import complaint


class Driver:
    """libcuda of a driver for this version of CUDA (13000 is 13.0), with a GPU of this compute capability."""

    def __init__(self, version: int, capability: tuple[int, int] | None = (8, 9)) -> None:
        self.version, self.capability = version, capability

    def cuDriverGetVersion(self, out: Any) -> int:  # noqa: N802  # the driver API's name
        out._obj.value = self.version
        return 0

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return 0 if self.capability else 100

    def cuDeviceGet(self, out: Any, number: int) -> int:  # noqa: N802
        out._obj.value = number
        return 0

    def cuDeviceGetAttribute(self, out: Any, attribute: int, device: ctypes.c_int) -> int:  # noqa: N802
        assert self.capability
        out._obj.value = self.capability[attribute - cuda.MAJOR]
        return 0


@pytest.mark.parametrize(
    ("built_for", "driver", "words"),
    [
        (13, Driver(13000), None),
        (13, Driver(13020, (12, 0)), None),
        (13, Driver(12040), "CUDA 13, which needs NVIDIA's driver 580 or newer; the driver here is for CUDA 12.4"),
        (13, Driver(13000, (7, 0)), r"compute capability 7.5 \(Turing\) or newer; the GPU here has 7.0"),
        (13, Driver(13000, (7, 5)), None),
        (13, Driver(13000, None), None),
        (12, Driver(12040, (7, 0)), None),
        (12, Driver(11080), "driver 525 or newer"),
        (None, Driver(11080), None),
    ],
)
def test_driver_and_gpu_are_compared_with_what_onnx_runtime_was_built_for(
    built_for: int | None, driver: Driver, words: str | None
) -> None:
    said = complaint(built_for, lambda library: driver)
    if words is None:
        assert said is None
    else:
        assert said
        assert re.search(words, said), said
        assert "CUDA=12" in said


def test_without_a_driver_something_else_is_wrong() -> None:
    def none(library: str) -> Any:
        raise OSError(library)

    assert complaint(13, none) is None


def test_the_doctor_says_it(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").touch()
    found = look_for_gpu({"onnxruntime-gpu": "1.31.1"}, tmp_path, lambda library: Driver(12040), built_for=13)
    assert any("driver 580 or newer" in missing for missing in found.missing)
    assert (
        look_for_gpu({"onnxruntime-gpu": "1.31.1"}, tmp_path, lambda library: Driver(13000), built_for=13).missing == []
    )


def test_a_start_that_fails_says_it(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    monkeypatch.setattr(session, "complaint", lambda built_for: "The driver is too old.")
    with pytest.raises(ProviderError, match="The driver is too old"):
        session.open_runtime(toy_path, "cuda", 1)
