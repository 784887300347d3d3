"""Rectangles: grown, moved, cut to a plane."""

from hypothesis import given
from hypothesis import strategies as st

from service.imaging.box import Box

boxes = st.builds(Box, st.integers(-50, 50), st.integers(-50, 50), st.integers(0, 60), st.integers(0, 60))


def test_grown_and_moved() -> None:
    assert Box(10, 20, 4, 6).grown(1, 2) == (9, 18, 6, 10)
    assert Box(10, 20, 4, 6).moved(-10, 5) == (0, 25, 4, 6)


def test_widened_on_the_sides_that_are_short() -> None:
    assert Box(10, 20, 30, 80).widened(0.75) == (10 - 15, 20, 60, 80)
    assert Box(10, 20, 60, 20).widened(0.75) == (10, 20 - 30, 60, 80)
    assert Box(10, 20, 60, 80).widened(0.75) == (10, 20, 60, 80)


def test_aligned_and_reduced_cover_the_same_pixels() -> None:
    assert Box(5, 8, 10, 8).aligned(4) == (4, 8, 12, 8)
    assert Box(4, 8, 12, 8).reduced(4) == (1, 2, 3, 2)
    assert Box(8, 8, 9, 9).reduced(4) == (2, 2, 3, 3), "the last, cut pixels of a photo of 17×17"


def test_what_lies_outside_is_cut_off() -> None:
    assert Box(-3, 5, 10, 10).within(20, 12) == (0, 5, 7, 7)
    assert Box(25, 5, 10, 10).within(20, 12)[2:] == (0, 7)


@given(boxes, st.integers(1, 40), st.integers(1, 40))
def test_within_keeps_exactly_the_common_pixels(box: Box, width: int, height: int) -> None:
    def pixels(box: Box) -> set[tuple[int, int]]:
        return {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}

    assert pixels(box.within(width, height)) == pixels(box) & pixels(Box(0, 0, width, height))
