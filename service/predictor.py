"""The model in a program of one's own: the service's engine, without a service."""

import os
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal, Self, overload

import cv2

from jppnet.answers import Analysis, Model
from jppnet.photo import Photo, photo_bytes
from jppnet.problem import ProblemError
from jppnet.request import Boxes, Labels, People, box_texts, label_text
from service.api.problems.errors import InvalidRequestError
from service.api.problems.types import problem_type_of
from service.api.request.answer_options import Options, choose_people, find_labels
from service.api.request.boxes import read_boxes
from service.api.response.objects import analysis_object, model_object
from service.engine.engine import Engine
from service.engine.photo.people import PeopleOption
from service.environment import nearest_setting, read_settings
from service.settings import DETECTORS, MODELS, ProviderName, Settings


class Predictor:
    """A model that answers photos in this process. Threads may share one.

    Answers are those of :class:`jppnet.Client`, from the same engine as a service's. What a service refuses raises
    :class:`jppnet.ProblemError` here, too; what is no photo raises the errors of :func:`jppnet.photo.photo_bytes`.

    Photos are worked on side by side, so OpenCV is set to one thread for each in this process, until :meth:`close`.
    """

    def __init__(
        self, model: str | os.PathLike[str] = "jppnet-lite", provider: ProviderName = "auto", **settings: Any
    ) -> None:
        """Loads the model, checks it, and measures how it runs fastest here, which takes a second or two.

        Args:
            model: one that comes with jppnet, ``jppnet-lite`` or ``jppnet-base``; or the path of a model file.
            provider: what runs it: ``cpu``, ``openvino``, ``cuda``, ``tensorrt``, or ``auto``, the best there is.
            settings: further settings of the service by name, such as ``max_people=5`` or ``detector=""`` (nobody is
                looked for). Those not given are read from variables ``JPPNET_…``, but for ``isolate_decoding``: files
                are decoded in this process.

        Raises:
            ValueError: there is no such model, or a setting cannot be.
            RuntimeError: the model cannot run here; the message says why.
        """
        unknown = settings.keys() - Settings.model_fields.keys()
        if unknown:
            raise ValueError("; ".join(map(_unknown_setting, sorted(unknown))))
        given = {"model": model, "provider": provider, "isolate_decoding": "none", **settings}
        read = read_settings(given)
        if not read.model.is_file():
            raise ValueError(f"There is no model “{model}”. {', '.join(_shipped())} come with jppnet; or name a file.")
        opencv_threads = cv2.getNumThreads()
        self._engine = Engine.start(read)
        self._max_people = read.max_people
        # Also where it is forgotten: when the last reference is gone, or the program ends.
        self._end = weakref.finalize(self, _end, self._engine, opencv_threads)

    @property
    def model(self) -> Model:
        """The model: labels, joints, figures, and what it runs on."""
        return model_object(self._engine.card, self._engine.info, self._engine.detector, self._max_people)

    def __call__(
        self, image: Photo, boxes: Boxes | None = None, people: People = "auto", *, labels: Labels | None = None
    ) -> Analysis:
        """What the model says of a photo: labels, mask, people and their joints.

        Args:
            image: see :data:`jppnet.Photo`.
            boxes: where people are, so that nobody is looked for.
            people: who is looked for: ``auto`` everybody, ``one`` the one person that the photo is of, a number at most
                so many, the surest.
            labels: keeps only these, by name, id or synonym; the others become background.
        """
        if not self._end.alive:
            raise RuntimeError("This Predictor is closed.")
        data = photo_bytes(image, level=0)
        with _problems_raised():
            where = read_boxes(box_texts(boxes))
            wanted = choose_people(None if people == "auto" else _people_option(people), where)
            chosen = find_labels(None if labels is None else [label_text(labels)], self._engine.card)
            options = Options(chosen, boxes=where, people=wanted)
            return self._engine.analyze_here(
                data, lambda analysis: analysis_object(analysis, options, data), wanted, where
            )

    @overload
    def stream(
        self,
        images: Iterable[Photo],
        people: People = ...,
        *,
        labels: Labels | None = ...,
        return_errors: Literal[False] = ...,
    ) -> Iterator[Analysis]: ...

    @overload
    def stream(
        self,
        images: Iterable[Photo],
        people: People = ...,
        *,
        labels: Labels | None = ...,
        return_errors: Literal[True],
    ) -> Iterator[Analysis | Exception]: ...

    def stream(
        self,
        images: Iterable[Photo],
        people: People = "auto",
        *,
        labels: Labels | None = None,
        return_errors: bool = False,
    ) -> Iterator[Analysis | Exception]:
        """The answers to photos, in their order, several at once: in batches where those pay.

        Images are taken only as answers are: never more than keep the model busy are in memory. Answers that are there
        when an image has come are given before the next one is taken, so that those of a slow source wait for one image
        at most. A live source that cannot wait for that is better called on, image by image.

        Args:
            images: paths, arrays, whatever a call takes; from a generator, too.
            people: see the call.
            labels: see the call.
            return_errors: gives the error of a photo that cannot be answered in its answer's place, and goes on.
                Without it, the first such error is raised, and ends the stream.
        """
        at_once = self._engine.info.saturation
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="predictor")
        under_way: deque[Future[Analysis]] = deque()

        def submit(image: Photo) -> Future[Analysis]:
            try:
                # An array may change once the next image is asked for: a camera's buffer does.
                steady = image if isinstance(image, str | bytes | os.PathLike) else photo_bytes(image, level=0)
            except Exception as error:
                future = Future[Analysis]()
                future.set_exception(error)
                return future
            return pool.submit(self, steady, None, people, labels=labels)

        def next_answer() -> Analysis | Exception:
            future = under_way.popleft()
            error = future.exception()
            if return_errors and isinstance(error, Exception):
                return error
            return future.result()

        try:
            for image in images:
                under_way.append(submit(image))
                while under_way and (len(under_way) >= at_once or under_way[0].done()):
                    yield next_answer()
            while under_way:
                yield next_answer()
        finally:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Ends the threads and frees the model. A call after it raises RuntimeError."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _end(engine: Engine, opencv_threads: int) -> None:
    engine.close()
    cv2.setNumThreads(opencv_threads)


def _unknown_setting(name: str) -> str:
    near = nearest_setting(name)
    return f"{name} is no setting." + (f" Did you mean “{near}”?" if near else "")


def _shipped() -> list[str]:
    names = sorted(file.stem for file in MODELS.glob("*.onnx"))
    return [name for name in names if name not in DETECTORS and not name.endswith(".int8")]


def _people_option(people: People) -> PeopleOption:
    if people == "one":
        return "one"
    if isinstance(people, str) and people.isascii() and people.isdigit():  # as a form or a query has it
        people = int(people)
    if isinstance(people, str) or people < 1:
        raise InvalidRequestError(f"people is “{people}”, and must be “auto”, “one”, or a number from 1.")
    return int(people)


@contextmanager
def _problems_raised() -> Iterator[None]:
    """Raises as :class:`ProblemError` what a service would answer with a problem."""
    try:
        yield
    except Exception as error:
        try:
            kind = problem_type_of(error)
        except LookupError:
            kind = None
        if kind is None:
            raise
        raise ProblemError(kind.urn, kind.title, str(error), kind.status, None) from error
