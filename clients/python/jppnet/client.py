"""The clients: the same calls, blocking and for an event loop."""

import time
from abc import ABC, abstractmethod
from functools import partial
from typing import Any, Final, Generic, Literal, Self, TypeVar
from urllib.request import getproxies

import anyio
import httpx
from anyio.to_thread import run_sync

from jppnet.answers import Analysis, Model, Parsing, Pose
from jppnet.photo import Photo
from jppnet.proxies import is_direct, unusable_proxy
from jppnet.reading import read_bytes, read_json
from jppnet.request import Boxes, Call, Labels, People, Request, photo_request
from jppnet.retry import Outcome, RetryLoop, Send, Wait, retry

MODEL: Final = Request("GET", "model")
HEALTH: Final = Request("GET", "readyz")

FAULTS: Final = (httpx.RequestError, httpx.InvalidURL, UnicodeError, OverflowError)
"""What httpx raises when no answer comes, or none that can be followed or unpacked."""

Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)


def _checked(url: str) -> str:
    if "://" not in url:
        hint = f" Did you mean http://{url}?" if url.strip("/") else ""
        raise ValueError(f"“{url}” is no address of a service: it must begin with http:// or https://.{hint}")
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url} is no address of a service: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.host or (parts.port or 0) > 65535:
        raise ValueError(f"{url} is no address of a service. One begins with http:// or https:// and names a host.")
    return url


def _health(answer: Any) -> str:
    return str(answer["status"])


def as_transport_error(error: Exception) -> httpx.TransportError:
    """An error for want of an answer as the one kind that callers know."""
    if isinstance(error, httpx.TransportError):
        return error
    return httpx.RemoteProtocolError(f"{type(error).__name__}: {error}")


class _Base(ABC, Generic[Http]):
    """Where the service is, and on which terms it is asked."""

    def __init__(
        self,
        url: str = "http://localhost:8000",
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int = 2,
    ) -> None:
        """A client of the service at ``url``; nothing is sent before the first call.

        Proxies are those of the environment (``http_proxy``, ``https_proxy``, ``all_proxy``, ``no_proxy``).

        Raises:
            ValueError: ``url`` is no address of a service, or the environment names a proxy that cannot be used.

        Args:
            url: where the service is, with the path that comes before its calls, if there is one.
            api_key: shown to a service that wants one.
            timeout: seconds that a call may take, further tries and the waits between them included. The service is
                told, and works on nothing that nobody waits for.
            retries: how often a call is tried again when the service is busy (503) or the connection breaks.
        """
        self._url = _checked(url).rstrip("/")
        self._timeout = timeout
        self._retries = retries
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}".encode(errors="surrogateescape")}
        self._http: Http = self._connect({"headers": headers, "follow_redirects": True})

    def _connect(self, options: dict[str, Any]) -> Http:
        try:
            return self._open(**options)
        except (ValueError, ImportError) as error:  # httpx's, of a proxy that it cannot use, be it needed or not
            if not getproxies():
                raise
            if not is_direct(httpx.URL(self._url).host):
                raise ValueError(unusable_proxy(error)) from None
            return self._open(**options, trust_env=False, verify=httpx.create_ssl_context())

    @abstractmethod
    def _open(self, **options: Any) -> Http: ...

    def _retry_loop(self, request: Request, timeout: float | None) -> RetryLoop:
        retries = 0 if request is HEALTH else self._retries  # that the service is busy or gone is an answer, too
        return retry(self._url, request, self._timeout if timeout is None else timeout, retries)

    def _request(self, step: Send) -> httpx.Request:
        asked = step.request
        return self._http.build_request(
            asked.method,
            step.url,
            params=asked.parameters,
            headers=step.headers,
            content=asked.photo,
            timeout=step.timeout,
        )


class Client(_Base[httpx.Client]):
    """A jppnet service, for programs that wait for each answer. Threads may share one.

    Every call raises :class:`ProblemError` for what the service refuses and for what is no answer of it,
    ``httpx.TransportError`` if there is no answer at all, and the errors of :func:`~jppnet.photo.photo_bytes` for what
    is no photo.
    """

    def parse(
        self,
        photo: Photo,
        *,
        labels: Labels | None = None,
        boxes: Boxes | None = None,
        people: People | None = None,
        timeout: float | None = None,
    ) -> Parsing:
        """Who wears what where.

        Args:
            photo: see :data:`~jppnet.photo.Photo`.
            labels: keeps only these, by name or id; the others become background.
            boxes: where people are, so that nobody is looked for.
            people: who is looked for: “auto” (the service's default) everybody, “one” the one person that the photo is
                of, a number at most so many. Not together with boxes.
            timeout: seconds, in place of the client's.
        """
        request = photo_request("parse", photo, "json", mask="rle", labels=labels, boxes=boxes, people=people)
        return read_json(self._ask(request, timeout), partial(Parsing.read, photo=request.photo))

    def pose(
        self,
        photo: Photo,
        *,
        boxes: Boxes | None = None,
        people: People | None = None,
        timeout: float | None = None,
    ) -> Pose:
        """How the people stand."""
        request = photo_request("pose", photo, "json", boxes=boxes, people=people)
        return read_json(self._ask(request, timeout), partial(Pose.read, photo=request.photo))

    def analyze(
        self,
        photo: Photo,
        *,
        labels: Labels | None = None,
        boxes: Boxes | None = None,
        people: People | None = None,
        timeout: float | None = None,
    ) -> Analysis:
        """What :meth:`parse` and :meth:`pose` say, from one run of the model."""
        request = photo_request("analyze", photo, "json", mask="rle", labels=labels, boxes=boxes, people=people)
        return read_json(self._ask(request, timeout), partial(Analysis.read, photo=request.photo))

    def fetch(
        self,
        call: Call,
        photo: Photo,
        *,
        format: str,
        labels: Labels | None = None,
        boxes: Boxes | None = None,
        people: People | None = None,
        opacity: float | None = None,
        mask: Literal["png", "rle"] | None = None,
        image_id: int | None = None,
        accept: str | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """A call's answer as it comes, in any of its formats: a PNG for ``format="cutout"``, say."""
        request = photo_request(
            call, photo, format,
            labels=labels, boxes=boxes, people=people, opacity=opacity, mask=mask, image_id=image_id, accept=accept,
        )  # fmt: skip
        return read_bytes(self._ask(request, timeout), accept)

    def model(self, *, timeout: float | None = None) -> Model:
        """The model: labels, joints, figures, and what it runs on."""
        return read_json(self._ask(MODEL, timeout), Model.read)

    def health(self, *, timeout: float | None = None) -> None:
        """Returns if the service is ready for photos; asked once."""
        read_json(self._ask(HEALTH, timeout), _health)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, **options: Any) -> httpx.Client:
        return httpx.Client(**options)

    def _ask(self, request: Request, timeout: float | None) -> httpx.Response:
        conversation = self._retry_loop(request, timeout)
        outcome: Outcome = None
        while True:
            try:
                step = conversation.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            outcome = self._do(step)

    def _do(self, step: Send | Wait) -> Outcome:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.send(self._request(step))
        except FAULTS as error:
            return as_transport_error(error)


class AsyncClient(_Base[httpx.AsyncClient]):
    """:class:`Client` for asyncio and trio: the same calls, to be awaited."""

    async def parse(
        self,
        photo: Photo,
        *,
        labels: Labels | None = None,
        boxes: Boxes | None = None,
        people: People | None = None,
        timeout: float | None = None,
    ) -> Parsing:
        """As :meth:`Client.parse`."""
        ask = partial(photo_request, "parse", photo, "json", mask="rle", labels=labels, boxes=boxes, people=people)
        request = await run_sync(ask)
        return read_json(await self._ask(request, timeout), partial(Parsing.read, photo=request.photo))

    async def pose(
        self,
        photo: Photo,
        *,
        boxes: Boxes | None = None,
        people: People | None = None,
        timeout: float | None = None,
    ) -> Pose:
        """As :meth:`Client.pose`."""
        ask = partial(photo_request, "pose", photo, "json", boxes=boxes, people=people)
        request = await run_sync(ask)
        return read_json(await self._ask(request, timeout), partial(Pose.read, photo=request.photo))

    async def analyze(
        self,
        photo: Photo,
        *,
        labels: Labels | None = None,
        boxes: Boxes | None = None,
        people: People | None = None,
        timeout: float | None = None,
    ) -> Analysis:
        """As :meth:`Client.analyze`."""
        ask = partial(photo_request, "analyze", photo, "json", mask="rle", labels=labels, boxes=boxes, people=people)
        request = await run_sync(ask)
        return read_json(await self._ask(request, timeout), partial(Analysis.read, photo=request.photo))

    async def fetch(
        self,
        call: Call,
        photo: Photo,
        *,
        format: str,
        labels: Labels | None = None,
        boxes: Boxes | None = None,
        people: People | None = None,
        opacity: float | None = None,
        mask: Literal["png", "rle"] | None = None,
        image_id: int | None = None,
        accept: str | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """As :meth:`Client.fetch`."""
        ask = partial(
            photo_request, call, photo, format,
            labels=labels, boxes=boxes, people=people, opacity=opacity, mask=mask, image_id=image_id, accept=accept,
        )  # fmt: skip
        return read_bytes(await self._ask(await run_sync(ask), timeout), accept)

    async def model(self, *, timeout: float | None = None) -> Model:
        """As :meth:`Client.model`."""
        return read_json(await self._ask(MODEL, timeout), Model.read)

    async def health(self, *, timeout: float | None = None) -> None:
        """As :meth:`Client.health`."""
        read_json(await self._ask(HEALTH, timeout), _health)

    async def close(self) -> None:
        """As :meth:`Client.close`."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options)

    async def _ask(self, request: Request, timeout: float | None) -> httpx.Response:
        conversation = self._retry_loop(request, timeout)
        outcome: Outcome = None
        while True:
            try:
                step = conversation.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            outcome = await self._do(step)

    async def _do(self, step: Send | Wait) -> Outcome:
        if isinstance(step, Wait):
            await anyio.sleep(step.seconds)
            return None
        try:
            return await self._http.send(self._request(step))
        except FAULTS as error:
            return as_transport_error(error)
