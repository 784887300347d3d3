"""The header ``Server-Timing``."""

from service.engine.photo.timings import Timings


def server_timing(timings: Timings) -> str:
    """Where a photo's time went, in milliseconds, as the header gives it."""
    return ", ".join(f"{stage};dur={1000 * seconds:.2f}" for stage, seconds in timings.stages())
