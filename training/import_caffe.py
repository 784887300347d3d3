"""Import LIP_SSL's released Caffe weights as a checkpoint: ``python -m training.import_caffe FILE.caffemodel OUT.pt``.

LIP_SSL is the public implementation of SS-JPPNet (Gong et al., CVPR 2017). Caffe is not needed. If any layer is
missing, left over or of a wrong shape, it is named and nothing is written. ``--labels`` names another label set than
LIP's for weights that were trained on one: a name of ``training/labels`` or a label file.
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
from training.networks.lip_ssl.caffe_weights import to_weights
from training.networks.lip_ssl.caffemodel import read_caffemodel
from training.networks.presets import load_recipe
from training.networks.registry import build_network


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.caffemodel")
    parser.add_argument("out", type=Path, metavar="OUT.pt")
    parser.add_argument("--labels", default="lip", help="lip, or another label set's name or file")
    args = parser.parse_args()
    recipe = load_recipe("lip_ssl")
    try:
        label_set = load_label_set(args.labels).without_joints()
        with torch.device("meta"):
            network = build_network(recipe, label_set)
        weights = to_weights(read_caffemodel(args.file), network)
    except (OSError, InputError) as error:
        sys.exit(f"{error}\nnothing was written")
    save_checkpoint(imported_checkpoint(network, weights, recipe, label_set, args.file), args.out)
    print(f"{args.out}: {len(weights)} parameters, each equal at all scales; {label_set.name}'s labels")


if __name__ == "__main__":
    main()
