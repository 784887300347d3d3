"""Conditional requests: entity tags (ETag), and whether a client already has the answer (If-None-Match)."""

import hashlib

from service.version import __version__


def entity_tag(photo: bytes, *key: object) -> str:
    """A weak tag of the answer to a photo, given by its hash, and whatever else the answer depends on.

    Weak, because the same answer may go out compressed or not.
    """
    digest = hashlib.sha256(repr((__version__, *key)).encode())
    digest.update(b"\0")
    digest.update(photo)
    return f'W/"{digest.hexdigest()[:32]}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether the client already has the answer. ``*`` asks for any stored answer, and none are stored here."""
    opaque = tag.removeprefix("W/")
    return any(known.strip().removeprefix("W/") == opaque for known in (if_none_match or "").split(","))
