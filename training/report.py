"""Write docs/model.md from what runs measured: ``python -m training.report RUN… --out docs``.

A RUN is the folder of a training run, or of a checkpoint that was made of several (``training.ensemble``). Its
``best.pt`` is read, its ``log.jsonl`` if there is one, and ``calibration.json`` if ``training.calibrate … --out
RUN/calibration.json`` wrote one. The runs of ``--ablation`` are compared with the first of them. ``--rendered DIR`` (of
``training.synthesize``, without ``--backgrounds``) shows predictions for pictures that may be published; for other
photos use ``training.prediction_grid``.

No figure on the page is written by hand; a section without runs is left out.
"""

import argparse
from pathlib import Path

from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.reporting.model_page import draw, page, require_showable
from training.reporting.run import read_run


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument(
        "--ablation", type=Path, nargs="+", default=[], metavar="RUN", help="runs to compare with the first of them"
    )
    parser.add_argument("--rendered", type=Path, metavar="DIR", help="rendered people to show predictions for")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets model.md and images/")
    args = parser.parse_args()
    rendered = PreparedFolder(args.rendered) if args.rendered else None
    if rendered:
        require_showable(rendered)
    runs, ablation = ([read_run(folder) for folder in folders] for folders in (args.runs, args.ablation))
    if len({run.name for run in runs}) < len(runs):
        parser.error("two runs have folders of the same name, and pictures are named after them")
    draw(runs, rendered, args.out / "images")
    (args.out / "model.md").write_text(page(runs, ablation, rendered), encoding="utf-8")
    print(args.out / "model.md")


if __name__ == "__main__":
    main()
