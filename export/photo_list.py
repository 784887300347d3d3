"""List the Open Images photos that a model learnt from: ``python -m export.photo_list data/people NAME.photos.txt``.

CC BY asks for attribution: Open Images' own list of images names each author under the photo's id. ``data/people``
is the folder that ``training.prepare openimages`` wrote. The list lies beside the model's file.
"""

import argparse
from pathlib import Path

from export.attribution import photo_list, photos_of
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path, help="the folder that training.prepare openimages wrote")
    parser.add_argument("out", type=Path, metavar="NAME.photos.txt", help="NAME is the model's")
    args = parser.parse_args()
    ids = photos_of(PreparedFolder(args.people))
    name = args.out.name.partition(".")[0]
    args.out.write_text(photo_list(f"{name} learnt from these {len(ids)}.", ids), encoding="utf-8")


if __name__ == "__main__":
    main()
