"""The engine that a server serves: it can be replaced by another one while requests are under way."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock
from typing import Final, Literal, TypeVar

from service.engine.engine import Engine, EngineStats
from service.engine.errors import ClosedError, ReplacementError, StartError
from service.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

Result = Literal["taken", "refused"]
RESULTS: Final[tuple[Result, ...]] = ("taken", "refused")
"""How a replacement ended: the new model takes the requests, or the old one goes on."""

_held: ContextVar[Engine | None] = ContextVar("held", default=None)
"""The engine that the request of this context holds."""


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A model beside the one that takes new requests, while a replacement lasts."""

    state: Literal["opening", "draining"]
    """Whether it is being opened and proven, or answers the last of its requests."""
    name: str
    """By its card; of one that is being opened, the name of its file."""
    version: str | None
    """None while it is being opened."""


class ServedEngine:
    """The engine that takes new requests, and behind it those that answer their last ones.

    A request holds the engine that it began with (:meth:`hold`): within it, :attr:`engine` is that one, so that no
    answer is of two models. :meth:`replace` opens another engine beside it, and closes the old one when the last
    request has let it go.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        """Serves a started engine, which was opened by these settings."""
        self._current = engine
        self._settings = settings
        self._opening: Path | None = None
        self._draining: list[Engine] = []
        self._holders: Counter[Engine] = Counter()
        self._changed = Condition()
        self._replacing = Lock()
        self._listeners: list[Callable[[Engine], None]] = []
        self.replacements: Counter[Result] = Counter()
        """How many replacements there were, by how they ended."""
        self.is_draining = False

    @contextmanager
    def hold(self) -> Iterator[Engine]:
        """The engine that takes new requests now: it stays open within the block."""
        with self._changed:
            engine = self._current
            self._holders[engine] += 1
        token = _held.set(engine)
        try:
            yield engine
        finally:
            _held.reset(token)
            with self._changed:
                self._holders[engine] -= 1
                if not self._holders[engine]:
                    del self._holders[engine]
                    self._changed.notify_all()

    @property
    def engine(self) -> Engine:
        """The engine that this request holds; outside of one, the engine that takes new requests."""
        return _held.get() or self._current

    @property
    def open_engines(self) -> list[Engine]:
        """The engine that takes new requests, and those that drain."""
        return [self._current, *self._draining]

    @property
    def others(self) -> list[OtherModel]:
        """The models beside the one that takes new requests, while a replacement lasts."""
        opening, draining = self._opening, list(self._draining)
        named = [OtherModel("draining", engine.card.name, engine.card.version) for engine in draining]
        return [OtherModel("opening", opening.stem, None), *named] if opening else named

    def stats(self) -> EngineStats:
        """The load of all open engines."""
        all_stats = [engine.stats() for engine in self.open_engines]
        return EngineStats(
            queued=sum(stats.queued for stats in all_stats),
            under_way=sum(stats.under_way for stats in all_stats),
            pixels_at_work=sum(stats.pixels_at_work for stats in all_stats),
            retry_after=max(stats.retry_after for stats in all_stats),
        )

    def subscribe(self, listener: Callable[[Engine], None]) -> None:
        """Calls the listener with the engine that takes requests, now and whenever another one is taken."""
        self._listeners.append(listener)
        listener(self._current)

    def replace(self, model: Path | None = None, detector: Path | None = None) -> None:
        """Opens the files anew, or other ones, and takes them for new requests once they are proven and warm.

        It returns when the old engine has answered its last request and is closed, and is called from a thread that may
        wait. Lanes, threads and batches stay as they were measured: a measurement now would be of what the requests
        leave, and slow them down.

        Raises:
            ReplacementError: another replacement is under way.
            StartError: the files cannot be served; the old engine goes on.
            ClosedError: the service is shutting down.
        """
        if not self._replacing.acquire(blocking=False):
            raise ReplacementError("Another replacement is under way. Try again when GET /model names one model only.")
        try:
            self._close_when_let_go(self._take(self._files(model, detector)))
        finally:
            self._replacing.release()

    def drain(self) -> None:
        """Announces the end: photos are still accepted, but no client should send more."""
        self.is_draining = True

    def close(self, timeout: float | None = None) -> bool:
        """See :meth:`Engine.close`, for all open engines at once: they share the time."""
        self.is_draining = True
        engines = self.open_engines
        with ThreadPoolExecutor(len(engines), "close") as pool:
            closed = list(pool.map(lambda engine: engine.close(timeout), engines))
        return all(closed)

    def _files(self, model: Path | None, detector: Path | None) -> Settings:
        """The settings by which to open an engine with these files, or those that are served."""
        files = {"model": model or self._settings.model, "detector": detector or self._settings.detector}
        return self._settings.model_copy(update=files)

    def _take(self, settings: Settings) -> Engine:
        """Opens an engine and gives it the new requests; gives the one that had them."""
        info = self._current.info
        as_measured = {
            "provider": info.provider, "lanes": info.lanes, "threads": info.threads, "max_batch": info.largest_batch,
            "threads_alone": info.threads_alone,
        }  # fmt: skip
        self._opening = settings.model
        try:
            engine = Engine.start(settings.model_copy(update=as_measured))
        except StartError as error:
            self.replacements["refused"] += 1
            log.error("%s goes on: %s", self._current.card.title, error)
            raise
        finally:
            self._opening = None
        with self._changed:
            old = self._current
            if not self.is_draining:
                self._current, self._settings = engine, settings
                self._draining.append(old)
        if old is self._current:
            engine.close()
            raise ClosedError("The service is shutting down.")
        for listener in self._listeners:
            listener(engine)
        self.replacements["taken"] += 1
        log.info("%s takes the requests; %s answers its last ones", engine.card.title, old.card.title)
        return old

    def _close_when_let_go(self, engine: Engine) -> None:
        with self._changed:
            self._changed.wait_for(lambda: engine not in self._holders)
        engine.close()
        self._draining.remove(engine)
        log.info("%s is closed", engine.card.title)
