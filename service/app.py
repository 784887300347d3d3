"""The ASGI application: an engine behind HTTP."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from service.api.connection.connections import Connections
from service.api.middleware.compression import Compression
from service.api.middleware.http_defaults import GZIP_FROM, GZIP_LEVEL, NOT_GZIPPED, HeadAsGet, cors, trusted
from service.api.middleware.lingering import Lingering
from service.api.middleware.overload_guard import OverloadGuard
from service.api.middleware.request_id import RequestId
from service.api.middleware.request_observer import RequestObserver
from service.api.middleware.unexpected_errors import UnexpectedErrors
from service.api.observability.metrics import Metrics
from service.api.observability.request_log import log_request
from service.api.observability.traces import TELEMETRY, name_service
from service.api.openapi.document import install_documentation, problems
from service.api.problems.responses import install_exception_handlers
from service.api.problems.types import HUNG_UP
from service.api.request.api_keys import ApiKeys
from service.api.request.upload_budget import UploadBudget
from service.api.routes.admin import admin_routes
from service.api.routes.health import health_routes
from service.api.routes.metrics import metrics_route
from service.api.routes.model import model_route
from service.api.routes.page import page_routes
from service.api.routes.photos import photo_routes
from service.engine.engine import Engine
from service.engine.served_engine import ServedEngine
from service.settings import Settings

API_VERSION: Final = "1.0"
"""Version of the HTTP API: it changes when calls or answers do, independent of the package's version."""
CLOSE_SECONDS: Final = 1
"""Seconds that the application waits, at its end, for work whose clients are gone."""

NO_KEYS: Final = ApiKeys(())
"""Of routes that everybody may call."""

log = logging.getLogger(__name__)


def create_app(engine: Engine, settings: Settings, connections: Connections | None = None) -> FastAPI:
    """An application that serves a started engine, and closes it when it shuts down.

    ``connections`` are those of the server that it runs in, for the metrics. ``state.engine`` of the application is its
    :class:`ServedEngine`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if not await run_in_threadpool(served.close, CLOSE_SECONDS):
            log.warning("work that was still running did not end within %s s; it ends with the process", CLOSE_SECONDS)

    name_service()
    served = ServedEngine(engine, settings)
    uploads = UploadBudget(int(settings.upload_budget_mb * 1e6))
    metrics = Metrics(served, settings, uploads, connections)
    keys, metrics_keys, admin_keys = map(ApiKeys, (settings.api_keys, settings.metrics_keys, settings.admin_keys))
    photos = photo_routes(served, settings, uploads, keys)
    app = FastAPI(
        title="jppnet",
        summary="POST a photo, get back who wears what where (a part mask) and how they stand (keypoints).",
        version=API_VERSION,
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect would name the host that the caller says this is
        docs_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redoc_url=None,
        telemetry=TELEMETRY,
        middleware=[  # outermost first
            *trusted(settings.trusted_proxies),
            Middleware(RequestId),  # every answer has the id
            Middleware(Lingering),  # outside of compression, which would hold an early answer back
            *cors(settings.cors_origins),  # its headers are on errors, too
            Middleware(
                Compression,
                minimum_size=GZIP_FROM,
                compresslevel=GZIP_LEVEL,
                exclude_content_types=NOT_GZIPPED,
            ),
            Middleware(HeadAsGet),
            Middleware(RequestObserver, listeners=(metrics.request_answered, log_request), keys=keys),
            Middleware(OverloadGuard, served=served, keys=keys, routes=photos),  # its refusals are counted and logged
            Middleware(UnexpectedErrors),  # inside of all that adds headers or counts
        ],
    )
    install_exception_handlers(app)
    routers = (
        (photos, keys), (model_route(served, settings, keys), keys), (health_routes(served), NO_KEYS),
        (metrics_route(metrics, metrics_keys), metrics_keys), (page_routes(), NO_KEYS),
    )  # fmt: skip
    metrics.expect(photos, HUNG_UP.status)
    for router, needed in routers:
        unauthorized = problems(401) if needed.are_set else {}
        app.include_router(router, responses=unauthorized)
        metrics.expect(router, *map(int, unauthorized))
    if admin_keys.are_set:
        app.include_router(admin_routes(served, settings, admin_keys))
    install_documentation(app)
    app.state.engine = served
    return app
