"""The page at ``/``: plain files, sent with headers that let them reach nothing but this service."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

WEB: Final = Path(__file__).parents[2] / "web"

POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",  # blob: is the photo that was dropped
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",  # text from photos' names or answers never becomes markup
    "trusted-types": "jppnet-worker",  # of which js/device.js makes the address of WORKER, and nothing else
}
WORKER: Final = "client/worker.js"
"""Runs the model in the browser. It alone may compile WebAssembly."""
WORKER_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "connect-src": "'self'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
HEADERS: Final = {
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Cached, but revalidated each time (by ETag), so that new markup never runs with old scripts.
    "Cache-Control": "no-cache",
}


def page_routes() -> APIRouter:
    """``GET /`` and the files under ``/web/`` that it is made of."""
    files = StaticFiles(directory=WEB)
    router = APIRouter(include_in_schema=False)

    async def send(request: Request, path: str) -> Response:
        answer = await files.get_response(path, request.scope)
        policy = WORKER_POLICY if path == WORKER else POLICY
        answer.headers.update(HEADERS)
        answer.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
        return answer

    @router.get("/")
    async def page(request: Request) -> Response:
        return await send(request, "index.html")

    @router.get("/web/{path:path}")
    async def file(request: Request, path: str) -> Response:
        return await send(request, path)

    return router
