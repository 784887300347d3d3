"""One ONNX Runtime session on the provider that was asked for, never on another."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from service.engine.errors import ProviderError, StartError
from service.imaging.decode import Image
from service.settings import DeviceProvider, ProviderName

log = logging.getLogger(__name__)

OUTPUTS: Final = ("labels", "confidence", "keypoints")

_PROVIDERS: Final[Mapping[DeviceProvider, tuple[str, str]]] = {
    # name → what ONNX Runtime calls it, and how it is had
    "cpu": ("CPUExecutionProvider", "install onnxruntime"),
    "openvino": ("OpenVINOExecutionProvider", "install onnxruntime-openvino in place of onnxruntime"),
    "cuda": (
        "CUDAExecutionProvider",
        "install jppnet[gpu] (onnxruntime-gpu in place of onnxruntime), and let the process see an NVIDIA GPU",
    ),
    "tensorrt": (
        "TensorrtExecutionProvider",
        "install jppnet[gpu] (onnxruntime-gpu in place of onnxruntime) and tensorrt, and let the process see a GPU",
    ),
}
_AUTO_ORDER: Final[tuple[DeviceProvider, ...]] = ("cuda", "openvino", "cpu")
"""Best first. TensorRT is for those who ask: it spends minutes on building engines."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's answer for one fitted photo."""

    labels: Image
    """Label id per cell of the grid (h, w)."""
    confidence: Image
    """Probability of that label, 255 = certain (h, w)."""
    keypoints: npt.NDArray[np.float32]
    """x, y in input pixels and a score in 0–1 (J, 3)."""
    run_seconds: float = 0.0
    """What the run took that this is from, a whole batch perhaps."""


class Session:
    """The model on one provider. ``run`` may be called from several threads at once."""

    def __init__(self, model: Path, provider: DeviceProvider, threads: int) -> None:
        """Opens a model file with that many threads within a run (CPU providers).

        Raises:
            StartError: the file or the provider is missing, or the file is not of the promised form.
        """
        if not model.is_file():
            raise StartError(f"There is no model file at {model}. Name one with --model or JPPNET_MODEL.")
        self.provider = provider
        self._session = _open(model, provider, threads)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.input_height, self.input_width = _input_size(self._session, model)

    def run(self, images: Sequence[Image]) -> list[Prediction]:
        """Answers for fitted photos (H, W, 3), in their order, from one run over their batch.

        The batch is padded to the next bucket, so that the provider meets few shapes and has met them all before.
        """
        batch = np.zeros((bucket(len(images)), self.input_height, self.input_width, 3), np.uint8)
        np.stack(images, out=batch[: len(images)])
        began = time.perf_counter()
        labels, confidence, keypoints = self._session.run(OUTPUTS, {"image": batch})
        seconds = time.perf_counter() - began
        return [Prediction(labels[index], confidence[index], keypoints[index], seconds) for index in range(len(images))]


def bucket(count: int) -> int:
    """The batch size in use for that many photos: the next power of two."""
    return 1 << (count - 1).bit_length()


def open_session(model: Path, provider: ProviderName, threads: int) -> Session:
    """Opens the model on the provider asked for, or for ``auto`` on the best that works here.

    Raises:
        StartError: the file cannot be served, or the provider asked for is missing.
    """
    if provider != "auto":
        return Session(model, provider, threads)
    available = ort.get_available_providers()
    for choice in _AUTO_ORDER:
        if _PROVIDERS[choice][0] not in available:
            continue
        try:
            session = Session(model, choice, threads)
        except ProviderError as error:
            log.warning("provider auto passes over %s, which is installed but does not work: %s", choice, error)
        else:
            log.info("provider auto chose %s (installed: %s)", choice, ", ".join(available))
            return session
    raise StartError(f"None of {', '.join(_AUTO_ORDER)} works here (installed: {', '.join(available)}).")


def _open(model: Path, provider: DeviceProvider, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait by spinning would take the cores from decoding and encoding.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    name, remedy = _PROVIDERS[provider]
    available = ort.get_available_providers()
    if name not in available:
        raise ProviderError(
            f"Provider “{provider}” was asked for, but this installation of ONNX Runtime has only "
            f"{', '.join(available)}. To use it, {remedy}."
        )
    try:
        if provider in ("cuda", "tensorrt"):
            ort.preload_dlls()
        session = ort.InferenceSession(model, options, providers=[name])
    except Exception as error:
        raise StartError(f"{model} cannot be opened on provider “{provider}”: {error}") from error
    session.disable_fallback()
    if session.get_providers()[0] != name:
        raise ProviderError(
            f"Provider “{provider}” was asked for, but ONNX Runtime could not start it and took "
            f"{session.get_providers()[0]} instead, which would be far slower. To use it, {remedy}."
        )
    return session


def _input_size(session: Any, model: Path) -> tuple[int, int]:
    """Height and width of the model's input, once the tensors' names and types are as the document says."""
    inputs = {tensor.name: tensor for tensor in session.get_inputs()}
    outputs = {tensor.name: tensor.type for tensor in session.get_outputs()}
    image = inputs.get("image")
    wanted = {"labels": "tensor(uint8)", "confidence": "tensor(uint8)", "keypoints": "tensor(float)"}
    if (
        image is None
        or image.type != "tensor(uint8)"
        or len(image.shape) != 4
        or image.shape[3] != 3
        or not all(isinstance(side, int) for side in image.shape[1:3])
        or {name: outputs.get(name) for name in wanted} != wanted
    ):
        raise StartError(
            f"{model} is no jppnet model: it must take uint8 “image” (N, H, W, 3) with fixed H and W, and give uint8 "
            "“labels”, uint8 “confidence” and float “keypoints”."
        )
    return image.shape[1], image.shape[2]
