"""The admission lets in so many photos and no more, and tells the others when to come back."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.engine.errors import OverloadError
from service.engine.scheduling.admission import Admission


def test_the_limit_counts_photos_under_way() -> None:
    admission = Admission(limit=2, photos_per_second=10)
    with admission.enter():
        with admission.enter():
            with pytest.raises(OverloadError), admission.enter():
                pass
            assert admission.under_way == 2
        with admission.enter():
            pass
    assert admission.under_way == 0


def test_a_photo_that_fails_gives_its_place_back() -> None:
    admission = Admission(limit=1, photos_per_second=10)
    with pytest.raises(ValueError, match="broken"), admission.enter():
        raise ValueError("broken")
    admission.check()


def test_the_wait_is_what_the_photos_under_way_need_at_the_measured_pace() -> None:
    admission = Admission(limit=30, photos_per_second=10)
    slots = [admission.enter() for _ in range(30)]
    for slot in slots:
        slot.__enter__()
    with pytest.raises(OverloadError) as refused:
        admission.check()
    assert refused.value.retry_after == 3


def test_a_photo_takes_as_many_places_as_it_needs_runs_of_the_model() -> None:
    admission = Admission(limit=4, photos_per_second=1)
    with admission.enter(3):
        with pytest.raises(OverloadError) as refused:
            admission.check(2)
        assert refused.value.retry_after == 3
        admission.check(1)
    assert admission.under_way == 0


def test_a_photo_that_needs_more_places_than_there_are_is_let_in_alone() -> None:
    admission = Admission(limit=4, photos_per_second=1)
    with admission.enter(), pytest.raises(OverloadError):
        admission.check(5)
    with admission.enter(5), pytest.raises(OverloadError):
        admission.check()


def test_a_photo_that_turns_out_to_need_more_enters_again_with_the_rest() -> None:
    admission = Admission(limit=10, photos_per_second=1)
    with admission.enter():
        with admission.enter(8, held=1):
            assert admission.under_way == 9
        assert admission.under_way == 1
        with admission.enter(), pytest.raises(OverloadError) as refused, admission.enter(9, held=1):
            pass
        assert refused.value.retry_after == 2
        assert admission.under_way == 1, "what was refused holds nothing"
        with admission.enter(20, held=1):
            assert admission.under_way == 21, "alone, a photo may need more than there is"


def test_threads_may_enter_side_by_side() -> None:
    admission = Admission(limit=10**6, photos_per_second=1)

    def come_and_go(_: int) -> None:
        for _ in range(2000):
            with admission.enter(3):
                pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, range(4)))
    assert admission.under_way == 0


def test_the_pace_follows_what_is_measured() -> None:
    admission = Admission(limit=1, photos_per_second=0.01)
    for _ in range(60):
        with admission.enter():
            pass
    with admission.enter(), pytest.raises(OverloadError) as refused:
        admission.check()
    assert refused.value.retry_after == 1


def test_idle_time_does_not_count_as_work() -> None:
    admission = Admission(limit=1, photos_per_second=1e6)
    with admission.enter():
        pass
    time.sleep(0.05)
    with admission.enter():
        pass
    assert admission._seconds_per_photo < 0.004
