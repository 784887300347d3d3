import numpy as np
import pytest

from training.data.person_crops import PersonCrop, contained_counts, person_crops


def boxes(*rows):
    return np.array(rows, np.float32)


def test_a_crop_is_the_box_and_a_margin_within_the_photo():
    ((place, crop),) = person_crops(boxes([100, 0, 100, 200]), 400, 300)
    assert place == 0
    assert (crop.left, crop.top, crop.width, crop.height) == (80, 0, 140, 240)
    assert crop.scale == pytest.approx(448 / 240)


def test_the_largest_person_comes_first():
    crops = list(person_crops(boxes([0, 0, 50, 100], [100, 0, 80, 200]), 400, 300))
    assert [place for place, _ in crops] == [1, 0]


def test_people_who_are_small_are_left_out():
    assert [place for place, _ in person_crops(boxes([0, 0, 40, 80], [50, 0, 40, 90]), 400, 300)] == [1]


def test_a_box_around_a_group_is_nobody():
    group = boxes([0, 0, 300, 200], [10, 10, 80, 150], [100, 10, 80, 150], [200, 10, 80, 150])
    assert contained_counts(group).tolist() == [3, 0, 0, 0]
    assert [place for place, _ in person_crops(group, 400, 300)] == [1, 2, 3]


def test_of_a_crowd_the_largest_are_taken():
    crowd = boxes(*([50 * number, 0, 40, 100 + number] for number in range(10)))
    assert [place for place, _ in person_crops(crowd, 600, 300)] == [9, 8, 7, 6, 5, 4]


def test_crop_and_boxes_go_together():
    crop = PersonCrop(10, 20, 30, 40, 2.0)
    image = np.zeros((100, 100, 3), np.uint8)
    image[30:40, 15:25] = 255
    cut, moved = crop.cut(image), crop.to_crop(boxes([15, 30, 10, 10]))
    assert cut.shape == (80, 60, 3)
    left, top, width, height = moved[0].astype(int)
    assert cut[top + 2 : top + height - 2, left + 2 : left + width - 2].min() > 200
    assert cut[: top - 3].max() == 0
