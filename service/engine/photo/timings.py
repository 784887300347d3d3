"""Timings of a photo, by stage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

STAGES: Final = ("decode", "detect", "queue", "device", "encode", "total")
"""The names of a photo's times, in the order in which they pass."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that a photo's answer took, by stage."""

    decode: float
    """Decoding, turning upright and fitting to the inputs of model and detector."""
    device: float
    """The run of the model, of whatever batch; the longest of those that the photo's people or boxes needed; and that
    of a closer look as well."""
    encode: float
    """From the model's answer to the client's."""
    total: float
    """From the moment when the photo was there as a whole."""
    detect: float | None = None
    """The runs of the detector, one or two, of whatever batch; None where nobody was looked for."""

    @property
    def queue(self) -> float:
        """The rest: waiting for a thread, for memory and for the device."""
        return max(0.0, self.total - self.decode - (self.detect or 0.0) - self.device - self.encode)

    def stages(self) -> Iterator[tuple[str, float]]:
        """Each stage that the photo passed, and its seconds; the total is the last."""
        for stage in STAGES:
            seconds = getattr(self, stage)
            if seconds is not None:
                yield stage, seconds


@dataclass(frozen=True, slots=True)
class PhotoStats:
    """What a photo's answer took, for metrics and logs."""

    timings: Timings
    runs: int
    """Runs of the model, a second pass among them."""
    people: int | None
    """People whom the detector found and the answer has; None where nobody was looked for."""
