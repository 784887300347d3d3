"""One checkpoint from two of the same network: the average of their weights, weight by weight.

    python -m training.average EARLIER LATER --share 0.75 --out OUT.pt

Two stages of training, of which the later began where the earlier ended, lie in one valley of the loss, and a point
between them often answers better than either (Wortsman et al., Model soups, ICML 2022).
"""

import argparse
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from training.calibration import UNCALIBRATED
from training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint


def average(earlier: Checkpoint, later: Checkpoint, share: float) -> Checkpoint:
    """``later`` with ``share`` of its own weights and the rest of ``earlier``'s; counters are its own.

    Nobody has measured or calibrated the result, and it says so. Raises ValueError for two different networks, and for
    a share that is none.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    if earlier.recipe.network != later.recipe.network or earlier.label_set != later.label_set:
        raise ValueError("weights can be averaged only of the same network with the same labels")
    old, new = earlier.network.state_dict(), later.network.state_dict()
    network = deepcopy(later.network)
    network.load_state_dict({name: _between(old[name], value, share) for name, value in new.items()})
    return replace(later, network=network, metrics={}, calibration=UNCALIBRATED)


def _between(old: Tensor, new: Tensor, share: float) -> Tensor:
    return old.lerp(new, share) if new.is_floating_point() else new


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("later", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the later one, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        save_checkpoint(average(load_checkpoint(args.earlier), load_checkpoint(args.later), args.share), args.out)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
