"""The skeleton is drawn where the joints are, and only as far as they are seen."""

import numpy as np

from service.imaging.skeleton import draw_skeleton

JOINTS = np.array([[40.0, 30.0], [40.0, 130.0], [160.0, 130.0]])
BONES = [(0, 1), (1, 2)]


def drawn(*visible: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    picture = np.full((200, 240, 3), 90, np.uint8)
    draw_skeleton(picture, JOINTS, BONES, np.array(visible))
    return np.asarray((picture != 90).any(-1))


def test_joints_and_bones_lie_where_they_should() -> None:
    changed = drawn(True, True, True)
    for x, y in ((40, 30), (40, 130), (160, 130), (40, 80), (100, 130)):
        assert changed[y, x]
    assert not changed[:, :30].any()
    assert not changed[:20].any()
    assert not changed[50:100, 60:].any()


def test_a_joint_that_is_not_seen_is_left_out_with_its_bones() -> None:
    changed = drawn(True, True, False)
    assert changed[80, 40]
    assert not changed[:, 60:].any()


def test_bones_have_colours_of_their_own() -> None:
    picture = np.full((200, 240, 3), 90, np.uint8)
    draw_skeleton(picture, JOINTS, BONES, np.ones(3, np.bool_))
    assert picture[80, 40].tolist() != picture[130, 100].tolist()


def test_a_model_without_bones_and_a_picture_of_one_pixel() -> None:
    picture = np.zeros((1, 1, 3), np.uint8)
    draw_skeleton(picture, np.zeros((1, 2)), [], np.ones(1, np.bool_))
    assert picture.any()
