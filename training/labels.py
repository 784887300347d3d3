"""The Look-into-Person (LIP) vocabulary: 20 part labels and 16 joints.

The one place where they are written. Everything else reads them from here, and the service reads them from the
model file's card. Names, order, colours and mirror pairs are those of LIP and of the original JPPNet code.
"Left" and "right" are the person's own.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Label:
    """One part label: its id (the pixel value in a label map), its name and the RGB colour that shows it."""

    id: int
    name: str
    color: tuple[int, int, int]


LABELS: Final[tuple[Label, ...]] = (
    Label(0, "background", (0, 0, 0)),
    Label(1, "hat", (128, 0, 0)),
    Label(2, "hair", (255, 0, 0)),
    Label(3, "glove", (0, 85, 0)),
    Label(4, "sunglasses", (170, 0, 51)),
    Label(5, "upper-clothes", (255, 85, 0)),
    Label(6, "dress", (0, 0, 85)),
    Label(7, "coat", (0, 119, 221)),
    Label(8, "socks", (85, 85, 0)),
    Label(9, "pants", (0, 85, 85)),
    Label(10, "jumpsuits", (85, 51, 0)),
    Label(11, "scarf", (52, 86, 128)),
    Label(12, "skirt", (0, 128, 0)),
    Label(13, "face", (0, 0, 255)),
    Label(14, "left-arm", (51, 170, 221)),
    Label(15, "right-arm", (0, 255, 255)),
    Label(16, "left-leg", (85, 255, 170)),
    Label(17, "right-leg", (170, 255, 85)),
    Label(18, "left-shoe", (255, 255, 0)),
    Label(19, "right-shoe", (255, 170, 0)),
)

LABEL_ID: Final[dict[str, int]] = {label.name: label.id for label in LABELS}

IGNORE: Final = 255
"""Pixel value in a label map where the label is unknown: no loss, no metric."""

LABEL_FLIP_PAIRS: Final[tuple[tuple[int, int], ...]] = ((14, 15), (16, 17), (18, 19))
"""Label ids that change places when the photo is mirrored."""

MERGED_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "background": ("background",),
    "head": ("hat", "hair", "sunglasses", "face"),
    "upper": ("upper-clothes", "dress", "coat", "jumpsuits", "scarf"),
    "lower": ("pants", "skirt"),
    "arms": ("left-arm", "right-arm", "glove"),
    "legs": ("left-leg", "right-leg", "socks"),
    "shoes": ("left-shoe", "right-shoe"),
}
"""Seven coarse parts, for a metric that rare garments cannot sway."""

JOINTS: Final[tuple[str, ...]] = (
    "right-ankle",
    "right-knee",
    "right-hip",
    "left-hip",
    "left-knee",
    "left-ankle",
    "pelvis",
    "thorax",
    "upper-neck",
    "head-top",
    "right-wrist",
    "right-elbow",
    "right-shoulder",
    "left-shoulder",
    "left-elbow",
    "left-wrist",
)

JOINT_ID: Final[dict[str, int]] = {name: index for index, name in enumerate(JOINTS)}

JOINT_FLIP_PAIRS: Final[tuple[tuple[int, int], ...]] = ((0, 5), (1, 4), (2, 3), (10, 15), (11, 14), (12, 13))
"""Joint indices that change places when the photo is mirrored."""

SKELETON: Final[tuple[tuple[int, int], ...]] = (
    (0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5),
    (6, 7), (7, 8), (8, 9),
    (10, 11), (11, 12), (12, 7), (7, 13), (13, 14), (14, 15),
)  # fmt: skip
"""Bones, as pairs of joint indices."""


def flip_permutation(count: int, pairs: tuple[tuple[int, int], ...]) -> list[int]:
    """Permutation of ``range(count)`` that swaps each pair: ``mirrored[i] = original[permutation[i]]``."""
    permutation = list(range(count))
    for a, b in pairs:
        permutation[a], permutation[b] = b, a
    return permutation
