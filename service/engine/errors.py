"""Errors of the engine. Each message is a sentence for the person who reads it."""

from typing import Final


class StartError(RuntimeError):
    """The service cannot start: the model file or the provider is not what was asked for."""


class ProviderError(StartError):
    """The provider is not in this installation, or finds no device."""


class OverloadError(RuntimeError):
    """As many photos are under way as may be; ``retry_after`` is the wait in seconds that should suffice."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"The service is busy. Try again in {retry_after} s.")
        self.retry_after = retry_after


class DeadlineError(TimeoutError):
    """The photo's time was up before its turn came; it was not run. ``retry_after`` is the wait that should suffice."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SlowDecodingError(RuntimeError):
    """Decoding takes longer than an ordinary photo does: it is to be begun anew where it keeps no others waiting."""


class ReplacementError(RuntimeError):
    """The model cannot be replaced now: another replacement is under way."""


class InferenceError(RuntimeError):
    """The model failed on this photo, yet still answers its golden sample: the device is well."""


class DeviceError(RuntimeError):
    """The device no longer answers the golden sample; this process must be replaced."""


class OutOfMemoryError(RuntimeError):
    """There is too little memory for this photo, at this moment at least."""

    retry_after: Final = 1
    """Seconds."""


class ClosedError(RuntimeError):
    """The engine is shutting down and takes no more photos."""

    retry_after: Final = 1
    """Seconds, in which another instance may have taken over."""
