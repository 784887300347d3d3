"""The server's end: first it says that it is not ready and goes on answering, then it takes no more connections."""

import signal
import time
from math import inf
from types import FrameType

import uvicorn

from service.engine.engine import Engine


class Server(uvicorn.Server):
    """uvicorn's server, which on SIGTERM keeps listening for a while, not ready, so that whoever spreads requests over
    several services can learn of it before requests are refused."""

    def __init__(self, config: uvicorn.Config, engine: Engine, notice_seconds: float) -> None:
        super().__init__(config)
        self._engine = engine
        self._notice_seconds = notice_seconds
        self._leaves_at = inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins the notice on the first SIGTERM; any other signal, or a second one, ends it."""
        first_notice = sig == signal.SIGTERM and self._leaves_at == inf
        self._engine.drain()
        if first_notice and self._notice_seconds:
            self._captured_signals.append(sig)
            self._leaves_at = time.monotonic() + self._notice_seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's look, ten times a second, at whether to end."""
        if time.monotonic() >= self._leaves_at:
            self.should_exit = True
        return await super().on_tick(counter)
