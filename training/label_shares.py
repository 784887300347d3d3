"""Say how much of a prepared folder is labelled, and with what: ``python -m training.label_shares FOLDER``.

Prints Markdown (docs/everyday-photos.md): the share of all pixels with each label and coarse label, and of those that
are unknown.
"""

import argparse
from pathlib import Path

from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.reporting.label_shares import count_labels, shares_table


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a prepared folder")
    parser.add_argument("--split", choices=["train", "val"], default="train")
    args = parser.parse_args()
    folder = PreparedFolder(args.folder)
    counts = count_labels(folder, args.split)
    print(f"{counts.photos} photos\n\n{shares_table(counts, folder.label_set)}")


if __name__ == "__main__":
    main()
