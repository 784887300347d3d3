"""Open Images people as training data of the person detector: hand-drawn boxes, and where they are to be doubted.

Open Images boxes crowds of more than five as one, and leaves some people out. What the pose network beside the photos
saw tells both: a box that holds several people whom it saw, and none that fills it, is a crowd's; a person whom it
saw and no box matches was left out. Neither is learnt as a person, nor as nobody.
"""

from typing import Final, NamedTuple

import numpy as np

from training.data.box_overlap import corners, overlaps
from training.data.hash_split import hash_share
from training.data.openimages_source import OpenImagesPeople
from training.data.sample import FloatArray, UInt8Array

SEEN: Final = 0.2
"""Score from which on a person whom the pose network saw, and nobody boxed, makes an area doubtful."""

SEEN_IN_CROWD: Final = 0.15
"""Score from which on people count who are seen within one box."""


TUNE_SHARE: Final = 0.09
"""Of the photos to learn from, kept apart to choose weights, sizes and thresholds by, so that figures measured on the
validation photos are of photos that nothing was chosen by."""


class BoxedPhoto(NamedTuple):
    """A photo (H, W, 3), RGB, and its people; boxes are (N, 4): left, top, right, bottom in pixels.

    ``doubtful``: areas in which somebody may be, or several people.
    """

    image: UInt8Array
    boxes: FloatArray
    doubtful: FloatArray


def boxed_splits(source: OpenImagesPeople) -> dict[str, list[str]]:
    """Photo ids by split: ``train``, ``tune`` and ``val``."""
    splits = source.splits()
    tune = [name for name in splits["train"] if hash_share(f"tune {name}") < TUNE_SHARE]
    return {"train": sorted({*splits["train"]} - {*tune}), "tune": tune, "val": splits["val"]}


def read_boxed(source: OpenImagesPeople, name: str) -> BoxedPhoto:
    """An Open Images photo with its people, its aspect restored. Raises BrokenSampleError."""
    drawn = corners(source.boxes(name))
    people = source.found_people(name)
    found = corners(np.array([person.box for person in people], np.float32).reshape(-1, 4))
    scores = np.array([person.score for person in people], np.float32)
    crowds = np.array([is_crowd(box, found[scores >= SEEN_IN_CROWD]) for box in drawn], bool)
    left_out = [box for box in found[scores >= SEEN] if overlaps(box, drawn).max(initial=0) < 0.3]
    doubtful = np.concatenate([drawn[crowds], np.array(left_out, np.float32).reshape(-1, 4)])
    return BoxedPhoto(source.read_restored(name), drawn[~crowds], doubtful)


def is_crowd(box: FloatArray, found: FloatArray) -> bool:
    """Whether a drawn box (4,) holds at least two of the people ``found`` (N, 4), and none of them fills it."""
    if not len(found):
        return False
    area, areas = np.prod(box[2:] - box[:2]), np.prod(found[:, 2:] - found[:, :2], 1)
    inside = np.prod((np.minimum(box[2:], found[:, 2:]) - np.maximum(box[:2], found[:, :2])).clip(0), 1)
    members = (inside > 0.7 * areas) & (areas < 0.5 * area)
    return bool(members.sum() >= 2 and overlaps(box, found).max() < 0.45)
