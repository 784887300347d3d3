"""Write a checkpoint as ``.safetensors``: ``python -m training.save_safetensors RUN/best.pt OUT.safetensors``.

Matrices and kernels are stored in half precision; whatever reads checkpoints reads these files, too.
"""

import argparse
from pathlib import Path

from training.checkpoints.checkpoint import load_checkpoint, save_safetensors
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    args = parser.parse_args()
    save_safetensors(load_checkpoint(args.checkpoint), args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
