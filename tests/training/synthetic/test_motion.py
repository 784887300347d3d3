import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from training.synthetic.motion import MotionBone, Skeleton, read_motion, read_skeleton
from training.synthetic.poses import jittered, mirrored, upright_part

ASF = """:units
  angle deg
:bonedata
  begin
     id 1
     name lfemur
     direction 0 -1 0
     length 7
     axis 0 0 0  XYZ
    dof rx ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
           (-60.0 70.0)
  end
  begin
     id 2
     name ltibia
     direction 0 -1 0
     length 7
     axis 0 0 0  XYZ
    dof rx
    limits (-10.0 170.0)
  end
:hierarchy
  begin
    root lfemur
    lfemur ltibia
  end
"""
AMC = """:FULLY-SPECIFIED
:DEGREES
1
root 10 16 -30 0 90 0
lfemur -90 0 0
ltibia 90
2
root 10 16 -30 0 0 0
lfemur 0 0 0
ltibia 0
"""


@pytest.fixture
def skeleton(tmp_path):
    (tmp_path / "01.asf").write_text(ASF)
    return read_skeleton(tmp_path / "01.asf")


def test_a_skeleton_is_read(skeleton):
    assert list(skeleton.bones) == ["lfemur", "ltibia"]
    assert skeleton.bones["ltibia"].parent == "lfemur"
    assert skeleton.bones["lfemur"].limits.tolist() == [[-160, 20], [-70, 70], [-60, 70]]


def test_a_motion_is_read_without_the_way_that_was_walked(tmp_path):
    (tmp_path / "01_01.amc").write_text(AMC)
    first, second = read_motion(tmp_path / "01_01.amc")
    assert first == {"root": (0, 90, 0), "lfemur": (-90, 0, 0), "ltibia": (90,)}
    assert second["ltibia"] == (0,)


def test_a_bent_hip_and_knee_by_hand(skeleton):
    """A thigh lifted by 90° points forward (+z); the knee bent by 90°, the shin hangs again."""
    turned = skeleton.world_rotations({"lfemur": (-90, 0, 0), "ltibia": (90,)})
    assert turned["lfemur"] @ [0, -1, 0] == pytest.approx([0, 0, 1])
    assert turned["ltibia"] @ [0, -1, 0] == pytest.approx([0, -1, 0])


def test_the_root_turns_everything(skeleton):
    """A quarter turn to the left: what pointed forward points to the person's former left (+x)."""
    turned = skeleton.world_rotations({"root": (0, 90, 0), "lfemur": (-90, 0, 0)})
    assert turned["lfemur"] @ [0, -1, 0] == pytest.approx([1, 0, 0])


def test_angles_beyond_the_limits_are_clipped(skeleton):
    clipped = skeleton.clipped({"root": (500, 0, 0), "ltibia": (200,), "lfemur": (0, -80, 0)})
    assert clipped == {"root": (500, 0, 0), "ltibia": (170,), "lfemur": (0, -70, 0)}


def test_an_empty_skeleton_is_refused(tmp_path):
    (tmp_path / "x.asf").write_text("nothing")
    with pytest.raises(ValueError, match=r"x\.asf.*no bones"):
        read_skeleton(tmp_path / "x.asf")


angles = st.floats(-170, 170)


@given(st.tuples(angles, angles, angles), st.integers(0, 2**32 - 1))
def test_jitter_stays_within_the_limits_or_within_the_recording(thigh, seed):
    limits = np.array([[-160, 20], [-70, 70], [-60, 70]])
    bone = MotionBone("lfemur", "root", np.array([0, -1, 0]), np.eye(3), ("rx", "ry", "rz"), limits)
    moved = jittered({"lfemur": thigh}, Skeleton({"lfemur": bone}), 30.0, np.random.default_rng(seed))["lfemur"]
    for angle, was, (low, high) in zip(moved, thigh, limits, strict=True):
        assert min(low, was) <= angle <= max(high, was)


def test_a_mirrored_frame_by_hand():
    frame = {"root": (1, 2, 3), "lfemur": (4, 5, 6), "rfemur": (7, 8, 9), "ltibia": (10,), "rtibia": (11,)}
    assert mirrored(frame) == {
        "root": (1, -2, -3),
        "lfemur": (7, -8, -9),
        "rfemur": (4, -5, -6),
        "ltibia": (11,),
        "rtibia": (10,),
    }


def test_a_foot_has_angles_about_x_and_z_and_a_hand_too():
    frame = {"lfoot": (1, 2), "rfoot": (3, 4)}
    assert mirrored(mirrored(frame)) == frame
    assert mirrored(frame)["lfoot"] == (3, -4)


@given(angles, angles, angles)
def test_where_somebody_faced_is_taken_away(x, y, z):
    """What is left leans as before, and its forward axis has no sideways part."""
    before = Rotation.from_euler("xyz", (x, y, z), degrees=True)
    after = Rotation.from_euler("xyz", upright_part((x, y, z)), degrees=True)
    assert after.apply([0, 1, 0])[1] == pytest.approx(before.apply([0, 1, 0])[1], abs=1e-6)
    if abs(before.apply([0, 0, 1])[1]) < 0.99:
        assert after.apply([0, 0, 1])[0] == pytest.approx(0, abs=1e-6)
