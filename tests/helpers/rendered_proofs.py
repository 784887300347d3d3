"""How a sample's joints are held against its own label map."""

import numpy as np

from training.labels.lip import JOINT_ID, LABEL_ID

REACH = 6
"""Pixels."""

SLEEVES = ("glove", "upper-clothes", "coat", "dress", "jumpsuits")
LEGWEAR = ("socks", "pants", "jumpsuits", "skirt", "dress", "coat")

ON = {
    "left-wrist": ("left-arm", *SLEEVES),
    "right-wrist": ("right-arm", *SLEEVES),
    "left-ankle": ("left-leg", "left-shoe", *LEGWEAR),
    "right-ankle": ("right-leg", "right-shoe", *LEGWEAR),
    "head-top": ("hat", "hair", "face"),
}
"""Which labels a visible joint may lie on."""


def lies_on(labels, point, names):
    """Whether a label of ``names`` lies within ``REACH`` of a point (x, y) of a label map (H, W)."""
    rows, columns = np.nonzero(np.isin(labels, [LABEL_ID[name] for name in names]))
    return bool(((columns - point[0]) ** 2 + (rows - point[1]) ** 2 <= REACH**2).any())


def hits(samples):
    """Joint → for each sample on which it is visible, whether it lies on its own parts."""
    found = {joint: [] for joint in ON}
    for sample in samples:
        for joint, names in ON.items():
            x, y, visible = sample.joints[JOINT_ID[joint]]
            if visible == 1:
                found[joint].append(lies_on(sample.labels, (x, y), names))
    return found
