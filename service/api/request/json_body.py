"""A photo inside JSON: base64, with or without the head of a ``data:`` URL."""

import binascii
from base64 import b64decode
from string import whitespace
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from service.api.problems.errors import InvalidBase64Error, InvalidJsonError, MissingPhotoError, UploadTooLargeError

OVERHEAD: Final = 64 * 1024
"""Bytes that the JSON may have beside the photo."""
WINDOW: Final = 1 << 18
"""Characters that are worked on at once: about a millisecond, in which no other thread of the service runs."""
EXAMPLE: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4AWNqAAAAhgCDMo8PBgAAAABJRU5ErkJggg=="
"""A PNG of one grey pixel: small enough for the documentation, and a photo that the service answers."""


class JsonPhoto(BaseModel):
    """A photo as JSON."""

    image: str = Field(
        description="the photo in base64, or as a data: URL. Addresses are not fetched",
        examples=[EXAMPLE, f"data:image/png;base64,{EXAMPLE}"],
    )


def json_size(max_bytes: int) -> int:
    """Most bytes that JSON with a photo of ``max_bytes`` can have: base64 makes four of three."""
    return (max_bytes + 2) // 3 * 4 + OVERHEAD


def photo_in_json(body: bytes, max_bytes: int) -> bytes:
    """The photo in ``{"image": "…"}``.

    Raises:
        InvalidJsonError, MissingPhotoError, InvalidBase64Error, UploadTooLargeError: see there.
    """
    if _count_values(body) > OVERHEAD:  # each value takes many times its bytes when parsed
        raise InvalidJsonError(
            "The body is not the JSON that its header promises: there is too much beside the photo. Send "
            '{"image": "…"} and nothing else.'
        )
    try:
        text = JsonPhoto.model_validate_json(body).image
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise InvalidJsonError(f"The body is not the JSON that its header promises: {_reason(error)}.") from None
        raise MissingPhotoError(
            'The JSON has no photo. Send {"image": "…"} with the photo in base64, or as a data: URL.'
        ) from None
    photo = _decode(text)
    if len(photo) > max_bytes:
        raise UploadTooLargeError.of(max_bytes)
    return photo


def _count_values(body: bytes) -> int:
    """The characters that come with each value of JSON, or more: those in texts count, too."""
    return sum(
        body.count(character, start, start + WINDOW)
        for start in range(0, len(body), WINDOW)
        for character in (b",", b":", b"[", b"{")
    )


def _reason(error: ValidationError) -> str:
    return str(error.errors()[0]["ctx"]["error"])


def _decode(text: str) -> bytes:
    head, comma, data = text.partition(",")
    if not comma:
        head, data = "", text
    if ":" in head + data[:10] and not (head.lower().startswith("data:") and head.lower().endswith(";base64")):
        raise InvalidBase64Error(
            "The photo's text is an address. Addresses are not fetched; send the photo itself in base64, or as a "
            "URL that begins with data: and has ;base64 before its comma."
        )
    try:
        return _decode_base64(data)
    except (binascii.Error, ValueError) as error:
        raise InvalidBase64Error(f"The photo's text is no base64: {error}.") from None


def _decode_base64(text: str) -> bytes:
    """Decodes base64 with blanks and line breaks in it, which command-line tools put there.

    Raises:
        ValueError: it is none.
    """
    end = text.find("=")
    if end < 0:
        end = len(text)
    photo, rest = bytearray(), b""
    for start in range(0, end, WINDOW):
        rest += _without_blanks(text[start : min(start + WINDOW, end)])
        whole = max(0, len(rest) - 1) // 4 * 4  # the last four stay with the padding
        photo += b64decode(rest[:whole], validate=True)
        rest = rest[whole:]
    photo += b64decode(rest + _without_blanks(text[end:]), validate=True)
    return bytes(photo)


def _without_blanks(text: str) -> bytes:
    return text.encode("ascii").translate(None, whitespace.encode())
