"""``GET /metrics``."""

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from service.api.observability.metrics import Metrics
from service.api.request.api_keys import ApiKeys


def metrics_route(metrics: Metrics, keys: ApiKeys) -> APIRouter:
    """``GET /metrics``, for requests with one of the keys."""
    router = APIRouter(dependencies=keys.guard())

    @router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def get_metrics() -> Response:
        """Counters, gauges and histograms in Prometheus' text format."""
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router
