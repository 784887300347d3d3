import json

import cv2
import numpy as np
import pytest

from training.data.openimages_source import OpenImagesPeople


@pytest.fixture
def root(tmp_path):
    """Two squeezed photos of 40×40; the first was twice as wide as high."""
    (tmp_path / "photos").mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "photos" / f"{name}.jpg"), np.full((40, 40, 3), 90, np.uint8))
    (tmp_path / "boxes.csv").write_text("photo,x,y,width,height\na,10,20,5,8\na,0,0,40,40\nb,1,2,3,4\n")
    person = {"score": 0.5, "box": [10, 20, 4, 8], "keypoints": [[10, 20, 0.9]] * 17}
    content = {"a": {"aspect": "2:1", "people": [person]}, "b": {"aspect": "1:1", "people": []}}
    (tmp_path / "multipose.json").write_text(json.dumps(content))
    return tmp_path


def test_a_photo_gets_its_aspect_back_and_keeps_its_number_of_pixels(root):
    image = OpenImagesPeople(root).read_restored("a")
    assert image.shape == (28, 57, 3)  # 40 / √2 and 40 · √2


def test_boxes_are_in_pixels_of_the_restored_photo(root):
    source, root_of_2 = OpenImagesPeople(root), 2**0.5
    boxes = source.boxes("a")
    np.testing.assert_allclose(boxes[0], [10 * root_of_2, 20 / root_of_2, 5 * root_of_2, 8 / root_of_2], rtol=1e-6)
    np.testing.assert_array_equal(source.boxes("b"), [[1, 2, 3, 4]])


def test_people_that_a_network_found_are_in_the_same_pixels(root):
    source, root_of_2 = OpenImagesPeople(root), 2**0.5
    (person,) = source.found_people("a")
    np.testing.assert_allclose(person.box, [10 * root_of_2, 20 / root_of_2, 4 * root_of_2, 8 / root_of_2], rtol=1e-6)
    np.testing.assert_allclose(person.keypoints[16], [10 * root_of_2, 20 / root_of_2, 0.9], rtol=1e-6)
    assert source.found_people("b") == []


def test_each_photo_is_in_one_split_whatever_others_there_are(root):
    splits = OpenImagesPeople(root).splits()
    assert sorted(splits["train"] + splits["val"]) == ["a", "b"]
    (root / "boxes.csv").write_text("photo,x,y,width,height\na,10,20,5,8\n")
    alone = OpenImagesPeople(root).splits()
    assert [name for name in splits["train"] if name == "a"] == alone["train"]


def test_about_a_tenth_of_the_photos_is_for_validation(root):
    rows = "".join(f"photo{number},0,0,9,9\n" for number in range(1000))
    (root / "boxes.csv").write_text(f"photo,x,y,width,height\n{rows}")
    assert 70 <= len(OpenImagesPeople(root).splits()["val"]) <= 130
