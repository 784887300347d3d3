"""Splits by a hash of the samples' names: a sample stays in its split, whatever others there are."""

import hashlib


def hash_share(name: str) -> float:
    """A number in 0–1 that belongs to a name: the first 32 bits of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
