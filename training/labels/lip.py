"""LIP's label set (Look into Person): 20 part labels and 16 joints.

For adapters that map other data sets onto it. Code that works with any label set takes one as an argument instead.
"""

from typing import Final

from training.labels.label_set import IGNORE as IGNORE
from training.labels.label_set import LABEL_SETS, LabelSet, read_label_set

LIP: Final[LabelSet] = read_label_set(LABEL_SETS / "lip.toml")

LABEL_ID: Final[dict[str, int]] = LIP.label_id
JOINT_ID: Final[dict[str, int]] = LIP.joint_id
