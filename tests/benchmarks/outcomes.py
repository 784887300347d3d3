"""What became of requests that were sent at given times, whether the server kept up or not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request: when it was due and when its answer was complete, in seconds from the start."""

    due: float
    ended: float | None
    """None: there was no answer."""
    status: int = 0
    is_proper_refusal: bool = False
    """A problem of status 503 or 504 with Retry-After."""


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """What came of a steady stream of requests."""

    offered_per_second: float
    goodput_per_second: float
    """Photos answered with 200 within the time that requests were sent."""
    sent: int
    answered: int
    refused: int
    """Answers of status 503 or 504 that are problems with Retry-After."""
    improper: int
    """Any other answers."""
    unanswered: int
    p50_ms: float | None
    p99_ms: float | None
    """Of the answers with 200, from when the request was due; a client that sends late is no excuse."""
    generator_cores: float
    """Cores that the load generator itself took."""


def due_times(per_second: float, seconds: float) -> list[float]:
    """When requests are due: evenly spaced from 0, all before ``seconds``."""
    return [number / per_second for number in range(round(per_second * seconds))]


def summarize(outcomes: Sequence[Outcome], seconds: float, generator_cores: float = 0) -> OpenLoop:
    """Counts what became of the requests that were due within some seconds."""
    answered = [outcome for outcome in outcomes if outcome.ended is not None and outcome.status == 200]
    refused = sum(outcome.is_proper_refusal for outcome in outcomes)
    unanswered = sum(outcome.ended is None for outcome in outcomes)
    latencies = [1e3 * (outcome.ended - outcome.due) for outcome in answered if outcome.ended is not None]
    return OpenLoop(
        offered_per_second=len(outcomes) / seconds,
        goodput_per_second=sum(outcome.ended <= seconds for outcome in answered if outcome.ended is not None) / seconds,
        sent=len(outcomes),
        answered=len(answered),
        refused=refused,
        improper=len(outcomes) - len(answered) - refused - unanswered,
        unanswered=unanswered,
        p50_ms=quantile(latencies, 0.5),
        p99_ms=quantile(latencies, 0.99),
        generator_cores=generator_cores,
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """The least value that so large a share of the values does not exceed; None of none."""
    return float(np.quantile(values, share, method="inverted_cdf")) if len(values) else None
