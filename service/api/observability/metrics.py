"""The metrics that Prometheus reads. Names and labels are part of the API; each label has few values."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from service.api.connection.connections import REASONS, Connections
from service.api.observability.request_record import RequestRecord
from service.api.problems.types import HUNG_UP, INTERNAL_ERROR, PROBLEM_TYPES
from service.api.request.upload_budget import UploadBudget
from service.engine.model.session import bucket
from service.engine.photo.timings import STAGES
from service.engine.served_engine import RESULTS, ServedEngine
from service.memory import usable_memory
from service.settings import Settings
from service.version import __version__

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the histograms' buckets."""
COUNTS: Final = (0, 1, 2, 3, 4, 6, 9, 14, 20, 32)
"""Upper ends of the buckets of people and runs."""


class Metrics:
    """The metrics of one app around one engine, in a registry of their own."""

    def __init__(
        self, served: ServedEngine, settings: Settings, uploads: UploadBudget, connections: Connections | None
    ) -> None:
        """Subscribes to the engine and to the server's connections."""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("jppnet_build", "the service's version", registry=registry).info({"version": __version__})
        registry.register(ModelCollector(served))
        self._count_requests(registry)
        self._time_stages(registry)
        self._count_batches(registry, served.engine.info.batch_sizes)
        _gauge(registry, served, settings, uploads, connections)
        served.subscribe(lambda taken: taken.subscribe(self.batch_ran))
        if connections:
            self._count_connections(registry, connections)

    def expect(self, router: APIRouter, *statuses: int) -> None:
        """Begins the counters of a router's routes at 0, for the statuses that they document and these further ones.

        Prometheus sees no increase in a series that begins at 1: an alert would miss the first error.
        """
        for route in router.routes:
            if isinstance(route, APIRoute):
                for status in {"200", *map(str, route.responses), *map(str, statuses)}:
                    self._requests.labels(route.path, status)
                self._request_seconds.labels(route.path)

    def _count_connections(self, registry: CollectorRegistry, connections: Connections) -> None:
        self._ended = Counter(
            "jppnet_connections_ended", "connections that the service ended, by why", ("reason",), registry=registry
        )
        for reason in REASONS:
            self._ended.labels(reason)
        connections.on_end = self.connection_ended

    def _count_requests(self, registry: CollectorRegistry) -> None:
        self._requests = Counter("jppnet_requests", "requests answered", ("route", "status"), registry=registry)
        self._request_seconds = Histogram(
            "jppnet_request_seconds", "from a request's head to the end of its answer", ("route",),
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._rejected = Counter(
            "jppnet_rejected", "photos that got no answer, by the problem's name", ("reason",), registry=registry
        )
        for problem_type in (*PROBLEM_TYPES.values(), INTERNAL_ERROR, HUNG_UP):
            self._rejected.labels(problem_type.slug)

    def _time_stages(self, registry: CollectorRegistry) -> None:
        stages = Histogram(
            "jppnet_stage_seconds", "time that a photo spent in a stage; queue is all waiting", ("stage",),
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._stages = {name: stages.labels(name) for name in STAGES}
        self._people = Histogram(
            "jppnet_photo_people", "people found in a photo, where they were looked for", buckets=COUNTS,
            registry=registry,
        )  # fmt: skip
        self._runs = Histogram(
            "jppnet_photo_runs", "runs of the model that a photo took", buckets=COUNTS, registry=registry
        )

    def _count_batches(self, registry: CollectorRegistry, sizes: Sequence[int]) -> None:
        self._batch = Histogram("jppnet_batch_photos", "photos in a run of the model", buckets=sizes, registry=registry)
        self._busy = Counter(
            "jppnet_device_seconds", "time that the model ran, of all lanes together", registry=registry
        )
        self._slots = Counter("jppnet_slots", "places in the batches that were run", registry=registry)
        self._padded = Counter("jppnet_padded_slots", "places of them that no photo was in", registry=registry)

    def batch_ran(self, photos: int, seconds: float) -> None:
        """Counts a run of the model."""
        self._busy.inc(seconds)
        slots = bucket(photos)
        self._batch.observe(photos)
        self._slots.inc(slots)
        self._padded.inc(slots - photos)

    def connection_ended(self, reason: str) -> None:
        """Counts a connection that the service refused or ended."""
        self._ended.labels(reason).inc()

    def request_answered(self, record: RequestRecord) -> None:
        """Counts an answer, and where its photo's time went."""
        self._requests.labels(record.route, str(record.status)).inc()
        self._request_seconds.labels(record.route).observe(record.seconds)
        if record.stats:
            for stage, seconds in record.stats.timings.stages():
                self._stages[stage].observe(seconds)
            self._runs.observe(record.stats.runs)
            if record.stats.people is not None:
                self._people.observe(record.stats.people)
        if record.method == "POST" and record.problem:
            self._rejected.labels(record.problem).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class ModelCollector(Collector):
    """The open models, and how many replacements there were: read when Prometheus asks."""

    def __init__(self, served: ServedEngine) -> None:
        self._served = served

    def collect(self) -> Iterator[Metric]:
        """The info of each open model, and the counter of replacements."""
        names = ("model", "version", "provider", "precision", "state")
        models = GaugeMetricFamily("jppnet_model_info", "the models that are open, and what runs them", labels=names)
        serving, *draining = self._served.open_engines
        for state, engines in (("serving", [serving]), ("draining", draining)):
            for engine in engines:
                card = engine.card
                models.add_metric((card.name, card.version, engine.info.provider, card.precision, state), 1)
        for other in self._served.others:
            if other.state == "opening":
                models.add_metric((other.name, "", serving.info.provider, "", other.state), 1)
        yield models
        counter = CounterMetricFamily(
            "jppnet_model_replacements", "replacements of the model without a restart", labels=("result",)
        )
        for result in RESULTS:
            counter.add_metric((result,), self._served.replacements[result])
        yield counter


def _gauge(
    registry: CollectorRegistry,
    served: ServedEngine,
    settings: Settings,
    uploads: UploadBudget,
    connections: Connections | None,
) -> None:
    """Registers the gauges, which are read when Prometheus asks."""
    memory = usable_memory()
    gauges: list[tuple[str, str, Callable[[], float]]] = [
        ("jppnet_lanes", "threads that run the model side by side", lambda: served.engine.info.lanes),
        ("jppnet_queue_photos", "photos that wait for the device", lambda: served.stats().queued),
        ("jppnet_under_way_photos", "photos that are in and not yet answered", lambda: served.stats().under_way),
        ("jppnet_queue_size", "photos that may be in at once", lambda: settings.queue_size),
        ("jppnet_memory_limit_bytes", "memory that the service may use", lambda: memory),
        ("jppnet_pixels_at_work", "pixels that are being decoded or drawn", lambda: served.stats().pixels_at_work),
        ("jppnet_upload_bytes", "bytes of request bodies that are held, or announced", lambda: uploads.in_use),
    ]
    if connections:
        gauges.append(("jppnet_connections", "connections that are open", lambda: connections.count))
    for name, meaning, read in gauges:
        Gauge(name, meaning, registry=registry).set_function(read)
