"""API keys: which requests may call."""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import SecretStr
from starlette.datastructures import Headers

from service.api.problems.errors import UnauthorizedError

BEARER: Final = HTTPBearer(auto_error=False, description="an API key of this service")
HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, description="an API key of this service")


class ApiKeys:
    """The API keys that are accepted; without any, no key is needed."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._known = [_digest(key.get_secret_value().encode()) for key in keys]

    def accept(self, sent: str | None) -> bool:
        """Whether a request with this key, or with none, may call."""
        return not self._known or (sent is not None and _is_among(_digest(sent.encode("latin-1")), self._known))

    @property
    def are_set(self) -> bool:
        """Whether a call needs a key."""
        return bool(self._known)

    def mark(self, headers: Headers) -> str | None:
        """What tells the key of a request from others in a log: the first 8 digits of its SHA-256, in hexadecimal."""
        sent = sent_key(headers) if self._known else None
        return None if sent is None else _digest(sent.encode("latin-1")).hex()[:8]

    def guard(self) -> list[Any]:
        """The dependencies of calls that need a key; none if no call does."""
        if not self.are_set:
            return []

        async def check(
            bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
            key: Annotated[str | None, Security(HEADER)],
        ) -> None:
            sent = bearer.credentials if bearer else key
            if self.accept(sent):
                return
            if sent is None:
                raise UnauthorizedError(
                    "This call needs an API key: send it as Authorization: Bearer …, or as X-API-Key."
                )
            raise UnauthorizedError("The API key is not one of this service's. Check that it is whole and still valid.")

        return [Depends(check)]


def sent_key(headers: Headers) -> str | None:
    """The key that a request carries, as the guard reads it."""
    scheme, credentials = get_authorization_scheme_param(headers.get("Authorization"))
    return credentials if scheme.lower() == "bearer" else headers.get("X-API-Key")


def _digest(key: bytes) -> bytes:
    """Keys are compared by their hashes, so that not even a key's length shows in the time that takes."""
    return sha256(key).digest()


def _is_among(digest: bytes, known: Sequence[bytes]) -> bool:
    """Compares with every key, whichever fits, so that the time says nothing."""
    return sum(compare_digest(digest, other) for other in known) > 0
