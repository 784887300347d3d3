"""Write an ensemble's members as checkpoints: ``python -m training.split_ensemble ENSEMBLE --out DIR``.

DIR gets ``member-1.pt``, ``member-2.pt`` and so on, in the order in which ``training.ensemble`` was given them. Each
can be trained further (``--from``) and put together again.
"""

import argparse
from pathlib import Path

from training.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from training.checkpoints.ensemble import members_of
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ensemble", type=Path, help="a checkpoint")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    args = parser.parse_args()
    members = members_of(load_checkpoint(args.ensemble))
    for place, member in enumerate(members, 1):
        save_checkpoint(member, args.out / f"member-{place}.pt")


if __name__ == "__main__":
    main()
