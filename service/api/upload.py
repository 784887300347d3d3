"""Takes the photo out of a request: a raw body, a field of a multipart form, or JSON. Never larger than allowed."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from service.api.json_body import json_size, photo_in_json
from service.api.problems import MissingPhotoError, MultipartError, UploadTooLargeError

FIELDS: Final = ("image", "file")
FORM_OVERHEAD: Final = 64 * 1024
"""Bytes that a form may have beside the photo."""


async def read_photo(request: Request, max_bytes: int) -> bytes:
    """The photo's bytes. A body that is neither a multipart form nor JSON is the photo, whatever type it claims.

    Raises:
        UploadTooLargeError, MultipartError, InvalidJsonError, InvalidBase64Error, MissingPhotoError: see there.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"application/json":
        overhead = json_size(max_bytes) - max_bytes
        body = b"".join([chunk async for chunk in _limited(request, max_bytes, overhead)])
        return await run_in_threadpool(photo_in_json, body, max_bytes)
    if kind != b"multipart/form-data":
        return b"".join([chunk async for chunk in _limited(request, max_bytes)])
    boundary = options.get(b"boundary")
    if not boundary:
        raise MultipartError("The header Content-Type says multipart/form-data, but names no boundary.")
    form = PhotoForm(boundary)
    try:
        async for chunk in _limited(request, max_bytes, FORM_OVERHEAD):
            form.write(chunk)
        return form.photo()
    except FormParserError as error:
        raise MultipartError(f"The multipart form cannot be read: {error}.") from error


async def _limited(request: Request, max_bytes: int, overhead: int = 0) -> AsyncIterator[bytes]:
    """The body's chunks, as long as they are not too many; what Content-Length gives away is not even read."""
    too_large = UploadTooLargeError.of(max_bytes)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes + overhead:
        raise too_large
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > max_bytes + overhead:
            raise too_large
        if announced == str(received):
            request.state.body_is_read = True
        yield chunk
    request.state.body_is_read = True


class PhotoForm:
    """A multipart form of which only the photo is kept, in memory."""

    def __init__(self, boundary: bytes) -> None:
        self._photos: list[bytearray] = []
        self._field: bytearray | None = None
        self._header = b""
        self._value = b""
        self._name = b""
        self._ended = False
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
        """Takes the next bytes of the form."""
        self._parser.write(chunk)

    def photo(self) -> bytes:
        """The photo, once the whole form is written."""
        if not self._ended:
            raise MultipartError("The multipart form is cut off: its last boundary is missing. Send it anew.")
        if len(self._photos) != 1:
            raise MissingPhotoError(
                f"The form has {len(self._photos) or 'no'} fields “image” or “file”. Send exactly one, with the photo."
            )
        return bytes(self._photos[0])

    def _begin_part(self) -> None:
        self._name, self._field = b"", None

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._name = parse_options_header(self._value)[1].get(b"name", b"")
        self._header = self._value = b""

    def _begin_data(self) -> None:
        if self._name.decode("latin-1") in FIELDS:
            self._field = bytearray()
            self._photos.append(self._field)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self._field += data[start:end]

    def _end(self) -> None:
        self._ended = True
