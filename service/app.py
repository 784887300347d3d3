"""The ASGI application: an engine behind HTTP."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from service.api.connection.connections import Connections
from service.api.middleware.http_defaults import http_defaults
from service.api.middleware.lingering import Lingering
from service.api.middleware.overload_guard import OverloadGuard
from service.api.middleware.request_id import RequestId
from service.api.middleware.request_observer import RequestObserver
from service.api.observability.metrics import Metrics, metrics_route
from service.api.observability.request_log import request_log
from service.api.observability.traces import TELEMETRY
from service.api.openapi.document import install_documentation, problems
from service.api.problems.kinds import install_problems
from service.api.request.api_keys import ApiKeys
from service.api.request.upload_budget import UploadBudget
from service.api.routes.page import page_routes
from service.api.routes.photos import health_routes, model_route, photo_routes
from service.engine.engine import Engine
from service.settings import Settings

API_VERSION: Final = "1.0"
"""Of the HTTP contract: it changes when calls or answers do, whatever the package's version."""
PATIENCE: Final = 1
"""Seconds that work is waited for when nobody waits for its answer any more."""

log = logging.getLogger(__name__)


def create_app(engine: Engine, settings: Settings, connections: Connections | None = None) -> FastAPI:
    """An application that serves a started engine, and closes it when it shuts down.

    ``connections`` are those of the server that it runs in, for the metrics.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if not await run_in_threadpool(engine.close, PATIENCE):
            log.warning("what was still at work did not end within %s s and is left behind", PATIENCE)

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
    )
    uploads = UploadBudget(int(settings.upload_budget_mb * 1e6))
    metrics = Metrics(engine, uploads, connections)
    keys, photos = ApiKeys(settings.api_keys), photo_routes(engine, settings, uploads)
    install_problems(app)
    app.add_middleware(OverloadGuard, engine=engine, keys=keys, calls=photos)
    app.add_middleware(RequestObserver, listeners=(metrics.answered, request_log(engine.card)))
    http_defaults(app, settings.cors_origins)
    app.add_middleware(Lingering)
    app.add_middleware(RequestId)
    guard = keys.guard()
    for router in (photos, model_route(engine)):
        app.include_router(router, dependencies=guard, responses=problems(401) if guard else None)
    app.include_router(health_routes(engine))
    scrape_guard = ApiKeys(settings.metrics_keys).guard()
    app.include_router(
        metrics_route(metrics), dependencies=scrape_guard, responses=problems(401) if scrape_guard else None
    )
    app.include_router(page_routes())
    install_documentation(app)
    return app
