"""Scenarios for promtool: every series begins as the service begins it, and grows as a scenario says.

The beginnings come from a scrape of a service that has answered nothing yet. A counter that is missing in it has
no value until it first grows, as it would be in Prometheus.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

INTERVAL: Final = 15
"""Seconds between two scrapes."""
Scrape = dict[str, float]
"""Value by series, in Prometheus' notation, without job and instance."""


def read_scrape(text: str) -> Scrape:
    """The series of an exposition."""
    families = text_string_to_metric_families(text)
    return {series(s.name, **s.labels): s.value for family in families for s in family.samples}


def series(name: str, **labels: str) -> str:
    """A series in Prometheus' notation, with its labels in order."""
    return name + "{" + ", ".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}"


@dataclass(frozen=True)
class Expected:
    """Whether an alert fires so many seconds after the start: with this summary and these labels, or (None) not."""

    seconds: int
    alert: str
    summary: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """As an entry of promtool's ``alert_rule_test``."""
        fired = {"exp_labels": dict(self.labels), "exp_annotations": {"summary": self.summary}}
        return {
            "eval_time": f"{self.seconds}s",
            "alertname": self.alert,
            "exp_alerts": [fired] if self.summary else [],
        }


@dataclass(frozen=True)
class Scenario:
    """What happens to a replica, or to several.

    ``growth`` maps a series to what it grows by at each scrape, or to a list of those; after the end of a list nothing
    grows. ``values`` maps a series to its values, for gauges and for what is Prometheus' own.
    """

    name: str
    expected: Sequence[Expected]
    growth: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    values: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    scrapes: int = 81

    def test(self, begin: Scrape) -> dict[str, Any]:
        """The scenario as an entry of promtool's ``tests``."""
        unknown = [name for name in self.growth if _family(name) not in {_family(known) for known in begin}]
        assert not unknown, f"the service has no metrics {unknown}"
        rows: dict[str, list[float | None]] = {name: [value] * self.scrapes for name, value in begin.items()}
        rows |= {name: self._grown(begin.get(name), growth) for name, growth in self.growth.items()}
        given = {_with_target(name): row for name, row in rows.items()}
        given.setdefault('up{job="jppnet", instance="a"}', [1] * self.scrapes)
        given |= {_with_target(name): list(row) for name, row in self.values.items()}
        return {
            "name": self.name,
            "interval": f"{INTERVAL}s",
            "input_series": [{"series": name, "values": " ".join(_notation(row))} for name, row in given.items()],
            "alert_rule_test": [one.entry() for one in self.expected],
        }

    def _grown(self, begin: float | None, growth: float | Sequence[float]) -> list[float | None]:
        steps = list(growth) if isinstance(growth, Sequence) else [0, *[growth] * (self.scrapes - 1)]
        steps += [0] * (self.scrapes - len(steps))
        row: list[float | None] = []
        value = begin
        for step in steps[: self.scrapes]:
            if step:
                value = (value or 0) + step
            row.append(value)
        return row


def _notation(row: Sequence[float | None]) -> Iterator[str]:
    """Values as promtool reads them. A series that ends is marked as stale, as Prometheus does with lost targets."""
    before: float | None = None
    for value in row:
        yield f"{value:g}" if value is not None else "_" if before is None else "stale"
        before = value


def _family(name: str) -> str:
    return name.partition("{")[0]


def _with_target(name: str) -> str:
    """The series as Prometheus keeps it: of the job, and of replica “a” unless another is named."""
    family, _, rest = name.partition("{")
    if ":" in family:  # made by a rule
        return name
    labels = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    return series(family, **{"instance": "a", "job": "jppnet"} | labels)
