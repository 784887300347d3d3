"""Either Python client, so that one test holds for both."""

from collections.abc import Callable
from typing import Any

import anyio

import jppnet

Ask = Callable[..., Any]
"""Makes a call: the service's address, the call's name, its arguments; the client's own options as ``client=``."""


def ask_blocking(url: str, call: str, *arguments: Any, client: dict[str, Any] | None = None, **options: Any) -> Any:
    """By :class:`jppnet.Client`."""
    with jppnet.Client(url, **client or {}) as it:
        return getattr(it, call)(*arguments, **options)


def ask_awaited(url: str, call: str, *arguments: Any, client: dict[str, Any] | None = None, **options: Any) -> Any:
    """By :class:`jppnet.AsyncClient`."""

    async def run() -> Any:
        async with jppnet.AsyncClient(url, **client or {}) as it:
            return await getattr(it, call)(*arguments, **options)

    return anyio.run(run)
