"""Traces: a span of each photo's request, and in it one for each stage of its line."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.api.observability.traces import name_service
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serving import serving
from tests.helpers.toy_model import paint, png

PHOTO = png(paint(192, 256, {1: (40, 80, 80, 80)}))
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""The header traceparent of a client that traces: a trace's id and the span's that calls."""


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Keeps the spans. OpenTelemetry takes a provider once for a whole process, as a service does."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def client(toy_path: Path, exporter: InMemorySpanExporter) -> Iterator[httpx.Client]:
    exporter.clear()
    settings = Settings(model=toy_path)
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        yield client


def finished(exporter: InMemorySpanExporter, *names: str) -> dict[str, ReadableSpan]:
    """The spans by name, once there are those; a request's span ends after its answer."""
    until = time.monotonic() + 10
    while True:
        spans = {span.name: span for span in exporter.get_finished_spans()}
        if spans.keys() >= set(names) or time.monotonic() > until:
            assert spans.keys() == set(names)
            return spans
        time.sleep(0.01)


def test_each_stage_is_a_span_within_the_requests(client: httpx.Client, exporter: InMemorySpanExporter) -> None:
    assert client.post("/pose", content=PHOTO, headers={"traceparent": CALLER}).status_code == 200
    spans = finished(exporter, "POST /pose", "decode", "queue", "device", "encode")
    request = spans["POST /pose"]
    assert trace.format_trace_id(request.context.trace_id) == CALLER.split("-")[1]
    assert request.parent is not None
    assert trace.format_span_id(request.parent.span_id) == CALLER.split("-")[2]
    at = request.start_time
    for stage in ("decode", "queue", "device", "encode"):
        assert spans[stage].parent == request.context
        assert at <= spans[stage].start_time <= spans[stage].end_time
        at = spans[stage].end_time
    assert at <= request.end_time


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "jppnet"),
        ({"OTEL_SERVICE_NAME": "parser"}, "parser"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test,service.name=parser"}, "parser"),
    ],
)
def test_the_service_has_a_name_in_traces(given: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    name_service()
    assert Resource.create().attributes["service.name"] == name


def test_a_photo_that_is_refused_has_no_stages(client: httpx.Client, exporter: InMemorySpanExporter) -> None:
    client.post("/pose", content=b"no photo")
    attributes = finished(exporter, "POST /pose")["POST /pose"].attributes
    assert attributes is not None
    assert attributes["http.response.status_code"] == 415


def test_who_watches_is_not_traced(client: httpx.Client, exporter: InMemorySpanExporter) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/model"):
        client.get(path)
    finished(exporter, "GET /model")
