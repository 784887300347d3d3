"""The pixel budget bounds what is worked on at once; who waits is served in the order of coming."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from service.engine.scheduling.pixel_budget import PixelBudget


class Worker:
    """A thread that takes pixels, and holds them until a test lets it end."""

    def __init__(self, budget: PixelBudget, pixels: int) -> None:
        self._budget, self._pixels = budget, pixels
        self._holds, self._may_end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        with self._budget.hold(self._pixels):
            self._holds.set()
            assert self._may_end.wait(20)

    def holds(self) -> bool:
        """Whether it has its pixels, or gets them soon."""
        return self._holds.wait(20)

    def waits(self) -> bool:
        """Whether it has none yet, though there was time."""
        return not self._holds.wait(0.05)

    def end(self) -> None:
        """Gives its pixels back."""
        self._may_end.set()
        self._thread.join(20)


def test_what_fits_goes_at_once_and_the_rest_waits() -> None:
    budget = PixelBudget(100)
    first, second = Worker(budget, 60), Worker(budget, 40)
    assert first.holds()
    assert second.holds()
    third = Worker(budget, 1)
    assert third.waits()
    assert budget.in_use == 100
    second.end()
    assert third.holds()
    assert budget.in_use == 61
    first.end()
    third.end()
    assert budget.in_use == 0


def test_nobody_overtakes_not_even_the_small() -> None:
    budget = PixelBudget(100)
    first = Worker(budget, 60)
    assert first.holds()
    large = Worker(budget, 80)
    assert large.waits()
    small = Worker(budget, 10)
    assert small.waits()
    first.end()
    assert large.holds()
    assert small.holds()
    large.end()
    small.end()


def test_a_photo_larger_than_the_budget_goes_alone() -> None:
    budget = PixelBudget(100)
    first = Worker(budget, 10)
    assert first.holds()
    huge = Worker(budget, 500)
    assert huge.waits()
    first.end()
    assert huge.holds()
    other = Worker(budget, 1)
    assert other.waits()
    huge.end()
    assert other.holds()
    other.end()


@given(st.lists(st.tuples(st.integers(1, 150), st.booleans()), max_size=25))
def test_the_budget_is_kept_and_comes_back_whole(photos: list[tuple[int, bool]]) -> None:
    """Photos of any sizes, some of which fail."""
    budget = PixelBudget(100)

    def work(pixels: int, fails: bool) -> int:
        with budget.hold(pixels):
            if fails:
                raise ValueError("broken")
            return budget.in_use if budget.in_use != pixels else 0

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, *photo) for photo in photos]:
            assert future.exception() or future.result() <= 100
    assert budget.in_use == 0
