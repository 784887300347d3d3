"""Memory for batches of one size, allocated once and bound to a session, so that a run neither allocates nor is
captured with addresses that change."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from service.engine.model.runtime import onnx_runtime
from service.imaging.decode import Image

TYPES: Final[Mapping[str, type[np.generic]]] = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
GRAPH_ID: Final = "gpu_graph_id"
"""ONNX Runtime's key for which of a session's CUDA graphs a run is; only sessions that capture graphs look at it."""


class Buffers:
    """The input and the outputs of one batch size. Belongs to one lane: a run overwrites what the last one left."""

    def __init__(self, session: Any, device: str, batch: int) -> None:
        """Allocates on a device, ``cpu`` or ``cuda``; the session's tensors have fixed sizes but for the batch."""
        self._session = session
        self._binding = session.io_binding()
        (image,) = session.get_inputs()
        self._batch = np.zeros((batch, *image.shape[1:]), np.uint8)
        self._input = _allocate(device, self._batch.shape, np.uint8)
        self._binding.bind_ortvalue_input(image.name, self._input)
        self._outputs = {}
        for output in session.get_outputs():
            value = _allocate(device, (batch, *output.shape[1:]), TYPES[output.type])
            self._binding.bind_ortvalue_output(output.name, value)
            self._outputs[output.name] = value
        self._options = onnx_runtime().RunOptions()
        self._options.add_run_config_entry(GRAPH_ID, str(batch))

    def run(self, images: Sequence[Image], names: Sequence[str]) -> list[npt.NDArray[Any]]:
        """Runs up to a batch of images (H, W, 3); gives the named outputs, of which rows beyond the images are void."""
        np.stack(images, out=self._batch[: len(images)])
        self._input.update_inplace(self._batch)
        self._session.run_with_iobinding(self._binding, self._options)
        # On the CPU ``numpy`` gives the buffer itself, which the next run overwrites.
        return [self._outputs[name].numpy().copy() for name in names]


def _allocate(device: str, shape: Sequence[int], dtype: type[np.generic]) -> Any:
    return onnx_runtime().OrtValue.ortvalue_from_shape_and_type(list(shape), dtype, device, 0)
