"""Make an ensemble of several light networks: its prediction is the mean of theirs.

    python -m training.ensemble MEMBER MEMBER… --out OUT.pt [--size WIDTHxHEIGHT] [--pose-shares SHARE SHARE…]

Members may have different trunks. The ensemble's input has the first member's size, or the size given: light networks
run at any size, and often measure better at a larger one than they were trained at. The result is a checkpoint like
any other: it can be measured, calibrated, exported and trained further (``--from``).
"""

import argparse
import re
from pathlib import Path

from training.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from training.checkpoints.ensemble import ensemble
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("members", type=Path, nargs="+", metavar="MEMBER", help="a checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=_size, metavar="WIDTHxHEIGHT", help="of its input in pixels, like 288x384")
    parser.add_argument("--pose-shares", type=float, nargs="+", help="weight of each member's heat maps (equal)")
    args = parser.parse_args()
    members = [load_checkpoint(path) for path in args.members]
    shares = tuple(args.pose_shares) if args.pose_shares else None
    save_checkpoint(ensemble(members, args.size, shares), args.out)


def _size(text: str) -> tuple[int, int]:
    """Height and width of “WIDTHxHEIGHT”."""
    size = re.fullmatch(r"(\d+)[x×](\d+)", text)
    if not size:
        raise argparse.ArgumentTypeError(f"“{text}” is no size: write width and height with an x between, like 288x384")
    return int(size[2]), int(size[1])


if __name__ == "__main__":
    main()
