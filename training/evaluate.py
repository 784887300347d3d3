"""Measure a checkpoint on a prepared folder: ``python -m training.evaluate RUN/best.pt --data DIR``.

Prints a table, or one JSON object with ``--json``. Every figure is at each photo's own size. ``--protocol``:
``one-pass`` runs the network once per photo, ``jppnet`` at three scales with the mirror image, as JPPNet's authors did.
``--write`` stores the figures in a checkpoint that has none, such as one of ``training.weight_average`` or
``training.ensemble``. ``--confusion FILE.png`` draws which labels are taken for which.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from training.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.workers import loading_processes
from training.errors.reporting import reports_input_errors
from training.evaluation.evaluator import measure, table
from training.evaluation.protocols import PROTOCOLS
from training.reporting.picture_files import write_png
from training.reporting.plots import confusion_picture


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="one-pass")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, metavar="CHECKPOINT", help="the checkpoint with the figures in it")
    parser.add_argument("--confusion", type=Path, metavar="PNG", help="a picture of the confusion matrix")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    folder = PreparedFolder(args.data)
    names, workers = folder.names(args.split), loading_processes("auto")
    evaluation = measure(checkpoint, folder, names, PROTOCOLS[args.protocol], workers=workers)
    result = evaluation.result()
    print(json.dumps(result) if args.json else table(result, checkpoint.label_set))
    if args.write:
        save_checkpoint(replace(checkpoint, metrics=result), args.write)
    if args.confusion:
        write_png(confusion_picture(evaluation.parsing.confusion, checkpoint.label_set), args.confusion)


if __name__ == "__main__":
    main()
