"""Make pseudo-labels of photos without labels: ``python -m training.pseudo_label TEACHER SOURCE --root DIR --out DIR``.

TEACHER is a checkpoint. SOURCE ``ccp`` is Clothing Co-Parsing, whose photos without annotation are labelled; ``photos``
is any folder of photos of one person each, with a ``dataset.json`` that says where they come from. The result is a
prepared folder, to be mixed with labelled ones: ``training.train PRESET --data LABELLED --data OUT``.
docs/self-training.md has the rules, and how often the labels are right.

Resumable: photos that are already there are kept. A photo that cannot be used is named and left out.
"""

import argparse
from pathlib import Path

import torch

from training.checkpoints.checkpoint import load_checkpoint
from training.data.adapters.registry import UNLABELLED
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.labels.compatibility import require_same_labels
from training.self_training.pseudo_labels import PseudoLabelRules, require_same_run, write_pseudo_labels
from training.self_training.rules import MIN_CONFIDENCE
from training.self_training.teacher import INFERENCE_VIEWS


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path, help="a checkpoint")
    parser.add_argument("source", choices=sorted(UNLABELLED))
    parser.add_argument("--root", type=Path, required=True, help="the data set as published, or the folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="the prepared folder to make")
    parser.add_argument(
        "--views",
        type=int,
        choices=range(1, len(INFERENCE_VIEWS) + 1),
        default=len(INFERENCE_VIEWS),
        help="views of a photo that are averaged",
    )
    parser.add_argument(
        "--threshold", type=float, default=MIN_CONFIDENCE, help="least probability of a label (%(default)s)"
    )
    args = parser.parse_args()
    teacher = load_checkpoint(args.teacher)
    rules = PseudoLabelRules(args.threshold, args.views)
    teacher.network.to("cuda" if torch.cuda.is_available() else "cpu")
    source = UNLABELLED[args.source](args.root)
    if source.label_set:
        require_same_labels(teacher.label_set, source.label_set)
    require_same_run(args.out, args.teacher, rules)
    left_out = list(write_pseudo_labels(teacher, source, args.out, rules))
    print(f"{args.out}: {len(PreparedFolder(args.out).names('train'))} photos labelled, {len(left_out)} left out")
    for reason in left_out:
        print(f"  left out {reason}")


if __name__ == "__main__":
    main()
