"""A line in the log for each request: what came of it and where its time went; nothing of the photo, no key."""

import logging
from typing import Any, Final

from opentelemetry import trace

from service.api.middleware.request_observer import Answered, Listener
from service.engine.model.card import Card
from service.engine.photo.timings import STAGES

log = logging.getLogger(__name__)

PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What is asked every few seconds by those who watch the service; as long as all is well, that is for debugging."""


def request_log(card: Card) -> Listener:
    """Logs requests to a service of this model."""
    model = f"{card.name} {card.version}"

    def answered(answer: Answered) -> None:
        quiet = answer.route in PROBES and answer.status < 400
        message = f"{answer.method} {answer.route} {answer.status}"
        log.log(logging.DEBUG if quiet else logging.INFO, message, extra={"fields": _fields(answer, model)})

    return answered


def _fields(answer: Answered, model: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "request_id": answer.request_id,
        "method": answer.method,
        "route": answer.route,
        "status": answer.status,
        "received": answer.received,
        "sent": answer.sent,
        "ms": _milliseconds(answer.seconds),
    }
    if answer.timings:
        stages = {stage: _milliseconds(getattr(answer.timings, stage)) for stage in STAGES}
        fields |= {"model": model, "stages": stages}
    if answer.problem:
        fields["problem"] = answer.problem
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        fields["trace_id"] = trace.format_trace_id(span.trace_id)
    return fields


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 2)
