"""Request bodies that come compressed (RFC 9110, Content-Encoding)."""

import zlib
from typing import Final

from service.api.problems.errors import InvalidEncodingError, UnsupportedEncodingError

GZIP: Final = frozenset({"gzip", "x-gzip"})
MAX_MEMBERS: Final = 1000
"""Parts of a gzip body, each with a head of its own; more only cost time."""


class Gunzip:
    """Decompresses a gzip body chunk by chunk, and never to more than it is asked for."""

    def __init__(self) -> None:
        self._members = 1
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._is_begun = False

    def write(self, chunk: bytes, most: int) -> bytes:
        """The next bytes of the body, ``most`` of them: if there are as many, the rest of the chunk is lost.

        Raises:
            InvalidEncodingError: it is no gzip.
        """
        content = bytearray()
        while chunk and len(content) < most:
            if self._member.eof:
                self._members += 1
                if self._members > MAX_MEMBERS:
                    raise InvalidEncodingError(f"The gzip body has more than {MAX_MEMBERS} parts. Compress it at once.")
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            self._is_begun = True
            try:
                content += self._member.decompress(chunk, most - len(content))
            except zlib.error as error:
                raise InvalidEncodingError(
                    f"The body is not the gzip that its header Content-Encoding promises: {error}."
                ) from None
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return bytes(content)

    def end(self) -> None:
        """Raises:
        InvalidEncodingError: the body ended too early.
        """
        if self._is_begun and not self._member.eof:
            raise InvalidEncodingError("The gzip body is cut off. Send it anew.")


def decompressor(content_encoding: str | None) -> Gunzip | None:
    """What undoes the encoding that a header Content-Encoding names; None if there is none.

    Raises:
        UnsupportedEncodingError: it is another than gzip.
    """
    names = [
        name for part in (content_encoding or "").split(",") if (name := part.strip().lower()) not in ("", "identity")
    ]
    if not names:
        return None
    if len(names) == 1 and names[0] in GZIP:
        return Gunzip()
    raise UnsupportedEncodingError(
        f"The body's Content-Encoding is {', '.join(names)}. Send it as it is, or compressed with gzip."
    )
