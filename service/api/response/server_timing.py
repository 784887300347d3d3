"""The header ``Server-Timing``."""

from service.engine.photo.timings import STAGES, Timings


def server_timing(timings: Timings) -> str:
    """Where a photo's time went, in milliseconds, as the header gives it."""
    return ", ".join(f"{stage};dur={1000 * getattr(timings, stage):.2f}" for stage in STAGES)
