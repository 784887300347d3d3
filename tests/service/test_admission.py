"""The door lets in so many photos and no more, and tells the others when to come back."""

import time

import pytest

from service.engine.errors import OverloadError
from service.engine.scheduling.admission import Admission


def test_the_limit_counts_photos_under_way() -> None:
    door = Admission(limit=2, photos_per_second=10)
    with door.enter():
        with door.enter():
            with pytest.raises(OverloadError), door.enter():
                pass
            assert door.under_way == 2
        with door.enter():
            pass
    assert door.under_way == 0


def test_a_photo_that_fails_gives_its_place_back() -> None:
    door = Admission(limit=1, photos_per_second=10)
    with pytest.raises(ValueError, match="broken"), door.enter():
        raise ValueError("broken")
    door.check()


def test_the_wait_is_what_the_photos_under_way_need_at_the_measured_pace() -> None:
    door = Admission(limit=30, photos_per_second=10)
    places = [door.enter() for _ in range(30)]
    for place in places:
        place.__enter__()
    with pytest.raises(OverloadError) as refused:
        door.check()
    assert refused.value.retry_after == 3


def test_a_photo_takes_as_many_places_as_it_needs_runs_of_the_model() -> None:
    door = Admission(limit=4, photos_per_second=1)
    with door.enter(3):
        with pytest.raises(OverloadError) as refused:
            door.check(2)
        assert refused.value.retry_after == 3
        door.check(1)
    assert door.under_way == 0


def test_a_photo_that_needs_more_places_than_there_are_is_let_in_alone() -> None:
    door = Admission(limit=4, photos_per_second=1)
    with door.enter(), pytest.raises(OverloadError):
        door.check(5)
    with door.enter(5), pytest.raises(OverloadError):
        door.check()


def test_the_pace_follows_what_is_measured() -> None:
    door = Admission(limit=1, photos_per_second=0.01)
    for _ in range(60):
        with door.enter():
            pass
    with door.enter(), pytest.raises(OverloadError) as refused:
        door.check()
    assert refused.value.retry_after == 1


def test_idle_time_does_not_count_as_work() -> None:
    door = Admission(limit=1, photos_per_second=1e6)
    with door.enter():
        pass
    time.sleep(0.05)
    with door.enter():
        pass
    assert door._seconds_per_photo < 0.004
