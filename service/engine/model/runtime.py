"""ONNX Runtime, imported when it is first needed: commands that ask a service elsewhere do without it."""

from functools import cache
from typing import Any, Final

from service.engine.errors import StartError


def pip_install(extra: str) -> str:
    """How an extra of this package is installed, within a sentence."""
    return f"in a clone of the repository, pip install '.[{extra}]'"


HOW_TO_INSTALL: Final = (
    f"It comes with an extra of this package: {pip_install('cpu')}, or '.[gpu]' for NVIDIA's GPUs, or '.[openvino]'. "
    "Exactly one of them: they overwrite each other. Without it, --server has a service answer."
)


@cache
def onnx_runtime() -> Any:
    """The module ``onnxruntime``.

    Raises:
        StartError: it is not installed, or cannot be loaded.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise StartError(f"ONNX Runtime cannot be loaded: {error}.") from error
        raise StartError(f"ONNX Runtime, which runs the model, is not installed. {HOW_TO_INSTALL}") from None
    except ImportError as error:
        raise StartError(f"ONNX Runtime is installed but cannot be loaded: {error}.") from error
    if not hasattr(onnxruntime, "InferenceSession"):  # what is left when one of two distributions was uninstalled
        raise StartError(f"ONNX Runtime's installation is damaged: uninstall all kinds of it first. {HOW_TO_INSTALL}")
    return onnxruntime
