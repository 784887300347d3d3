"""What the service says about itself at /metrics."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.benchmarks.servers import Server

UNDER_WAY = "jppnet_under_way_photos"
PHOTOS_RUN = "jppnet_batch_photos_sum"


def read_metrics(server: Server) -> dict[str, float]:
    """The service's metrics by name, without their labels; samples that differ only in labels are added up."""
    answer = httpx.get(f"{server.url}/metrics", timeout=20)
    totals: dict[str, float] = {}
    if answer.status_code == 200:
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if sample.name.startswith("jppnet_"):
                    totals[sample.name] = totals.get(sample.name, 0) + sample.value
    return totals
