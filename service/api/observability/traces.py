"""Traces by OpenTelemetry, for those who name a collector in ``OTEL_EXPORTER_OTLP_ENDPOINT``; needs the extra ``otel``.

FastAPI makes a span of each request and sends the spans; here are those within it, one per stage of the photo's line.
"""

import os
import time
from collections.abc import MutableMapping
from typing import Any, Final

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from service.api.observability.request_log import PROBES
from service.engine.photo.timings import Timings

SERVICE_NAME: Final = "jppnet"
"""What traces call this service, where ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` do not say."""

_tracer = trace.get_tracer("jppnet")


def _is_watching(scope: Any) -> bool:
    return scope.get("path") in PROBES


TELEMETRY: Final[TelemetryConfig] = {
    "auto_configure": True,
    "metrics": False,  # Prometheus has them
    "logs": False,
    "operation_spans": False,
    "exclude": _is_watching,
}
"""What FastAPI does of itself."""


def name_service(environment: MutableMapping[str, str] = os.environ) -> None:
    """Gives the service its name in traces, unless the environment has one; else it would be “unknown_service”."""
    if "service.name=" not in environment.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        environment.setdefault("OTEL_SERVICE_NAME", SERVICE_NAME)


def trace_stages(timings: Timings) -> None:
    """Adds a span per stage to the request's span: one after the other, the last of them ends now."""
    if not trace.get_current_span().is_recording():
        return
    at = time.time_ns() - _nanoseconds(timings.total)
    for stage, seconds in [*timings.stages()][:-1]:  # the last is the total
        ends = at + _nanoseconds(seconds)
        _tracer.start_span(stage, start_time=at).end(ends)
        at = ends


def _nanoseconds(seconds: float) -> int:
    return round(1e9 * seconds)
