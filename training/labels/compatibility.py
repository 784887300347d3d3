"""Compatibility of two label sets."""

from training.errors.input_error import InputError
from training.labels.label_set import LabelSet


def have_same_labels(a: LabelSet, b: LabelSet) -> bool:
    """Whether labels and joints of both sets are the same, in the same order. A network does not depend on the rest."""
    return (list(a.colors), a.joints) == (list(b.colors), b.joints)


def require_same_labels(a: LabelSet, b: LabelSet) -> None:
    """Raises InputError unless labels and joints of both sets are the same, in the same order.

    A checkpoint without joints (``a``) is compared by its labels alone.
    """
    if not have_same_labels(a, b if a.joints else b.without_joints()):
        raise InputError(f"the checkpoint has {a.name}'s labels and joints, the data have {b.name}'s")
