"""How a problem's sentence quotes what a client sent."""

from typing import Final

LONGEST: Final = 64
"""Characters of a quotation. More would not help to find it, and answers would be as long as requests."""


def quoted(text: object) -> str:
    """A text in quotes, cut off where it is long."""
    said = str(text)
    return f"“{said}”" if len(said) <= LONGEST else f"“{said[:LONGEST]}…”"
