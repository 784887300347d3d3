"""List the Open Images photos that a model learnt from: ``python -m export.photo_list data/people NAME.photos.txt``.

CC BY asks for attribution: Open Images' own list of images names each author under the photo's id. ``data/people``
is the folder that ``training.prepare openimages`` wrote. The list lies beside the model's file.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from training.data import openimages_source
from training.data.prepared_folder import PreparedFolder


def photo_list(use: str, ids: Iterable[str]) -> str:
    """One id a line below the attribution; ``use``: what they were used for, a sentence."""
    return "\n".join(
        [
            f"# Open Images V7 photos, by id. {use}",
            "# Photos: CC BY 2.0, each by its author, whom Open Images' list of images names by this id.",
            "# Boxes: CC BY 4.0, Google LLC. Changed: squeezed, cropped, recoloured, combined.",
            f"# {openimages_source.INFO.source}",
            *sorted(set(ids)),
            "",
        ]
    )


def photos_of(folder: PreparedFolder) -> set[str]:
    """Ids of the photos whose crops (``ID-1``, ``ID-2`` …), or which themselves, are in the folder's train split."""
    return {name.partition("-")[0] for name in folder.names("train")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path, help="the folder that training.prepare openimages wrote")
    parser.add_argument("out", type=Path, metavar="NAME.photos.txt", help="NAME is the model's")
    args = parser.parse_args()
    try:
        ids = photos_of(PreparedFolder(args.people))
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))
    name = args.out.name.partition(".")[0]
    args.out.write_text(photo_list(f"{name} learnt from these {len(ids)}.", ids), encoding="utf-8")


if __name__ == "__main__":
    main()
