"""Measure a running service: ``python -m export.measure_service URL --everyday DIR --street DIR --athletes DIR``.

Asks it through HTTP as anybody would, whole photos as they are, and prints its figures as JSON, in 0–1.

``--everyday`` holds any of ``voc/{photos,masks}`` (hand-drawn person masks), ``openimages/{photos,boxes.csv}``
(hand-drawn boxes), ``coco/{photos,people.json}`` (hand-set joints) and ``garments/`` (photos with nobody in them).
``--street`` is a prepared folder with labels and joints, ``--athletes`` LSPet's ``images/`` and ``joints.csv``.
"""

import argparse
import json
from pathlib import Path

from export.service_metrics import (
    measure_athletes,
    measure_boxes,
    measure_joints,
    measure_masks,
    measure_nobody,
    measure_street,
)
from jppnet import Client
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors

EVERYDAY = {"voc": measure_masks, "openimages": measure_boxes, "coco": measure_joints, "garments": measure_nobody}
"""Folder → how the service is measured on it."""


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the service, like http://localhost:8000")
    parser.add_argument("--everyday", type=Path, help="folder of everyday photos")
    parser.add_argument("--street", type=Path, help="a prepared folder")
    parser.add_argument("--split", default="val", help="of the prepared folder (%(default)s)")
    parser.add_argument("--athletes", type=Path, help="LSPet's folder")
    args = parser.parse_args()
    figures = {}
    with Client(args.url, timeout=120) as client:
        for name, measure in EVERYDAY.items():
            if args.everyday and (args.everyday / name).is_dir():
                figures[name] = measure(client, args.everyday / name)
        if args.street:
            figures["street"] = measure_street(client, PreparedFolder(args.street), args.split)
        if args.athletes:
            figures["athletes"] = measure_athletes(client, args.athletes)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
