"""Ratios are taken within a round, so that a slow round slows both sides."""

import pytest

from tests.benchmarks.ratios import Ratio, paired


def test_each_round_is_compared_with_its_own() -> None:
    # The second round was disturbed: the ratio of the medians would be 100 / 50 all the same, but by luck.
    assert paired([100, 20, 120], [50, 16, 50]) == Ratio(2, 1.25, 2.4)


def test_a_disturbance_of_both_leaves_the_ratio() -> None:
    assert paired([100, 10], [80, 8]) == Ratio(1.25, 1.25, 1.25)


def test_it_reads_median_and_range() -> None:
    assert str(Ratio(1.234, 1.1, 1.5)) == "1.23 (1.10–1.50)"


def test_rounds_must_match() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        paired([1, 2], [1])
    with pytest.raises(ValueError, match="no round"):
        paired([], [])
