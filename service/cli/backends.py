"""Backends of the command line: an engine in this process, or a service elsewhere. Both give the same bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, NamedTuple

import httpx

import jppnet
from service.api.request.answer_options import DEFAULT, Options, find_labels, require_joints, require_labels
from service.api.response.formats import ANALYZE, PARSE, POSE, Encode, Formats
from service.cli.files import Answer, RunError
from service.engine.engine import Engine
from service.engine.model.card import Card
from service.engine.photo.people import PeopleOption

Call = Literal["parse", "pose", "analyze"]

FORMATS: Final[dict[Call, Formats]] = {"parse": PARSE, "pose": POSE, "analyze": ANALYZE}
REQUIREMENTS: Final[dict[Call, Callable[[Card], None]]] = {"parse": require_labels, "pose": require_joints}
"""What a model must have for a call."""
SUFFIXES: Final = {"image/png": ".png", "image/jpeg": ".jpg", "application/json": ".json"}

CLIENT_TIMEOUT: Final = 60.0
"""Seconds to wait for a busy service. It is long because nothing interactive depends on a single photo."""
RETRIES: Final = 100
REQUEST_PROBLEMS: Final = frozenset({"urn:jppnet:problem:unknown-label", "urn:jppnet:problem:invalid-request"})
REFUSALS: Final = frozenset({401, 403, 404, 405, 406})


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
    people: PeopleOption = "auto"

    @cached_property
    def media_type(self) -> str:
        """The answer's media type: the format's only one, or the one that ``picture`` asks for."""
        offers = list(FORMATS[self.call][self.format])
        wished = {"jpg": "image/jpeg", "png": "image/png"}[self.picture]
        return wished if wished in offers else offers[0]

    @property
    def suffix(self) -> str:
        """Of the answer's file."""
        return SUFFIXES[self.media_type]


class Backend(NamedTuple):
    """A function that answers a photo, and how many calls at once keep it busy."""

    answer: Answer
    at_once: int


def engine_backend(engine: Engine, spec: OutputSpec) -> Backend:
    """Answers by an engine here.

    Raises:
        NoLabelsError, NoJointsError: the model does not give what the call asks for.
        UnknownLabelError: the model has no such label.
    """
    if spec.call in REQUIREMENTS:
        REQUIREMENTS[spec.call](engine.card)
    encode: Encode = FORMATS[spec.call][spec.format][spec.media_type]
    labels = find_labels(None if spec.labels is None else [spec.labels], engine.card)
    opacity = DEFAULT.opacity if spec.opacity is None else spec.opacity

    def answer(photo: Path) -> bytes:
        options = Options(labels, opacity, spec.mask == "rle", people=spec.people, image_id=image_id(photo))
        return engine.analyze_here(photo.read_bytes(), lambda analysis: encode(analysis, options), spec.people)

    # A photo per lane to run, and as many to decode and encode meanwhile.
    return Backend(answer, engine.info.saturation)


@contextmanager
def service_backend(url: str, api_key: str | None, spec: OutputSpec) -> Iterator[Backend]:
    """Answers by a service.

    Raises:
        RunError: it does not answer, or wants another key.
    """

    def answer(photo: Path) -> bytes:
        with _client_errors_translated(url):
            return client.fetch(
                spec.call,
                photo,
                format=spec.format,
                labels=None if spec.labels is None else spec.labels.split(","),
                people=spec.people,
                opacity=spec.opacity,
                mask=spec.mask,
                image_id=image_id(photo) if spec.format == "coco" else None,
                accept=spec.media_type,
            )

    try:
        client = jppnet.Client(url, api_key=api_key, timeout=CLIENT_TIMEOUT, retries=RETRIES)
    except ValueError as error:
        raise RunError(str(error)) from None
    with client:
        try:
            model = client.model(timeout=5)
        except jppnet.ProblemError as problem:
            raise RunError(f"{url}: {problem.detail}") from None
        except httpx.TransportError as error:
            raise RunError(f"{url} does not answer: {error}") from None
        yield Backend(answer, 2 * model.lanes * model.largest_batch)


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
        raise RunError(f"{url} does not answer: {error}") from None


def image_id(photo: Path) -> int:
    """What COCO calls a photo: the number that its file is named by; 0 if it has none."""
    return int(photo.stem) if photo.stem.isdecimal() else DEFAULT.image_id
