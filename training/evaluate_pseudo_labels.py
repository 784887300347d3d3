"""Measure how often pseudo-labels are right: ``python -m training.evaluate_pseudo_labels TEACHER --root CCP``.

Clothing Co-Parsing's validation photos are labelled as if they had no labels, and compared with their annotations.
Prints Markdown (docs/self-training.md).
"""

import argparse
from pathlib import Path

import torch

from training.checkpoints.checkpoint import load_checkpoint
from training.data.adapters.ccp import ClothingCoParsing
from training.errors.reporting import reports_input_errors
from training.labels.compatibility import require_same_labels
from training.self_training.accuracy import measure_pseudo_labels, table


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path, help="a checkpoint")
    parser.add_argument("--root", type=Path, required=True, help="Clothing Co-Parsing as published")
    args = parser.parse_args()
    teacher, source = load_checkpoint(args.teacher), ClothingCoParsing(args.root)
    require_same_labels(teacher.label_set, source.label_set)
    teacher.network.to("cuda" if torch.cuda.is_available() else "cpu")
    metrics, joints, left_out = measure_pseudo_labels(teacher, source, source.splits()["val"])
    print(f"{table(metrics, teacher.label_set)}\n\n{joints}")
    for reason in left_out:
        print(f"left out {reason}")


if __name__ == "__main__":
    main()
