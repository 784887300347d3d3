"""``GET /livez`` and ``GET /readyz``."""

from fastapi import APIRouter

from service.api.openapi.document import problems
from service.api.response.schemas import Health
from service.engine.errors import ClosedError, DeviceError
from service.engine.served_engine import ServedEngine


def health_routes(served: ServedEngine) -> APIRouter:
    """``GET /livez`` and ``GET /readyz``. The engine is proven before anything listens, so until it drains, alive means
    ready."""
    router = APIRouter(responses=problems(503))

    def check() -> Health:
        if fault := served.engine.fault:
            raise DeviceError(fault)
        return Health()

    @router.get("/livez", summary="Whether this process is of use; if not, replace it")
    async def live() -> Health:
        """503 once the device has failed."""
        return check()

    @router.get("/readyz", summary="Whether to send photos here")
    async def ready() -> Health:
        """503 once the device has failed, or the service is about to end."""
        if served.is_draining:
            raise ClosedError("The service is shutting down.")
        return check()

    return router
