"""Calibrate a checkpoint's confidence, and measure it: ``python -m training.calibrate CHECKPOINT --data DIR``.

Every second sample of the split is for fitting, the others for measuring, so no figure comes from a photo that the
numbers were fitted on. Printed are expected calibration errors (ECE) before and after: of the labels, at random pixels
of the photos' own size, and of the joints, which are right within half a head size (PCKh). Joints need photos on which
some are missed, so name a folder of hard poses, too: ``--data`` may be repeated.

``--out`` keeps the measurement (``training.report`` reads ``RUN/calibration.json``), ``--plot`` draws it, and
``--write OUT.safetensors`` (or ``.pt``) writes the checkpoint with the fitted numbers in it.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import torch
from tqdm import tqdm

from training.checkpoints.calibration import UNCALIBRATED
from training.checkpoints.checkpoint import load_checkpoint, save_checkpoint, save_safetensors
from training.checkpoints.digest import file_sha256
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.evaluation.calibration_fitting import collect_predictions, fit_calibration
from training.evaluation.reliability_report import SUMMARY, measure_reliability, table
from training.reporting.plots import reliability_plot


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, action="append", help="a prepared folder; or several")
    parser.add_argument("--split", default="val")
    parser.add_argument("--out", type=Path, metavar="JSON", help="file for the measurement")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="file for the reliability diagrams")
    parser.add_argument("--write", type=Path, metavar="CHECKPOINT", help="the checkpoint with the numbers in it")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    folders = [PreparedFolder(root) for root in args.data]
    samples = [(folder, name) for folder in folders for name in folder.names(args.split)]
    if len(samples) < 2:
        parser.error(f"the split {args.split} holds {len(samples)} samples: one half is for fitting, one for measuring")
    fitted_on, measured_on = (
        collect_predictions(checkpoint, tqdm(samples[start::2], desc=work, unit="photo", leave=False))
        for start, work in enumerate(("fit", "measure"))
    )
    calibration = fit_calibration(fitted_on)
    before, after = (
        measure_reliability(measured_on, used, checkpoint.label_set) for used in (UNCALIBRATED, calibration)
    )
    photos = {"fitted": len(samples[0::2]), "measured": len(samples[1::2])}
    record = {
        "checkpoint": file_sha256(args.checkpoint),
        "data": [folder.info.name for folder in folders],
        "photos": photos,
        "calibration": calibration.model_dump(mode="json"),
        "before": asdict(before),
        "after": asdict(after),
    }
    print(f"fitted on {photos['fitted']} photos: {calibration}")
    print(f"measured on {photos['measured']} others\n\n{table(before, after)}")
    if args.out:
        args.out.write_text(json.dumps(record) + "\n")
    if args.plot:
        reliability_plot({name: (getattr(before, name), getattr(after, name)) for name in SUMMARY}, args.plot)
    if args.write:
        (save_safetensors if args.write.suffix == ".safetensors" else save_checkpoint)(
            replace(checkpoint, calibration=calibration), args.write
        )


if __name__ == "__main__":
    main()
