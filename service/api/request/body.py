"""Reads the photo of a request: a raw body, a field of a multipart form, or JSON, within the limit of its size."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from service.api.problems.errors import (
    MissingPhotoError,
    MultipartError,
    SlowUploadError,
    UploadsFullError,
    UploadTooLargeError,
)
from service.api.request.json_body import json_size, photo_in_json
from service.api.request.upload_budget import Upload, UploadBudget

FIELDS: Final = ("image", "file")
FORM_OVERHEAD: Final = 64 * 1024
"""Bytes that a form may have beside the photo."""
MAX_PARTS: Final = 64
"""Parts of a form; the parser takes a while for each."""


class UploadReader:
    """Reads photos from requests, within the limits of each upload and of all uploads together."""

    def __init__(self, max_bytes: int, seconds: float, budget: UploadBudget) -> None:
        """Takes photos of at most ``max_bytes``, and ``seconds`` for the body of each."""
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._budget = budget
        # Decoding takes several times the body's memory, and does not run side by side anyway.
        self._decoding_json = asyncio.Lock()

    async def read(self, request: Request, upload: Upload) -> bytes:
        """The photo's bytes, counted for ``upload``. A body that is neither a multipart form nor JSON is the photo,
        whatever type it claims.

        Raises:
            UploadTooLargeError, MultipartError, InvalidJsonError, InvalidBase64Error, MissingPhotoError,
            SlowUploadError, UploadsFullError: see there.
        """
        kind, options = parse_options_header(request.headers.get("content-type"))
        try:
            async with asyncio.timeout(self._seconds) as upload.timer:
                match kind:
                    case b"multipart/form-data":
                        photo = await self._read_form(request, upload, options.get(b"boundary", b""))
                    case b"application/json":
                        photo = await self._read_whole(request, upload, json_size(self._max_bytes) - self._max_bytes)
                    case _:
                        photo = await self._read_whole(request, upload)
        except TimeoutError:
            if upload.is_evicted:
                raise UploadsFullError(
                    "The upload was too slow, and other requests needed its memory. Try again in 1 s, with a smaller "
                    "photo or over a faster connection."
                ) from None
            raise SlowUploadError(
                f"The upload did not arrive within {self._seconds:g} s. Send a smaller photo, or over a faster "
                "connection."
            ) from None
        if kind == b"application/json":
            async with self._decoding_json:
                photo = await run_in_threadpool(photo_in_json, photo, self._max_bytes)
        self._budget.settle(upload, len(photo))
        return photo

    async def _read_whole(self, request: Request, upload: Upload, overhead: int = 0) -> bytes:
        body = bytearray()
        async for chunk in self._limited(request, upload, overhead):
            body += chunk
        return bytes(body)

    async def _read_form(self, request: Request, upload: Upload, boundary: bytes) -> bytes:
        if not boundary:
            raise MultipartError("The header Content-Type says multipart/form-data, but names no boundary.")
        try:
            form = PhotoForm(boundary)
            async for chunk in self._limited(request, upload, FORM_OVERHEAD):
                form.write(chunk)
        except FormParserError as error:
            raise MultipartError(f"The multipart form cannot be read: {error}.") from error
        return form.photo()

    async def _limited(self, request: Request, upload: Upload, overhead: int) -> AsyncIterator[bytes]:
        """The body's chunks, up to the limit; a body whose Content-Length exceeds it is not read at all."""
        most = self._max_bytes + overhead
        announced = _announced(request)
        if announced is not None:
            if announced > most:
                raise UploadTooLargeError.of(self._max_bytes)
            self._budget.grow(upload, announced)
        async for chunk in request.stream():
            upload.received += len(chunk)
            if upload.received > most:
                raise UploadTooLargeError.of(self._max_bytes)
            self._budget.grow(upload, upload.received)
            if announced == upload.received:
                request.state.body_is_read = True
            yield chunk
        request.state.body_is_read = True


def _announced(request: Request) -> int | None:
    """The value of Content-Length, None without one. Of a number with very many digits, the first 20 are enough."""
    digits = request.headers.get("content-length", "").lstrip("0") or "0"
    if "content-length" not in request.headers or not digits.isdecimal():
        return None
    return int(digits[:20])


class PhotoForm:
    """A multipart form of which only the photo is kept, in memory."""

    def __init__(self, boundary: bytes) -> None:
        self._photos: list[bytearray] = []
        self._field: bytearray | None = None
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
            FormParserError, MultipartError: it is none, or has too many parts.
        """
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
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise MultipartError(f"The multipart form has more than {MAX_PARTS} parts. Send the photo alone.")

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
