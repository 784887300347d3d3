"""A photo as text: base64 in either alphabet, with or without padding, blanks and the head of a ``data:`` URL."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from string import whitespace
from typing import Final
from urllib.parse import unquote_to_bytes

from service.api.problems.errors import InvalidBase64Error

WINDOW: Final = 1 << 18
"""Characters that are worked on at once: about a millisecond, in which no other thread of the service runs."""
LONGEST_HEAD: Final = 256
"""Bytes within which the comma of a ``data:`` URL is."""
TEXT_BEGINNINGS: Final = (
    b"data:",
    b"http:",
    b"https:",
    *(b"/9j/", b"_9j_"),  # JPEG
    b"iVBORw0KGg",  # PNG
    b"UklGR",  # WebP
    b"R0lGOD",  # GIF
    b"AAAA",  # AVIF and HEIC
)
"""How a photo's text begins. No picture's own bytes begin so."""

ESCAPES: Final = ((b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="), (b"%0A", b""), (b"%0D", b""), (b"%20", b" "))
"""What of base64, and of the blanks in it, forms and URLs write as escapes."""
STANDARD: Final = bytes.maketrans(b"-_", b"+/")
STANDARD_WITH_PLUS: Final = bytes.maketrans(b"-_ ", b"+/+")
BLANKS: Final = whitespace.encode()
STRAY: Final = re.compile(rb"[^A-Za-z0-9+/=_%\s-]")
PYTHON_BYTES: Final = re.compile(rb"b['\"]")


def is_photo_text(content: bytes | bytearray) -> bool:
    """Whether a content is a photo's text, and not a picture's own bytes; going by its beginning."""
    beginning = content[:64].lstrip()
    return beginning.startswith(TEXT_BEGINNINGS) or beginning[:5].lower() == b"data:"


def decode_photo(text: bytes) -> bytes:
    """The bytes of a photo's text.

    Blanks at equal distances, which command-line tools put there, and line breaks anywhere are left out; other blanks
    stand for the plus that they were before a form was decoded.

    Raises:
        InvalidBase64Error: it is no base64, or an address.
    """
    text = _with_plain_head(text.strip())
    comma = text.find(b",", 0, LONGEST_HEAD)
    head, begin = text[: max(comma, 0)].lower(), comma + 1
    if b":" in head + text[begin : begin + 10] and not (head.startswith(b"data:") and head.endswith(b";base64")):
        raise InvalidBase64Error(
            "The photo's text is an address. Addresses are not fetched; send the photo itself in base64, or as a "
            "URL that begins with data: and has ;base64 before its comma."
        )
    try:
        return _decode_base64(_standard_pieces(text, begin))
    except (binascii.Error, ValueError) as error:
        raise InvalidBase64Error(f"The photo's text is no base64: {_reason(text[begin:]) or error}.") from None


def _reason(text: bytes) -> str:
    """Why a text is no base64; empty where its characters are not to blame."""
    if PYTHON_BYTES.match(text):
        return "it is Python's text of bytes. Take base64.b64encode(…).decode(), and not str(…)"
    windows = (STRAY.search(text, start, start + WINDOW) for start in range(0, len(text), WINDOW))
    stray = next(filter(None, windows), None)
    if stray is None:
        return ""
    character = text[stray.start() : stray.start() + 4].decode(errors="replace")[0]
    return f"character {len(text[: stray.start()].decode()) + 1} is “{character}”, which has no place in it"


def _with_plain_head(text: bytes) -> bytes:
    """The text with the escapes undone where the head of a ``data:`` URL may be."""
    end = text.rfind(b"%", 0, LONGEST_HEAD)
    if end < 0:
        return text
    return unquote_to_bytes(text[: end + 3]) + text[end + 3 :]


def _standard_pieces(text: bytes, begin: int) -> Iterator[bytes]:
    """The text from ``begin`` in the standard alphabet, without blanks and escapes, piece by piece."""
    is_escaped = text.find(b"%", begin) >= 0
    is_plus = _has_lost_plus(text, begin)
    table, dropped = (STANDARD_WITH_PLUS, BLANKS.replace(b" ", b"")) if is_plus else (STANDARD, BLANKS)
    carried = b""
    for start in range(begin, len(text), WINDOW):
        piece = carried + text[start : start + WINDOW]
        carried = b""
        if is_escaped:
            cut = piece.rfind(b"%", -2) if start + WINDOW < len(text) else -1
            if cut >= 0:  # an escape that goes on in the next piece
                piece, carried = piece[:cut], piece[cut:]
            for escape, meaning in ESCAPES:
                piece = piece.replace(escape, meaning).replace(escape.lower(), meaning)
        yield piece.translate(table, dropped)


def _has_lost_plus(text: bytes, begin: int) -> bool:
    """Whether blanks in a text stand for the plus, which decoding a form makes a blank of."""
    space = text.find(b" ", begin)
    if space < 0:
        return False
    blanks = sum(text.count(blank, begin) for blank in (b" ", b"\n", b"\r", b"\t"))
    spaces = text.count(b" ", begin)
    length = len(text) - begin - blanks
    if length % 4 and (length + spaces) % 4 == 0:
        return True
    line = space - begin
    while space >= 0:  # each line is as long as the first, and the last one not longer
        after = space + 1
        while text[after : after + 1].isspace():
            after += 1
        space = text.find(b" ", after)
        if line % 4 or (space - after != line if space >= 0 else len(text) - after > line):
            return True
    return False


def _decode_base64(pieces: Iterator[bytes]) -> bytes:
    """Decodes pieces of base64 whose padding may be missing.

    Raises:
        ValueError: they are none.
    """
    photo, rest, padded = bytearray(), b"", bytearray()
    for piece in pieces:
        if padded:
            padded += piece
            continue
        rest += piece
        end = rest.find(b"=")
        # The last four stay: they may be padded.
        whole = max(0, (len(rest) if end < 0 else end) - 1) // 4 * 4
        photo += b64decode(rest[:whole], validate=True)
        rest = rest[whole:]
        if end >= 0:
            padded += rest
    last = bytes(padded) or rest + b"=" * (-len(rest) % 4)
    photo += b64decode(last, validate=True)
    return bytes(photo)
