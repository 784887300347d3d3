"""Outlines around people."""

import numpy as np

from service.imaging.outline import draw_outlines


def test_each_person_has_an_outline_in_their_colour_and_nobody_has_none() -> None:
    instances = np.zeros((100, 120), np.uint8)
    instances[20:60, 10:40], instances[30:90, 70:110] = 1, 3
    colors = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    picture = np.zeros((100, 120, 3), np.uint8)
    draw_outlines(picture, instances, colors)
    assert picture[20, 25].tolist() == [250, 0, 0]
    assert picture[60, 110 - 1].tolist() == [0, 0, 250]
    assert not picture[40, 25].any(), "within"
    assert not picture[5, 5].any(), "without"
    assert not (picture[..., 1] > 0).any(), "who is not there"
