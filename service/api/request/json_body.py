"""A photo inside JSON: base64, with or without the head of a ``data:`` URL."""

import binascii
from base64 import b64decode
from string import whitespace
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from service.api.problems.errors import InvalidBase64Error, InvalidJsonError, MissingPhotoError, UploadTooLargeError

OVERHEAD: Final = 64 * 1024
"""Bytes that the JSON may have beside the photo."""
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
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > OVERHEAD:  # each value takes many times its bytes when parsed
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
        # Line breaks are what command-line tools put into base64.
        return b64decode(data.encode("ascii").translate(None, whitespace.encode()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidBase64Error(f"The photo's text is no base64: {error}.") from None
