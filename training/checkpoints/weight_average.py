"""The weighted average of two checkpoints of the same network (a "model soup").

Wortsman et al., "Model soups", ICML 2022.
"""

from copy import deepcopy
from dataclasses import replace

from torch import Tensor

from training.checkpoints.calibration import UNCALIBRATED
from training.checkpoints.checkpoint import Checkpoint
from training.errors.input_error import InputError
from training.labels.compatibility import have_same_labels


def average_weights(earlier: Checkpoint, later: Checkpoint, share: float) -> Checkpoint:
    """The average of two checkpoints' weights: ``share`` of ``later`` and 1 − ``share`` of ``earlier``.

    Counters (integers) are those of ``later``, and so are recipe and data. The result has neither metrics nor a
    calibration. Raises InputError for two different networks, and for a share outside 0–1.
    """
    if not 0 <= share <= 1:
        raise InputError(f"a share lies between 0 and 1, not at {share}")
    same_network = earlier.recipe.network == later.recipe.network
    if not same_network or not have_same_labels(earlier.label_set, later.label_set):
        raise InputError("weights can be averaged only of the same network with the same labels")
    old, new = earlier.network.state_dict(), later.network.state_dict()
    network = deepcopy(later.network)
    network.load_state_dict({name: _between(old[name], value, share) for name, value in new.items()})
    return replace(later, network=network, metrics={}, calibration=UNCALIBRATED)


def _between(old: Tensor, new: Tensor, share: float) -> Tensor:
    return old.lerp(new, share) if new.is_floating_point() else new
