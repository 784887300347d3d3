"""The Look-into-Person (LIP) vocabulary: 20 part labels and 16 joints, the set that everything here began with.

Adapters that map other data sets onto it take names and ids from here; whatever can run on any label set is given one.
"""

from typing import Final

from training.labels.label_set import IGNORE as IGNORE
from training.labels.label_set import LABEL_SETS, LabelSet, read_label_set

LIP: Final[LabelSet] = read_label_set(LABEL_SETS / "lip.toml")

LABEL_ID: Final[dict[str, int]] = LIP.label_id
JOINT_ID: Final[dict[str, int]] = LIP.joint_id
