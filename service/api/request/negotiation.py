"""Content negotiation: the media type that a client prefers among those on offer (RFC 9110, Accept)."""

from collections.abc import Sequence

from service.api.problems.errors import NotAcceptableError
from service.api.problems.quoting import quoted


def negotiate(accept: str | None, offers: Sequence[str]) -> str:
    """The offer that an ``Accept`` header ranks highest; among equals the first offer, which is the default.

    Raises:
        NotAcceptableError: the header excludes all offers.
    """
    best = preferred(accept, offers)
    if not _quality(best, _ranges(accept)):
        wished = quoted(accept)
        raise NotAcceptableError(f"The header Accept asks for {wished}; what can be given is {' or '.join(offers)}.")
    return best


def preferred(accept: str | None, offers: Sequence[str]) -> str:
    """The offer that ranks highest even if the header excludes them all, as is right where a client named a format."""
    ranges = _ranges(accept)
    return max(offers, key=lambda offer: _quality(offer, ranges))


def _ranges(accept: str | None) -> list[tuple[str, float]]:
    return [_parse(item) for item in (accept or "*/*").split(",") if item.strip()]


def _parse(item: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in item.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, float(value)
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality of the most specific range that covers an offer; 0 if none does."""
    qualities = dict(ranges)
    for media_range in (offer, offer.partition("/")[0] + "/*", "*/*"):
        if media_range in qualities:
            return qualities[media_range]
    return 0.0
