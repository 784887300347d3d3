"""API keys: who may ask."""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from service.api.problems import UnauthorizedError

BEARER: Final = HTTPBearer(auto_error=False, description="an API key of this service")
HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, description="an API key of this service")


def key_guard(keys: Sequence[SecretStr]) -> list[Any]:
    """The dependencies of calls that need one of these keys; none if there are no keys."""
    if not keys:
        return []
    known = [_digest(key.get_secret_value().encode()) for key in keys]

    async def check(
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
        key: Annotated[str | None, Security(HEADER)],
    ) -> None:
        sent = bearer.credentials if bearer else key
        if sent is None:
            raise UnauthorizedError("This call needs an API key: send it as Authorization: Bearer …, or as X-API-Key.")
        if not _is_among(_digest(sent.encode("latin-1")), known):
            raise UnauthorizedError("The API key is not one of this service's. Check that it is whole and still valid.")

    return [Depends(check)]


def _digest(key: bytes) -> bytes:
    """Keys are compared by their hashes, so that not even a key's length shows in the time that takes."""
    return sha256(key).digest()


def _is_among(digest: bytes, known: Sequence[bytes]) -> bool:
    """Compares with every key, whichever fits, so that the time says nothing."""
    return sum(compare_digest(digest, other) for other in known) > 0
