"""Average the weights of two checkpoints of the same network, weight by weight.

    python -m training.weight_average EARLIER LATER --share 0.75 --out OUT.pt

Where the later run began with the earlier one's weights, the average often measures better than either (Wortsman et
al., "Model soups", ICML 2022).
"""

import argparse
from pathlib import Path

from training.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from training.checkpoints.weight_average import average_weights
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("later", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the later one, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    earlier, later = (load_checkpoint(path) for path in (args.earlier, args.later))
    save_checkpoint(average_weights(earlier, later, args.share), args.out)


if __name__ == "__main__":
    main()
