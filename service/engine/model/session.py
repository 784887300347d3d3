"""A session of ONNX Runtime on the provider that was requested, never silently on another."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from service.engine.errors import ProviderError, StartError
from service.engine.model.buffers import Buffers
from service.engine.model.card import METADATA_KEY
from service.engine.model.cores import usable_cores
from service.engine.model.cuda import built_for, complaint
from service.engine.model.opened_file import OpenedFile
from service.engine.model.runtime import onnx_runtime, pip_install
from service.imaging.decode import Image
from service.settings import DeviceProvider, ProviderName

log = logging.getLogger(__name__)

OUTPUTS: Final[Mapping[str, str]] = {
    "labels": "tensor(uint8)", "confidence": "tensor(uint8)", "keypoints": "tensor(float)",
}  # fmt: skip
"""What a model gives, and of which type."""
OUTPUT_SETS: Final = (("labels", "confidence", "keypoints"), ("labels", "confidence"), ("keypoints",))
"""Of models for both, for parsing alone and for pose alone."""

_PROVIDERS: Final[Mapping[DeviceProvider, tuple[str, str]]] = {
    # name → what ONNX Runtime calls it, and how it is had
    "cpu": ("CPUExecutionProvider", "install onnxruntime"),
    "openvino": (
        "OpenVINOExecutionProvider",
        f"install onnxruntime-openvino in place of onnxruntime ({pip_install('openvino')})",
    ),
    "cuda": (
        "CUDAExecutionProvider",
        f"install onnxruntime-gpu in place of onnxruntime ({pip_install('gpu')}), and let the process see an NVIDIA "
        "GPU",
    ),
    "tensorrt": (
        "TensorrtExecutionProvider",
        f"install onnxruntime-gpu in place of onnxruntime ({pip_install('gpu')}) and tensorrt, and let the process see "
        "a GPU",
    ),
}
_BUFFERED: Final[Mapping[DeviceProvider, str]] = {"cuda": "cuda", "tensorrt": "cuda"}
"""Providers whose runs go through buffers that are allocated once, and where these lie. On the CPU it gains nothing:
1.001 to 1.003 times the time of a plain run, at batches of 1 and 4."""
_PRECISION: Final[Mapping[DeviceProvider, str]] = {
    "cpu": "int8", "openvino": "int8", "cuda": "fp16", "tensorrt": "fp16",
}  # fmt: skip
"""In which precision a provider is fastest."""
_AUTO_ORDER: Final[tuple[DeviceProvider, ...]] = ("cuda", "cpu")
"""Best first. TensorRT is for those who ask: it spends minutes on building engines. So is OpenVINO: whether it is
faster than ``cpu`` depends on the model's precision and the machine."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's answer for one fitted photo."""

    labels: Image
    """Label id per cell of the grid (h, w); of a model without labels, one cell of background."""
    confidence: Image
    """Probability of that label, 255 = certain (h, w); 0 of a model without labels."""
    keypoints: npt.NDArray[np.float32]
    """x, y in input pixels and a score in 0–1 (J, 3); no rows of a model without joints."""
    run_seconds: float = 0.0
    """What the run took that this is from, a whole batch perhaps."""

    @classmethod
    def of(
        cls,
        labels: Image | None = None,
        confidence: Image | None = None,
        keypoints: npt.NDArray[np.float32] | None = None,
        run_seconds: float = 0.0,
    ) -> Self:
        """The answer of a model that gives this much."""
        nothing = np.zeros((1, 1), np.uint8)
        return cls(
            nothing if labels is None else labels,
            nothing if confidence is None else confidence,
            np.zeros((0, 3), np.float32) if keypoints is None else keypoints,
            run_seconds,
        )


@dataclass(frozen=True, slots=True)
class GpuOptions:
    """Options of GPU providers."""

    cuda_graph: bool = False
    """Whether a run is captured once per batch size and then replayed (``cuda`` only)."""
    tensorrt_cache: Path | None = None
    """Folder that TensorRT keeps its engines and timings in from start to start."""
    sizes_vary: bool = False
    """Whether photos of many sizes are run (``cuda`` only): cuDNN then guesses which way of a convolution is fastest,
    where it would try all of them for each new size, in the middle of a request."""


NO_OPTIONS: Final = GpuOptions()


class Session:
    """The model on one provider, for one lane: ``run`` is called from one thread at a time."""

    def __init__(self, model: Path, provider: DeviceProvider, threads: int, options: GpuOptions = NO_OPTIONS) -> None:
        """Opens a model file with that many threads within a run (CPU providers).

        Raises:
            StartError: the file or the provider is missing, or the file is not of the promised form.
        """
        if not model.is_file():
            raise StartError(f"There is no model file at {model}. Name one with --model or JPPNET_MODEL.")
        if options.cuda_graph and provider != "cuda":
            raise StartError(
                f"JPPNET_CUDA_GRAPH is set, but the provider is “{provider}”: only “cuda” has CUDA graphs. Unset it, "
                "or set JPPNET_PROVIDER=cuda."
            )
        self.provider = provider
        self._buffers: dict[int, Buffers] = {}
        self.file = OpenedFile.of(suited_file(model, provider))
        """The file that is open: the named one, or the one beside it in the precision that suits."""
        self._session = open_runtime(self.file.path, provider, threads, options)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.input_height, self.input_width = _input_size(self._session, model)
        self._outputs = _output_names(self._session, model)

    def run(self, images: Sequence[Image]) -> list[Prediction]:
        """Answers for fitted photos (H, W, 3), in their order, from one run over their batch.

        The batch is padded to the next bucket, so that the provider meets few shapes and has met them all before.
        """
        began = time.perf_counter()
        outputs = self._run(images)
        seconds = time.perf_counter() - began
        return [
            Prediction.of(
                **{name: output[index] for name, output in zip(self._outputs, outputs, strict=True)},
                run_seconds=seconds,
            )
            for index in range(len(images))
        ]

    def twin(self) -> Self:
        """The same open model for another lane: weights are shared, buffers are not."""
        other = copy(self)
        other._buffers = {}
        return other

    def _run(self, images: Sequence[Image]) -> Sequence[npt.NDArray[Any]]:
        size = bucket(len(images))
        if self.provider in _BUFFERED:
            if size not in self._buffers:
                self._buffers[size] = Buffers(self._session, _BUFFERED[self.provider], size)
            return self._buffers[size].run(images, self._outputs)
        batch = np.zeros((size, self.input_height, self.input_width, 3), np.uint8)
        np.stack(images, out=batch[: len(images)])
        outputs: Sequence[npt.NDArray[Any]] = self._session.run(self._outputs, {"image": batch})
        return outputs


def bucket(count: int) -> int:
    """The batch size in use for that many photos: the next power of two."""
    return 1 << (count - 1).bit_length()


def open_session(model: Path, provider: ProviderName, threads: int, options: GpuOptions = NO_OPTIONS) -> Session:
    """Opens the model on the provider asked for, or for ``auto`` on the best that works here.

    Raises:
        StartError: the file cannot be served, or the provider asked for is missing.
    """
    if provider != "auto":
        return Session(model, provider, threads, options)
    available = onnx_runtime().get_available_providers()
    for choice in _AUTO_ORDER:
        if _PROVIDERS[choice][0] not in available:
            continue
        try:
            session = Session(model, choice, threads, options)
        except ProviderError as error:
            log.warning("provider auto passes over %s, which is installed but does not work: %s", choice, error)
        else:
            log.info("provider auto chose %s (installed: %s)", choice, ", ".join(available))
            return session
    raise StartError(f"None of {', '.join(_AUTO_ORDER)} works here (installed: {', '.join(available)}).")


def suited_file(model: Path, provider: DeviceProvider) -> Path:
    """The file to open in place of a model's: the same model in the precision that suits the provider, if there is one
    beside it."""
    file = _preferred(model, provider)
    if file == model or _are_one_model(file, model, (file.stat().st_mtime_ns, model.stat().st_mtime_ns)):
        return file
    return model


def _preferred(model: Path, provider: DeviceProvider) -> Path:
    """The file to open: the one beside the model's in the precision that suits the provider, if there is one."""
    suited = model.with_suffix(f".{_PRECISION[provider]}.onnx")
    return suited if suited.is_file() else model


@lru_cache(maxsize=16)
def _are_one_model(suited: Path, model: Path, changed: tuple[int, int]) -> bool:
    """Whether a file is the named model in another precision: by its card, for names of files are soon given twice.

    Looked up, and logged where it is not, once for all lanes, as long as the times are the same at which the files
    were ``changed``.
    """
    other, named = _read_identity(suited), _read_identity(model)
    if named is not None and other == named:
        return True
    log.warning(
        "%s is served as it is: %s beside it is another model (%s in place of %s). Name its file after its model.",
        model.name, suited.name, other or "without a card", named or "none",
    )  # fmt: skip
    return False


class _Identity(NamedTuple):
    """What files of one model have in common, whatever their precision."""

    name: str
    version: str
    labels: tuple[str, ...]
    joints: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}, {len(self.labels)} labels, {len(self.joints)} joints"


def _read_identity(model: Path) -> _Identity | None:
    """By its card; None of a file that has none, or cannot be read."""
    ort = onnx_runtime()
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL  # it is only looked into
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        card = json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
        labels = tuple(label["name"] for label in card.get("labels", ()))
        return _Identity(card["name"], card["version"], labels, tuple(card.get("joints", ())))
    except Exception:  # whatever is wrong with the named file is said when it is opened to run
        return None


def _provider_options(provider: DeviceProvider, options: GpuOptions) -> dict[str, str]:
    """The options of a provider, by ONNX Runtime's names."""
    if provider == "openvino":  # as lanes of one thread on a CPU: it takes this many runs side by side
        cores = str(usable_cores())
        return {"device_type": "CPU", "num_streams": cores, "num_of_threads": cores}
    if provider == "cuda" and options.cuda_graph:
        return {"enable_cuda_graph": "1"}
    if provider == "cuda" and options.sizes_vary:
        return {"cudnn_conv_algo_search": "HEURISTIC"}
    if provider == "tensorrt" and options.tensorrt_cache:
        folder = str(options.tensorrt_cache)
        return {
            "trt_engine_cache_enable": "1", "trt_engine_cache_path": folder,
            "trt_timing_cache_enable": "1", "trt_timing_cache_path": folder,
        }  # fmt: skip
    return {}


def open_runtime(model: Path, provider: DeviceProvider, threads: int, options: GpuOptions = NO_OPTIONS) -> Any:
    """ONNX Runtime's session of a file, with that many threads within a run (CPU providers).

    Raises:
        StartError: the provider is missing, or the file cannot be opened on it.
    """
    ort = onnx_runtime()
    session_options = ort.SessionOptions()
    session_options.intra_op_num_threads = threads
    session_options.inter_op_num_threads = 1
    # Threads that wait by spinning would take the cores from decoding and encoding.
    session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session_options.log_severity_level = 3
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
        providers = [(name, _provider_options(provider, options))]
        if provider == "tensorrt":  # for what it cannot do itself
            providers.append((_PROVIDERS["cuda"][0], {}))
        session = ort.InferenceSession(model, session_options, providers=providers)
    except Exception as error:
        unsuited = _unsuited(provider)
        if unsuited:
            raise ProviderError(f"{model} cannot be opened on provider “{provider}”. {unsuited}") from error
        raise StartError(f"{model} cannot be opened on provider “{provider}”: {error}") from error
    session.disable_fallback()
    if session.get_providers()[0] != name:
        remedy = _unsuited(provider) or f"To use it, {remedy}."
        raise ProviderError(
            f"Provider “{provider}” was asked for, but ONNX Runtime could not start it and took "
            f"{session.get_providers()[0]} instead, which would be far slower. {remedy}"
        )
    return session


def _unsuited(provider: DeviceProvider) -> str | None:
    """Why the GPU or its driver is not what ONNX Runtime was built for, of providers that run on CUDA."""
    return complaint(built_for()) if provider in _BUFFERED else None


def _input_size(session: Any, model: Path) -> tuple[int, int]:
    """Height and width of the model's input, once its name and type are as the document says."""
    image = {tensor.name: tensor for tensor in session.get_inputs()}.get("image")
    if (
        image is None
        or image.type != "tensor(uint8)"
        or len(image.shape) != 4
        or image.shape[3] != 3
        or not all(isinstance(side, int) for side in image.shape[1:3])
    ):
        raise _no_model(model)
    return image.shape[1], image.shape[2]


def _output_names(session: Any, model: Path) -> tuple[str, ...]:
    """What the model gives, once names and types are as the document says."""
    outputs = {tensor.name: tensor.type for tensor in session.get_outputs() if tensor.name in OUTPUTS}
    for names in OUTPUT_SETS:
        if outputs == {name: OUTPUTS[name] for name in names}:
            return names
    raise _no_model(model)


def _no_model(model: Path) -> StartError:
    return StartError(
        f"{model} is no jppnet model: it must take uint8 “image” (N, H, W, 3) with fixed H and W, and give uint8 "
        "“labels” and uint8 “confidence”, or float “keypoints”, or all three."
    )
