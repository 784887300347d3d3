"""Poses that the recordings lack, as angles of the motion skeleton."""

from dataclasses import dataclass

from training.synthetic.motion import Frame


@dataclass(frozen=True, slots=True)
class KeyPose:
    """Angles in degrees for both sides (given for the left, mirrored for the right), for single bones, and how the
    whole body is pitched (forward positive) and rolled. ``seat``: it rests on something under the pelvis."""

    name: str
    share: float
    both: Frame
    single: Frame
    pitch: float = 0.0
    roll: float = 0.0
    airborne: bool = False
    seat: bool = False


HANGING: Frame = {"humerus": (-22, 0, 75), "radius": (15,), "femur": (0, 0, -17), "tibia": (3,)}
KEY_POSES = (
    KeyPose("standing", 4, {}, {}),
    KeyPose("contrapposto", 2, {"radius": (40,)}, {"rtibia": (25,), "rfemur": (-18, 0, 22), "lowerback": (0, 0, 8)}),
    KeyPose("hand on hip", 2, {"humerus": (-25, 10, 50), "radius": (100,)}, {"rhumerus": (0, 0, -70),
            "rradius": (20,)}),
    KeyPose("arms crossed", 1, {"humerus": (25, -40, 65), "radius": (100,)}, {}),
    KeyPose("arms up", 2, {"humerus": (10, 0, -65), "radius": (20,)}, {}),
    KeyPose("waving", 1.5, {"humerus": (-22, 0, 74)}, {"lhumerus": (0, -30, -20), "lradius": (80,)}),
    KeyPose("pointing", 1, {"humerus": (-22, 0, 74)}, {"rhumerus": (75, 0, 0), "rradius": (5,)}),
    KeyPose("arms wide", 2, {"humerus": (0, 0, 0), "radius": (5,)}, {}),
    KeyPose("phone", 1.5, {"humerus": (-22, 0, 74)}, {"rhumerus": (30, 20, -60), "rradius": (130,)}),
    KeyPose("lunge", 1.5, {"radius": (70,)}, {"lfemur": (-75, 0, -17), "ltibia": (80,), "rfemur": (18, 0, 17),
            "rtibia": (25,)}),
    KeyPose("squat", 2, {"femur": (-100, 0, 5), "tibia": (120,), "foot": (-25, 0), "humerus": (60, 0, 20)},
            {"lowerback": (25, 0, 0)}),
    KeyPose("sitting", 5, {"femur": (-85, 0, -12), "tibia": (85,), "humerus": (20, 0, 70), "radius": (45,)},
            {}, seat=True),
    KeyPose("sitting legs crossed", 2, {"femur": (-85, 0, -16), "tibia": (80,), "humerus": (25, 0, 70),
            "radius": (60,)},
            {"lfemur": (-95, 20, -25), "ltibia": (75,)}, seat=True),
    KeyPose("sitting on the floor", 2, {"femur": (-85, 0, -5), "tibia": (10,), "humerus": (-25, 0, 60)},
            {"lowerback": (10, 0, 0)}, pitch=-10),
    KeyPose("cross-legged", 2, {"femur": (-85, 60, 15), "tibia": (120,), "humerus": (25, 0, 65),
            "radius": (40,)}, {}),
    KeyPose("kneeling", 1.5, {"femur": (-10, 0, -10), "tibia": (115,), "foot": (40, 0)}, {}),
    KeyPose("bending", 2, {"humerus": (60, 0, 40), "femur": (-60, 0, -14)}, {"lowerback": (35, 0, 0),
            "upperback": (15, 0, 0)},
            pitch=35),
    KeyPose("lying on the back", 2, {"humerus": (0, 0, 40), "radius": (30,)}, {}, pitch=-90),
    KeyPose("lying on the belly", 1, {"humerus": (0, 0, -30), "radius": (60,)}, {}, pitch=90),
    KeyPose("lying on the side", 1.5, {"femur": (-30, 0, -17), "tibia": (40,), "humerus": (50, 0, 30),
            "radius": (60,)}, {}, roll=90),
    KeyPose("push-up", 1.5, {"humerus": (85, 0, 5), "radius": (25,), "foot": (30, 0)}, {}, pitch=72),
    KeyPose("crawling", 1, {"humerus": (85, 0, 15), "femur": (-80, 0, -14), "tibia": (80,)},
            {"upperneck": (-20, 0, 0)}, pitch=75),
    KeyPose("tuck jump", 2, {"femur": (-115, 0, -8), "tibia": (115,), "humerus": (50, 0, 20)}, {}, airborne=True),
    KeyPose("star jump", 2, {"femur": (0, 0, 25), "humerus": (0, 0, -35), "radius": (5,)}, {}, airborne=True),
    KeyPose("split leap", 2, {"humerus": (20, 0, -10)}, {"lfemur": (-85, 0, -18), "rfemur": (20, 0, 15),
            "rtibia": (15,),
            "lowerback": (-10, 0, 0)}, airborne=True),
    KeyPose("kick", 1.5, {"radius": (90,), "humerus": (20, 0, 60)}, {"lfemur": (-100, 0, 10),
            "ltibia": (10,)}, pitch=-15),
    KeyPose("handstand", 4, {"humerus": (10, 0, -80), "radius": (4,)}, {}, pitch=180),
    KeyPose("handstand split", 3, {"humerus": (10, 0, -80), "radius": (4,)}, {"lfemur": (-70, 0, -15),
            "rfemur": (18, 0, 15)}, pitch=170),
    KeyPose("headstand, knees bent", 1.5, {"humerus": (60, 0, -20), "radius": (90,), "femur": (-60, 0, -10),
            "tibia": (90,)}, {}, pitch=180),
    KeyPose("cartwheel", 3, {"humerus": (0, 0, -70), "femur": (0, 0, 25), "radius": (4,)}, {}, roll=120),
    KeyPose("somersault", 2.5, {"femur": (-120, 0, -8), "tibia": (120,), "humerus": (60, 0, 30), "radius": (60,)},
            {"lowerback": (35, 0, 0), "upperback": (20, 0, 0)}, pitch=200, airborne=True),
    KeyPose("back bend", 1.5, {"humerus": (0, 0, -80), "femur": (15, 0, -12), "tibia": (50,)},
            {"lowerback": (-20, 0, 0), "upperback": (-20, 0, 0), "thorax": (-20, 0, 0)}, pitch=-80),
    KeyPose("side split", 1, {"femur": (-20, 0, 65), "humerus": (20, 0, 20)}, {}),
    KeyPose("arabesque", 1.5, {"humerus": (20, 0, 0)}, {"rfemur": (20, 0, 10), "rtibia": (5,),
            "lfemur": (-70, 0, -17)}, pitch=65),
    KeyPose("hanging", 1.5, {"humerus": (10, 0, -85), "femur": (-20, 0, -16), "tibia": (35,)}, {}, airborne=True),
    KeyPose("vault", 2, {"humerus": (70, 0, 40), "femur": (-60, 0, 10), "tibia": (20,)},
            {"lowerback": (10, 0, 5)}, pitch=70, airborne=True),
)  # fmt: skip
"""Poses that the recordings lack. Shares are relative."""
