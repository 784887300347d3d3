"""Backends of the command line: an engine in this process, or a service elsewhere. Both give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from urllib.request import getproxies

import httpx

import jppnet
from jppnet.request import People
from service.api.response.format_names import MEDIA_TYPES, Call
from service.cli.files import RunError

if TYPE_CHECKING:
    from service.engine.engine import Engine

SUFFIXES: Final = {"image/png": ".png", "image/jpeg": ".jpg", "application/json": ".json"}
OPENPOSE_SUFFIX: Final = "_keypoints.json"
"""OpenPose's own, which try-on pipelines look for."""

CLIENT_TIMEOUT: Final = 60.0
"""Seconds to wait for a busy service. It is long because nothing interactive depends on a single photo."""
RETRIES: Final = 100
REQUEST_PROBLEMS: Final = frozenset(
    f"urn:jppnet:problem:{slug}" for slug in ("unknown-label", "invalid-request", "unknown-option")
)
REFUSALS: Final = frozenset({401, 403, 404, 405, 406})
Color = tuple[int, int, int]


@dataclass(frozen=True)
class OutputSpec:
    """The output that is requested for every photo. None leaves a choice to the service."""

    call: Call
    format: str
    picture: Literal["jpg", "png"]
    """What a format that comes as either is written as."""
    labels: str | None = None
    opacity: float | None = None
    mask: Literal["png", "rle"] | None = None
    people: People = "auto"

    @cached_property
    def media_type(self) -> str:
        """The answer's media type: the format's only one, or the one that ``picture`` asks for."""
        offers = MEDIA_TYPES[self.call][self.format]
        wished = {"jpg": "image/jpeg", "png": "image/png"}[self.picture]
        return wished if wished in offers else offers[0]

    @property
    def suffix(self) -> str:
        """What an answer's file has in place of its photo's suffix."""
        return OPENPOSE_SUFFIX if self.format.startswith("openpose") else SUFFIXES[self.media_type]


class Backend(NamedTuple):
    """A model here or elsewhere."""

    answer: Callable[[bytes, int], bytes]
    """Answers a photo's file; the number is what COCO calls the photo."""
    at_once: int
    """How many calls at once keep it busy."""
    labels: list[tuple[str, Color]]
    """The model's, with their colours."""


def engine_backend(engine: Engine, spec: OutputSpec) -> Backend:
    """Answers by an engine here.

    Raises:
        NoLabelsError, NoJointsError: the model does not give what the call asks for.
        UnknownLabelError: the model has no such label.
    """
    from service.api.request.answer_options import DEFAULT, Options, find_labels, require_joints, require_labels
    from service.api.response.formats import ANALYZE, PARSE, POSE, Encode

    requirements = {"parse": require_labels, "pose": require_joints}
    if spec.call in requirements:
        requirements[spec.call](engine.card)
    formats = {"parse": PARSE, "pose": POSE, "analyze": ANALYZE}
    encode: Encode = formats[spec.call][spec.format][spec.media_type]
    labels = find_labels(None if spec.labels is None else [spec.labels], engine.card)
    opacity = DEFAULT.opacity if spec.opacity is None else spec.opacity

    def answer(photo: bytes, image_id: int) -> bytes:
        options = Options(labels, opacity, spec.mask == "rle", people=spec.people, image_id=image_id)
        return engine.analyze_here(photo, lambda analysis: encode(analysis, options), spec.people)

    # A photo per lane to run, and as many to decode and encode meanwhile.
    return Backend(answer, engine.info.saturation, [(label.name, label.color) for label in engine.card.labels])


@contextmanager
def service_backend(address: str, api_key: str | None, spec: OutputSpec) -> Iterator[Backend]:
    """Answers by a service, whose address may lack its scheme.

    Raises:
        RunError: it does not answer, or wants another key; or the address is empty, as an unset variable is.
    """
    address = address.strip()
    if not address:
        raise RunError("--server is empty. Name a service, such as localhost:8000, or leave --server out.")
    url = address if "://" in address else f"http://{address}"

    def answer(photo: bytes, image_id: int) -> bytes:
        with _client_errors_translated(url):
            return client.fetch(
                spec.call,
                photo,
                format=spec.format,
                labels=None if spec.labels is None else spec.labels.split(","),
                people=spec.people,
                opacity=spec.opacity,
                mask=spec.mask,
                image_id=image_id if spec.format == "coco" else None,
                accept=spec.media_type,
            )

    with _client(url, api_key) as client:
        try:
            model = client.model(timeout=5)
        except jppnet.ProblemError as problem:
            raise RunError(f"{url}: {problem.detail}") from None
        except httpx.TransportError as error:
            raise RunError(f"{url} does not answer: {error}{_by_proxy()}") from None
        labels = [(label.name, label.color) for label in model.labels]
        yield Backend(answer, 2 * model.lanes * model.largest_batch, labels)


def _client(url: str, api_key: str | None) -> jppnet.Client:
    try:
        return jppnet.Client(url, api_key=api_key, timeout=CLIENT_TIMEOUT, retries=RETRIES)
    except (ValueError, ImportError) as error:
        if "proxy" in str(error).lower() or isinstance(error, ImportError):
            raise RunError(
                f"The proxy that ALL_PROXY, HTTP_PROXY or HTTPS_PROXY names cannot be used: {str(error).rstrip('.')}. "
                "Name one with http://, or the service's host in NO_PROXY."
            ) from None
        raise RunError(str(error)) from None


def _by_proxy() -> str:
    """A sentence, where the environment names a proxy: often it is that which does not answer."""
    proxies = {proxy for scheme, proxy in getproxies().items() if scheme in ("all", "http", "https")}
    return f" (asked through the proxy {' or '.join(sorted(proxies))}; NO_PROXY names hosts without)" if proxies else ""


@contextmanager
def _client_errors_translated(url: str) -> Iterator[None]:
    """Translates errors of the client: ValueError for a problem of one photo, RunError for one of every photo."""
    try:
        yield
    except jppnet.ProblemError as problem:
        if problem.status in REFUSALS or problem.type in REQUEST_PROBLEMS:
            raise RunError(f"{url}: {problem.detail}") from None
        raise ValueError(problem.detail) from None
    except httpx.TransportError as error:
        raise RunError(f"{url} does not answer: {error}{_by_proxy()}") from None
