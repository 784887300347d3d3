"""Sample check: what about a sample cannot be right, as sentences."""

from typing import Final

import numpy as np

from training.data.sample import BrokenSampleError, FloatArray, Sample, UInt8Array
from training.labels.label_set import LabelSet

FAR: Final = 1.0
"""How far outside the photo a joint may lie, in the photo's longer sides. LIP marks some a little outside its crops."""


def require_usable(sample: Sample, label_set: LabelSet) -> None:
    """Raises BrokenSampleError that names the sample and all that is wrong with it."""
    if faults := sample_faults(sample, label_set):
        raise BrokenSampleError(f"{sample.name}: {'; '.join(faults)}")


def sample_faults(sample: Sample, label_set: LabelSet) -> list[str]:
    """What does not fit: the label map's size and ids, the number of joints, and joints far outside the photo."""
    faults = [
        size_fault(sample.image, sample.labels),
        label_fault(sample.labels, label_set),
        joint_fault(sample.joints, label_set) or far_joint_fault(sample.joints, sample.image, label_set),
    ]
    return [fault for fault in faults if fault]


def size_fault(image: UInt8Array, labels: UInt8Array) -> str | None:
    """A label map of another size than the photo."""
    photo, label_map = image.shape[:2], labels.shape
    return None if photo == label_map else f"photo {photo} and labels {label_map} differ in size"


def label_fault(labels: UInt8Array, label_set: LabelSet) -> str | None:
    """Label ids that the label set does not have."""
    allowed = np.zeros(256, np.bool_)
    allowed[list(label_set.pixel_values)] = True
    if allowed[labels].all():
        return None
    unknown = [number for number in np.unique(labels).tolist() if not allowed[number]]
    highest = len(label_set.labels) - 1
    return f"label ids that {label_set.name} does not have: {unknown} (it has 0–{highest}, and 255 for unknown)"


def joint_fault(joints: FloatArray, label_set: LabelSet) -> str | None:
    """Joints that are not the label set's in number."""
    wanted = len(label_set.joints)
    return None if joints.shape == (wanted, 3) else f"{len(joints)} joints, {label_set.name} has {wanted}"


def far_joint_fault(joints: FloatArray, image: UInt8Array, label_set: LabelSet) -> str | None:
    """Joints more than ``FAR`` outside the photo."""
    height, width = image.shape[:2]
    least, most = -FAR * max(height, width), np.array([width, height]) + FAR * max(height, width)
    far = ((joints[:, :2] < least) | (joints[:, :2] > most)).any(1)  # nan is neither
    if not far.any():
        return None
    places = [f"{label_set.joints[row]} at ({joints[row, 0]:.0f}, {joints[row, 1]:.0f})" for row in np.nonzero(far)[0]]
    return f"joints far outside the photo of {width}×{height}: {', '.join(places)}"
