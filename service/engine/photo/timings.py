"""Timings of a photo, by stage."""

from dataclasses import dataclass
from typing import Final

STAGES: Final = ("decode", "queue", "device", "encode", "total")
"""The names of a photo's times, in the order in which they pass."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that a photo's answer took, by stage."""

    decode: float
    """Decoding, turning upright and fitting to the model's input."""
    device: float
    """The run of the model, of whatever batch; the longest of those that the photo's boxes needed; and that of a closer
    look as well."""
    encode: float
    """From the model's answer to the client's."""
    total: float
    """From the moment when the photo was there as a whole."""

    @property
    def queue(self) -> float:
        """The rest: waiting for a thread, for memory and for the device."""
        return max(0.0, self.total - self.decode - self.device - self.encode)
