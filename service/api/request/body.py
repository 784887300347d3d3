"""Reads a request's body within the limit of its size: the photo itself, or a form or JSON with photo and options."""

import asyncio
from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Final, NamedTuple

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool

from service.api.problems.errors import (
    MultipartError,
    SlowUploadError,
    UploadsFullError,
    UploadTooLargeError,
)
from service.api.request.base64_photo import decode_photo, is_photo_text
from service.api.request.content_encoding import decompressor
from service.api.request.form_body import FORM_OVERHEAD, URLENCODED, MultipartForm, read_urlencoded
from service.api.request.json_body import json_size, read_json
from service.api.request.option_places import Place, Texts
from service.api.request.upload_budget import Upload, UploadBudget

FORM: Final = b"multipart/form-data"
URLENCODED_FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"
ESCAPED: Final = 1.1
"""How much longer base64 gets in a URL-encoded form, at most: one character of 32 becomes three."""


class Body(NamedTuple):
    """A request's body, understood."""

    photo: bytes
    """The photo's file."""
    options: Texts = MappingProxyType({})
    """The options that came with it, by name."""
    place: Place = "form"
    """Where they stood."""


def may_have_options(request: Request) -> bool:
    """Whether the body may name options, going by its type."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    return kind in (FORM, URLENCODED_FORM, JSON)


class UploadReader:
    """Reads photos from requests, within the limits of each upload and of all uploads together."""

    def __init__(self, max_bytes: int, seconds: float, budget: UploadBudget) -> None:
        """Takes photos of at most ``max_bytes``, and ``seconds`` for the body of each."""
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._budget = budget
        # Decoding takes several times the body's memory, and does not run side by side anyway.
        self._decoding_text = asyncio.Lock()

    async def read(self, request: Request, upload: Upload) -> Body:
        """The photo's bytes, counted for ``upload``, and the options beside it.

        A body that is neither a form nor JSON is the photo, whatever type it claims, or the photo's text: programs give
        wrong types, and no picture begins as a text, a form or JSON does.

        Raises:
            UploadTooLargeError, MultipartError, InvalidJsonError, InvalidBase64Error, MissingPhotoError,
            SlowUploadError, UploadsFullError, UnsupportedEncodingError, InvalidEncodingError, RequestValidationError:
                see there.
        """
        kind, header = parse_options_header(request.headers.get("content-type"))
        try:
            async with asyncio.timeout(self._seconds) as upload.timer:
                match kind:
                    case b"multipart/form-data":
                        body = await self._read_form(request, upload, header.get(b"boundary", b""))
                    case b"application/json":
                        content = await self._read_whole(request, upload, json_size(self._max_bytes))
                        body = Body(content, place="JSON")
                    case b"application/x-www-form-urlencoded":
                        most = int(json_size(self._max_bytes) * ESCAPED)
                        body = Body(await self._read_whole(request, upload, most))
                    case _:
                        body = Body(await self._read_whole(request, upload, self._max_bytes))
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
        body = await self._understand(kind, body)
        self._budget.settle(upload, len(body.photo))
        return body

    async def _understand(self, kind: bytes, body: Body) -> Body:
        """Takes the photo out of the text that a body is."""
        content = body.photo
        if kind == JSON or (kind != FORM and content.startswith(b"{")):
            async with self._decoding_text:
                photo, options = await run_in_threadpool(read_json, content, self._max_bytes)
            return Body(photo, options, "JSON")
        is_text = is_photo_text(content)
        if kind == URLENCODED_FORM and URLENCODED.match(content):
            content, options = read_urlencoded(content)
            body, is_text = Body(content, options, "form"), bool(content)
        if is_text:
            async with self._decoding_text:
                body = body._replace(photo=await run_in_threadpool(decode_photo, content))
        if len(body.photo) > self._max_bytes:
            raise UploadTooLargeError.of(self._max_bytes)
        return body

    async def _read_whole(self, request: Request, upload: Upload, most: int) -> bytes:
        body = bytearray()
        async for chunk in self._limited(request, upload, most):
            body += chunk
        return bytes(body)

    async def _read_form(self, request: Request, upload: Upload, boundary: bytes) -> Body:
        if not boundary:
            raise MultipartError("The header Content-Type says multipart/form-data, but names no boundary.")
        try:
            form = MultipartForm(boundary, self._max_bytes)
            async for chunk in self._limited(request, upload, json_size(self._max_bytes) + FORM_OVERHEAD):
                form.write(chunk)
        except FormParserError as error:
            raise MultipartError(f"The multipart form cannot be read: {error}.") from error
        return Body(form.photo(), form.options(), "form")

    async def _limited(self, request: Request, upload: Upload, most: int) -> AsyncIterator[bytes]:
        """The body's chunks, decompressed, up to the limit; a body whose Content-Length exceeds it is not read."""
        gunzip = decompressor(request.headers.get("content-encoding"))
        announced = _announced(request)
        if announced is not None:
            if announced > most:
                raise UploadTooLargeError.of(self._max_bytes)
            self._budget.grow(upload, announced)
        size = 0
        async for chunk in request.stream():
            upload.received += len(chunk)
            if announced == upload.received:
                request.state.body_is_read = True
            if gunzip is not None:
                chunk = await run_in_threadpool(gunzip.write, chunk, most - size + 1)
            size += len(chunk)
            if size > most:
                raise UploadTooLargeError.of(self._max_bytes)
            self._budget.grow(upload, size)
            yield chunk
        request.state.body_is_read = True
        if gunzip is not None:
            gunzip.end()


def _announced(request: Request) -> int | None:
    """The value of Content-Length, None without one. Of a number with very many digits, the first 20 are enough."""
    digits = request.headers.get("content-length", "").lstrip("0") or "0"
    if "content-length" not in request.headers or not digits.isdecimal():
        return None
    return int(digits[:20])
