"""Measure a checkpoint on a prepared folder: ``python -m training.evaluate RUN/best.pt --data DIR``.

Prints a table, or one JSON object with ``--json``. Every figure is at each photo's own size. ``--protocol``:
``one-pass`` runs the network once per photo, ``jppnet`` at three scales with the mirror image, as JPPNet's authors did.
``--write`` stores the figures in a checkpoint that has none, such as one of ``training.weight_average`` or
``training.ensemble``.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from training.checkpoints.checkpoint import load_checkpoint, read_or_exit, save_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.evaluation.evaluator import evaluate, table
from training.evaluation.protocols import PROTOCOLS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="one-pass")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, metavar="CHECKPOINT", help="the checkpoint with the figures in it")
    args = parser.parse_args()
    checkpoint = read_or_exit(load_checkpoint, args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    folder = PreparedFolder(args.data)
    try:
        result = evaluate(checkpoint, folder, folder.names(args.split), PROTOCOLS[args.protocol])
    except ValueError as error:
        sys.exit(str(error))
    print(json.dumps(result) if args.json else table(result, checkpoint.label_set))
    if args.write:
        save_checkpoint(replace(checkpoint, metrics=result), args.write)


if __name__ == "__main__":
    main()
