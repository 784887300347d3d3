"""Import JPPNet's released TensorFlow weights as a checkpoint: ``python -m training.import_tf CHECKPOINT OUT.pt``.

CHECKPOINT is the folder that was published, or the common prefix of its files' names (``…/model.ckpt-205632``).
Needs the extra ``import-tf``. If any variable cannot be mapped, nothing is written.
"""

import argparse
import sys
from pathlib import Path

import torch

from training.checkpoints.checkpoint import save_checkpoint
from training.checkpoints.imported import imported_checkpoint
from training.errors.input_error import InputError
from training.errors.reporting import reports_input_errors
from training.labels.lip import LIP
from training.networks.jppnet.tensorflow_weights import read_checkpoint, to_weights
from training.networks.presets import load_recipe
from training.networks.registry import build_network


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("out", type=Path, metavar="OUT.pt")
    args = parser.parse_args()
    recipe = load_recipe("jppnet-s2")
    with torch.device("meta"):
        network = build_network(recipe, LIP)
    try:
        variables = read_checkpoint(args.checkpoint)
        weights = to_weights(variables, network)
    except (OSError, ImportError, InputError) as error:
        sys.exit(f"{error}\nnothing was written")
    save_checkpoint(imported_checkpoint(network, weights, recipe, LIP, args.checkpoint), args.out)
    ignored = len(variables) - len(weights)
    print(f"{args.out}: {len(weights)} variables; {ignored} that only training needs (optimiser, step) left out")


if __name__ == "__main__":
    main()
