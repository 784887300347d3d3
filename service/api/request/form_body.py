"""A request's body as a form: multipart, or URL-encoded; the photo in one field, options in others."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final
from urllib.parse import unquote_plus

from python_multipart.multipart import MultipartParser, parse_options_header

from service.api.problems.errors import MissingPhotoError, MultipartError, UploadTooLargeError
from service.api.problems.quoting import quoted
from service.api.request.base64_photo import is_photo_text
from service.imaging.photo_file import PHOTO_SUFFIXES

FIELDS: Final = ("image", "file")
FORM_OVERHEAD: Final = 64 * 1024
"""Bytes that a form may have beside the photo."""
NAMED: Final = 3
"""How many of the fields are named that a form has in place of the photo."""
MAX_PARTS: Final = 64
"""Parts of a form; the parser takes a while for each."""
URLENCODED: Final = re.compile(rb"[A-Za-z_]{0,32}[a-z][a-z_]{0,32}=")
"""How a URL-encoded form begins. No picture does."""
PATH: Final = re.compile(rf"[^\0-\x1f]{{1,512}}({'|'.join(map(re.escape, PHOTO_SUFFIXES))})", re.IGNORECASE)
"""The text of a field that should have been the file of that name."""


class MultipartForm:
    """A multipart form, in memory: its photo, and the texts of its other fields.

    A photo that comes as itself may have ``max_bytes``. One in base64 takes a third more, and is measured when it has
    been decoded.
    """

    def __init__(self, boundary: bytes, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._photos: list[bytearray] = []
        self._options: dict[str, list[bytearray]] = {}
        self._field = bytearray()
        self._is_photo = False
        self._beside = 0
        self._header = b""
        self._value = b""
        self._name = b""
        self._ended = False
        self._parts = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_header,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_data,
                "on_part_data": self._add_data,
                "on_end": self._end,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes of the form.

        Raises:
            FormParserError, MultipartError, UploadTooLargeError: it is none, or has too many parts or bytes.
        """
        self._parser.write(chunk)

    def photo(self) -> bytes:
        """The photo's field, once the whole form is written: its own bytes, or a photo's text."""
        if not self._ended:
            raise MultipartError("The multipart form is cut off: its last boundary is missing. Send it anew.")
        return _only_photo([bytes(photo) for photo in self._photos], self._options)

    def options(self) -> dict[str, list[str]]:
        """The texts of the other fields, by name."""
        return {name: [value.decode(errors="replace") for value in values] for name, values in self._options.items()}

    def _begin_part(self) -> None:
        self._name = b""
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise MultipartError(
                f"The multipart form has more than {MAX_PARTS} parts. Send the photo and the call's options alone."
            )

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._name = parse_options_header(self._value)[1].get(b"name", b"")
        self._header = self._value = b""

    def _begin_data(self) -> None:
        name, self._field = self._name.decode(errors="replace"), bytearray()
        self._is_photo = name in FIELDS
        (self._photos if self._is_photo else self._options.setdefault(name, [])).append(self._field)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_photo:
            self._field += data[start:end]
            if len(self._field) > self._max_bytes and not is_photo_text(self._field):
                raise UploadTooLargeError.of(self._max_bytes)
            return
        room = FORM_OVERHEAD - self._beside  # what does not fit is no option, and its name says which
        self._field += data[start : min(end, start + room)]
        self._beside += min(end - start, room)

    def _end(self) -> None:
        self._ended = True


def read_urlencoded(body: bytes) -> tuple[bytes, dict[str, list[str]]]:
    """The photo's text in a URL-encoded form, its escapes as they are, and the texts of the other fields by name.

    Raises:
        MissingPhotoError, MultipartError: there is no photo or more than one, or there are too many fields.
    """
    if body.count(b"&") >= MAX_PARTS:
        raise MultipartError(f"The form has more than {MAX_PARTS} fields. Send the photo and the call's options alone.")
    photos, options = list[bytes](), dict[str, list[str]]()
    for field in filter(None, body.split(b"&")):
        name, _, value = field.partition(b"=")
        if name.decode(errors="replace") in FIELDS:
            photos.append(value.strip())
        else:
            text = unquote_plus(value[:FORM_OVERHEAD].decode(errors="replace"))
            options.setdefault(unquote_plus(name[:FORM_OVERHEAD].decode(errors="replace")), []).append(text)
    return _only_photo(photos, options), options


def others_there(names: Iterable[str]) -> str:
    """The fields that there are in place of the photo's, for the end of a sentence that says that it is missing."""
    named = " and ".join(map(quoted, islice(names, NAMED)))
    return f", but {named}" if named else ""


def _only_photo(photos: list[bytes], others: Iterable[str]) -> bytes:
    if not photos:
        there = others_there(others)
        raise MissingPhotoError(f"The form has no field “image” or “file”{there}. Send the photo as “image”.")
    if len(photos) > 1:
        raise MissingPhotoError(
            f"The form has {len(photos)} fields “image” or “file”. Send exactly one, with the photo."
        )
    (photo,) = photos
    if len(photo) < FORM_OVERHEAD:
        text = photo.decode("latin-1").strip()
        if PATH.fullmatch(text) and not text.startswith(("http:", "https:", "data:")):
            raise MissingPhotoError(
                f"The form has a file's name in place of the photo: “{text[:80]}”. Send the file itself; with curl: "
                "-F image=@photo.jpg, with an @."
            )
    return photo
