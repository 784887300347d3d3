"""The pixel budget bounds what is worked on at once; who waits is served in the order of coming."""

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from service.engine.budget import PixelBudget


async def settle() -> None:
    """Lets every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def waits(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Runs a test in an event loop."""
    return lambda: asyncio.run(asyncio.wait_for(test(), 20))  # type: ignore[arg-type]


@waits
async def test_what_fits_goes_at_once_and_the_rest_waits() -> None:
    budget = PixelBudget(100)
    await budget.take(60)
    await budget.take(40)
    third = asyncio.create_task(budget.take(1))
    await settle()
    assert not third.done()
    assert budget.in_use == 100
    budget.give_back(40)
    await third
    assert budget.in_use == 61


@waits
async def test_nobody_overtakes_not_even_the_small() -> None:
    budget = PixelBudget(100)
    await budget.take(60)
    large = asyncio.create_task(budget.take(80))
    await settle()
    small = asyncio.create_task(budget.take(10))
    await settle()
    assert not large.done()
    assert not small.done()
    budget.give_back(60)
    await asyncio.gather(large, small)
    assert budget.in_use == 90


@waits
async def test_a_photo_larger_than_the_budget_goes_alone() -> None:
    budget = PixelBudget(100)
    await budget.take(10)
    huge = asyncio.create_task(budget.take(500))
    await settle()
    assert not huge.done()
    budget.give_back(10)
    await huge
    other = asyncio.create_task(budget.take(1))
    await settle()
    assert not other.done()
    budget.give_back(500)
    await other


@waits
async def test_who_leaves_the_line_lets_the_next_come() -> None:
    budget = PixelBudget(100)
    await budget.take(60)
    large = asyncio.create_task(budget.take(80))
    await settle()
    small = asyncio.create_task(budget.take(40))
    await settle()
    large.cancel()
    await small
    assert budget.in_use == 100


@waits
async def test_who_leaves_just_as_the_turn_comes_gives_it_back() -> None:
    budget = PixelBudget(100)
    await budget.take(100)
    leaves, stays = asyncio.create_task(budget.take(70)), asyncio.create_task(budget.take(50))
    await settle()
    budget.give_back(100)  # the turn of the first, which does not know yet
    leaves.cancel()
    await stays
    assert budget.in_use == 50


@given(st.lists(st.tuples(st.integers(1, 150), st.integers(0, 6), st.booleans()), max_size=25))
def test_the_budget_is_kept_and_comes_back_whole(photos: list[tuple[int, int, bool]]) -> None:
    """Photos of any sizes that take any time, some of which are cancelled after as long."""

    async def run() -> None:
        budget = PixelBudget(100)

        async def work(pixels: int, steps: int) -> None:
            await budget.take(pixels)
            try:
                assert budget.in_use <= 100 or budget.in_use == pixels
                for _ in range(steps):
                    await asyncio.sleep(0)
            finally:
                budget.give_back(pixels)

        tasks = []
        for pixels, steps, is_cancelled in photos:
            tasks.append(asyncio.create_task(work(pixels, steps)))
            for _ in range(steps):
                await asyncio.sleep(0)
            if is_cancelled:
                tasks[-1].cancel()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        assert budget.in_use == 0

    asyncio.run(run())
