"""Warnings of PyTorch's ONNX exporter that say nothing to who exports."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LOGGER: Final = "torch.onnx._internal.exporter._registration"
"""It warns of each operator of torchvision that it cannot translate where torchvision, which no network here uses, is
not installed."""


@contextmanager
def without_exporter_warnings() -> Iterator[None]:
    """Within it, that logger is silent but for errors, and so is PyTorch's copying of its own deprecated classes."""
    logger = logging.getLogger(LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="copyreg")
            yield
    finally:
        logger.setLevel(level)
