"""The open loop's schedule, and how what became of the requests is counted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.outcomes import OpenLoop, Outcome, due_times, quantile, summarize


def test_requests_are_due_at_even_distances_from_the_start() -> None:
    assert due_times(4, 1.5) == [0, 0.25, 0.5, 0.75, 1, 1.25]


@given(st.floats(0.5, 1000), st.integers(1, 60))
def test_the_rate_is_kept_over_the_whole_time(per_second: float, seconds: int) -> None:
    due = due_times(per_second, seconds)
    assert abs(len(due) - per_second * seconds) <= 0.5
    assert all(later > earlier for earlier, later in pairwise(due))
    assert not due or (due[0] == 0 and due[-1] < seconds)


def test_every_request_is_counted_once() -> None:
    outcomes = [
        Outcome(0.0, 0.1, 200),
        Outcome(0.5, 0.9, 200),
        Outcome(1.5, 2.5, 200),  # answered too late to be goodput of two seconds
        Outcome(1.6, 1.7, 503, is_proper_refusal=True),
        Outcome(1.7, 1.8, 503),  # no problem, or no Retry-After
        Outcome(1.8, 1.9, 500),
        Outcome(1.9, None),
    ]
    assert summarize(outcomes, 2, 0.05) == OpenLoop(
        offered_per_second=3.5,
        goodput_per_second=1,
        sent=7,
        answered=3,
        refused=1,
        improper=2,
        unanswered=1,
        p50_ms=pytest.approx(400),
        p99_ms=pytest.approx(1000),
        generator_cores=0.05,
    )


def test_latency_counts_from_when_a_photo_was_due() -> None:
    behind = [Outcome(0.01 * number, 1 + 0.01 * number, 200) for number in range(100)]
    assert summarize(behind, 1).p50_ms == pytest.approx(1000)


def test_nothing_answered_has_no_latency() -> None:
    lost = summarize([Outcome(0, None)], 1)
    assert (lost.p50_ms, lost.p99_ms, lost.unanswered, lost.goodput_per_second) == (None, None, 1, 0)


def test_quantiles_are_values_that_were_measured() -> None:
    values = list(range(1, 101))
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)) == (50, 99, 100)
    assert quantile([7], 0.99) == 7
