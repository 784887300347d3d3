"""Import SCHP's released weights as a checkpoint: ``python -m training.import_schp FILE.pth OUT.pt --labels lip``.

SCHP is Self-Correction Human Parsing (Li et al., T-PAMI 2020). Its custom CUDA operator is not needed: what it computes
is folded into plain batch norm. If any weight is missing, left over or of a wrong shape, it is named and nothing is
written. The input is 473×473 for LIP's labels and 512×512 for others, as the authors trained.
"""

import argparse
import sys
from pathlib import Path

import torch

from training.checkpoints.checkpoint import save_checkpoint
from training.checkpoints.imported import imported_checkpoint
from training.errors.input_error import InputError
from training.errors.reporting import reports_input_errors
from training.labels.label_set import load_label_set
from training.networks.presets import load_recipe
from training.networks.registry import build_network
from training.networks.schp.released_weights import PREFIX, to_weights
from training.networks.torch_file import read_state_dict

RELEASED = {"lip": "lip", "atr": "atr", "pascal": "pascal-person-part"}
"""What the authors call the data sets of their three files → our label set."""

OTHER_SIDE = 512
"""Height and width of the input for other labels than LIP's."""


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.pth")
    parser.add_argument("out", type=Path, metavar="OUT.pt")
    parser.add_argument("--labels", required=True, help=f"{', '.join(RELEASED)}, or another label set's name or file")
    args = parser.parse_args()
    recipe = load_recipe("schp")
    if args.labels != "lip":
        side = {"height": OTHER_SIDE, "width": OTHER_SIDE}
        recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=side)})
    try:
        label_set = load_label_set(RELEASED.get(args.labels, args.labels)).without_joints()
        with torch.device("meta"):
            network = build_network(recipe, label_set)
        released = read_state_dict(args.file, PREFIX)
        weights = to_weights(released, network)
    except (OSError, InputError) as error:
        sys.exit(f"{error}\nnothing was written")
    save_checkpoint(imported_checkpoint(network, weights, recipe, label_set, args.file), args.out)
    size = f"{recipe.network.width}×{recipe.network.height}"
    print(f"{args.out}: {len(released)} weights for {label_set.name}'s {len(label_set.labels)} labels, input {size}")


if __name__ == "__main__":
    main()
