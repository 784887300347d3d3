"""A request's body as JSON: the photo as text, and options beside it."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.api.problems.errors import InvalidJsonError, MissingPhotoError, UploadTooLargeError
from service.api.request.base64_photo import decode_photo
from service.api.request.form_body import others_there
from service.api.request.option_places import Texts, texts_of_json

OVERHEAD: Final = 64 * 1024
"""Bytes that the JSON may have beside the photo."""
WINDOW: Final = 1 << 18
"""Characters that are counted at once, in which no other thread of the service runs."""
EXAMPLE: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4AWNqAAAAhgCDMo8PBgAAAABJRU5ErkJggg=="
"""A PNG of one grey pixel: small enough for the documentation, and a photo that the service answers."""


def _without_extra(schema: dict[str, Any]) -> None:
    """The other fields are the call's options, and its own part of the document names them."""
    schema.pop("additionalProperties", None)


class JsonPhoto(BaseModel):
    """A photo as JSON."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_without_extra)

    image: str = Field(
        description="the photo in base64, or as a data: URL. Addresses are not fetched",
        examples=[EXAMPLE, f"data:image/png;base64,{EXAMPLE}"],
    )


def json_size(max_bytes: int) -> int:
    """Most bytes that JSON with a photo of ``max_bytes`` can have: base64 makes four of three."""
    return (max_bytes + 2) // 3 * 4 + OVERHEAD


def read_json(body: bytes, max_bytes: int) -> tuple[bytes, Texts]:
    """The photo in ``{"image": "…"}``, and the options beside it.

    Raises:
        InvalidJsonError, MissingPhotoError, InvalidBase64Error, UploadTooLargeError: see there.
    """
    if _count_values(body) > OVERHEAD:  # each value takes many times its bytes when parsed
        raise InvalidJsonError(
            "The body is not the JSON that its header promises: there is too much beside the photo. Send "
            '{"image": "…"} and the call\'s options, nothing else.'
        )
    try:
        sent = JsonPhoto.model_validate_json(body)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise InvalidJsonError(f"The body is not the JSON that its header promises: {_reason(error)}.") from None
        raise MissingPhotoError(
            f'{_missing(error)}. Send {{"image": "…"}} with the photo in base64, or as a data: URL.'
        ) from None
    options = {name: texts_of_json(name, value) for name, value in (sent.model_extra or {}).items()}
    photo = decode_photo(sent.image.encode(errors="surrogatepass"))
    if len(photo) > max_bytes:
        raise UploadTooLargeError.of(max_bytes)
    return photo, options


def _count_values(body: bytes) -> int:
    """The characters that come with each value of JSON, or more: those in texts count, too."""
    return sum(
        body.count(character, start, start + WINDOW)
        for start in range(0, len(body), WINDOW)
        for character in (b",", b":", b"[", b"{")
    )


def _missing(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "missing":
        return f"The JSON has no photo “image”{others_there(first['input'])}"
    return "The JSON's “image” is no text" if first["loc"] else "The JSON is no object, and has no photo"


def _reason(error: ValidationError) -> str:
    return str(error.errors()[0]["ctx"]["error"])
