"""Render people for training: ``python -m training.synthesize --count N --seed S --material DIR --out DIR``.

The result is a prepared folder as ``training.prepare`` writes it, plus ``people/NAME.json`` with the box and the pose's
name of every visible person. The same seed and index give the same picture, whatever the number of processes. Pictures
that are already there are kept, so the same command continues a run that was stopped. docs/synthetic.md says what is
drawn.

DIR of ``--material`` holds ``makehuman/`` (garments, shoes, hair) and ``cmu/`` (motion). The bodies come from the
package ``anny``: the first run makes some of them and stores them in ``--bodies`` (two minutes, 1.5 GB of memory,
once).
"""

import argparse
import os
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2

from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.synthetic.contact_sheet import contact_sheet
from training.synthetic.dataset import BODIES, RenderJob, ensure_bodies, synthesize


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True, help="how many pictures the folder shall hold")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--material", type=Path, required=True, help="folder that holds makehuman/ and cmu/")
    parser.add_argument("--out", type=Path, required=True, help="the prepared folder to make")
    parser.add_argument("--backgrounds", type=Path, help="a prepared folder of photos to cut backgrounds from")
    parser.add_argument("--bodies", type=Path, default=BODIES, help="where the bodies are kept (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--contact-sheet", type=Path, help="write 36 pictures with their labels to this JPEG")
    args = parser.parse_args()
    for needed in (args.material / "makehuman", args.material / "cmu"):
        if not needed.is_dir():
            parser.error(f"--material: {needed} is not there (docs/synthetic.md says where it comes from)")
    ensure_bodies(args.bodies)
    job = RenderJob(args.seed, args.material, args.bodies, args.backgrounds, args.out)
    try:
        skipped = synthesize(job, args.count, args.processes)
    except BrokenProcessPool:
        sys.exit("a process ended without a word (out of memory?). The same command goes on; try fewer --processes")
    folder = PreparedFolder(args.out)
    print(f"{args.out}: {len(folder.names('train'))} train, {len(folder.names('val'))} val; {len(skipped)} skipped")
    for reason in skipped:
        print(f"  skipped {reason}")
    if args.contact_sheet:
        sheet = contact_sheet(folder, folder.names("train"))
        encoded = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 76])[1]
        args.contact_sheet.write_bytes(encoded.tobytes())


if __name__ == "__main__":
    main()
