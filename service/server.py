"""The HTTP server: uvicorn with limits on connections and a graceful shutdown.

At the end it first says that it is not ready and goes on answering, then it takes no more connections, and in time it
is gone.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from functools import partial
from math import inf
from threading import Thread, Timer, current_thread, main_thread
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from service.api.connection.connections import Connections, Limits, raise_descriptor_limit
from service.api.connection.http_connection import HttpConnection
from service.app import CLOSE_SECONDS, create_app
from service.engine.engine import Engine
from service.engine.errors import ClosedError, ReplacementError, StartError
from service.engine.served_engine import ServedEngine
from service.settings import Settings

log = logging.getLogger(__name__)

SWEEPS: Final = 5
"""Ticks of uvicorn's clock (0.1 s each) between two searches for connections whose time is over."""
RESERVE_SECONDS: Final = 0.5
"""Seconds of the drain that are left for answers to be sent and the process to end."""


class Server(uvicorn.Server):
    """uvicorn's server around an engine, with limits on connections and on the time of a shutdown.

    On SIGTERM it keeps listening for a while, not ready, so that a load balancer can
    stop sending requests before they are refused.
    """

    def __init__(self, engine: Engine, settings: Settings, **options: Any) -> None:
        """``options`` are uvicorn's, over those that belong to this server."""
        self.limits = Limits.of(settings, raise_descriptor_limit())
        self._connections = Connections(self.limits)
        self.web_app: FastAPI = create_app(engine, settings, self._connections)
        config = uvicorn.Config(
            self.web_app,
            http=partial(HttpConnection, self._connections),  # type: ignore[arg-type]  # called like the class
            ws="none",
            backlog=self.limits.backlog,
            timeout_keep_alive=settings.keep_alive_seconds,
            log_config=None,  # its logs go where all go
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the app has it, for whatever server it runs in
            **options,
        )
        super().__init__(config)
        self._engine: ServedEngine = self.web_app.state.engine
        self._drain_seconds, self._notice_seconds = settings.drain_seconds, settings.notice_seconds
        self._leaves_at = inf
        self._ends_at = inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins the notice on the first SIGTERM; any other signal, or a second one, ends it."""
        first_notice = sig == signal.SIGTERM and self._leaves_at == inf
        self._engine.drain()
        if self._ends_at == inf:
            self._ends_at = time.monotonic() + self._drain_seconds
            _end_process_in(self._drain_seconds)
        if first_notice and self._notice_seconds:
            self._captured_signals.append(sig)
            self._leaves_at = time.monotonic() + self._notice_seconds
        else:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens. From then on SIGHUP opens the model's files anew; at a terminal, it ends the service as ever."""
        await super().startup(sockets)
        is_daemon = sys.stdin is None or not sys.stdin.isatty()
        if is_daemon and hasattr(signal, "SIGHUP") and current_thread() is main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reopen)

    def _reopen(self) -> None:
        Thread(target=_replace, args=(self._engine,), name="replacement", daemon=True).start()

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's check, ten times a second, whether to end."""
        if counter % SWEEPS == 0:
            self._connections.sweep()
        if time.monotonic() >= self._leaves_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts no more connections, and gives requests under way the rest of the drain time."""
        ends_at = min(self._ends_at, time.monotonic() + self._drain_seconds)
        left = ends_at - time.monotonic() - CLOSE_SECONDS - RESERVE_SECONDS
        self.config.timeout_graceful_shutdown = max(0.0, left)  # type: ignore[assignment]  # a float does
        await super().shutdown(sockets)


def _replace(engine: ServedEngine) -> None:
    """Opens the model's files anew; the log says what came of it."""
    try:
        engine.replace()
    except StartError:
        pass  # the engine has logged why
    except (ReplacementError, ClosedError) as error:
        log.warning("SIGHUP: %s", error)


def _end_process_in(seconds: float) -> None:
    """Ends the process after so many seconds: a thread inside a decoder or the model cannot be stopped otherwise."""
    timer = Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()
