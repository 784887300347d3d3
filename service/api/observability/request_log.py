"""The request log: a line for each request with its status and timings; nothing of the photo, and of a
key only its mark."""

import logging
from typing import Any, Final

from opentelemetry import trace

from service.api.observability.request_record import RequestRecord

log = logging.getLogger(__name__)

PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Routes that monitoring calls every few seconds; while they succeed, they are logged for debugging only."""


def log_request(record: RequestRecord) -> None:
    """A listener that logs requests."""
    quiet = record.route in PROBES and record.status < 400
    message = f"{record.method} {record.route} {record.status}"
    log.log(logging.DEBUG if quiet else logging.INFO, message, extra={"fields": _fields(record)})


def _fields(record: RequestRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "request_id": record.request_id,
        "method": record.method,
        "route": record.route,
        "status": record.status,
        "received": record.received,
        "sent": record.sent,
        "ms": _milliseconds(record.seconds),
        "client": record.client,
    }
    if record.key:
        fields["key"] = record.key
    if record.stats:
        stages = {stage: _milliseconds(seconds) for stage, seconds in record.stats.timings.stages()}
        fields |= {"model": record.model, "stages": stages, "runs": record.stats.runs}
        if record.stats.people is not None:
            fields["people"] = record.stats.people
    if record.problem:
        fields["problem"] = record.problem
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        fields["trace_id"] = trace.format_trace_id(span.trace_id)
    return fields


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 2)
