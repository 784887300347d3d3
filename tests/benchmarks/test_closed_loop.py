"""What wrk's script prints is read as it is, and silence is no result."""

import pytest

from tests.benchmarks.closed_loop import ClosedLoop, parse_wrk

PRINTED = """\
Running 5s test @ http://127.0.0.1:9101
  1 threads and 8 connections
  Latency Distribution
     50%  119.69ms
Requests/sec:     66.02
RESULT {"photos_per_second": 66.333333, "p50_ms": 119.693000, "p99_ms": 181.824000, "answers": 264, "failures": 2}
"""


def test_the_result_is_read() -> None:
    assert parse_wrk(PRINTED, 0.25) == ClosedLoop(66.333333, 119.693, 181.824, 264, 2, 0.25)


@pytest.mark.parametrize(
    "output",
    [
        "unable to connect to 127.0.0.1:9103 Connection refused\n",
        'RESULT {"photos_per_second": 0.0, "p50_ms": 0.0, "p99_ms": 0.0, "answers": 0, "failures": 64}\n',
        PRINTED + PRINTED,
    ],
)
def test_no_answer_is_an_error(output: str) -> None:
    with pytest.raises(RuntimeError, match="gave no"):
        parse_wrk(output)
