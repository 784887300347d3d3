"""Export a Hugging Face segmentation model: ``python -m export.huggingface FOLDER OUT.onnx [--labels FILE]``.

FOLDER is a local folder with ``config.json``, ``preprocessor_config.json`` and safetensors of any model that
``AutoModelForSemanticSegmentation`` reads, such as a SegFormer. Needs the extra ``huggingface``. Pre-processing moves
into the graph. The file is written only if its label maps agree with transformers' own pipeline, on real photos at
batch 1, 2 and 5.

Labels are the model's (``id2label``), or those of ``--labels``, in the same order. The card says what the options say;
without them, licence and data are what the folder's model card (``README.md``) says, or "not stated".
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from export.card import CardText, model_description, neutral_text
from export.segmentation_exporter import export_folder
from export.segmentation_folder import (
    SegmentationFolder,
    label_set_of,
    read_segmentation_folder,
    require_as_many_labels,
)
from export.segmentation_graph import SegmentationGraph
from training.errors.input_error import InputError
from training.errors.reporting import reports_input_errors
from training.labels.label_set import LabelSet, load_label_set


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, metavar="OUT.onnx")
    parser.add_argument("--labels", help="a label file, or the name of a label set: other names and colours")
    parser.add_argument("--name")
    parser.add_argument("--version")
    parser.add_argument("--description")
    parser.add_argument("--licence", "--license", dest="license")
    parser.add_argument("--training-data", dest="training_data", help="name, source and licence of the data")
    parser.add_argument("--limit", action="append", dest="limits", help="a sentence for the card; may be repeated")
    args = parser.parse_args()
    try:
        folder = read_segmentation_folder(args.folder)
        label_set = label_set_of(folder, "its own labels") if args.labels is None else load_label_set(args.labels)
        require_as_many_labels(label_set, folder)
        label_set = label_set.without_joints()
        text = card_text(folder, label_set, args)
        difference = export_folder(folder, label_set, text, args.training_data or folder.training_data, args.out)
    except (OSError, ImportError, InputError) as error:
        sys.exit(f"{error}\nnothing was written")
    size = args.out.stat().st_size / 1e6
    print(f"{args.out}: {size:.1f} MB, agrees with transformers ({difference}); licence: {text.license}")


def card_text(folder: SegmentationFolder, label_set: LabelSet, args: argparse.Namespace) -> CardText:
    """What the options say, then what the folder says, then nothing."""
    fields = ("name", "version", "description", "license", "limits")
    said: dict[str, Any] = {field: getattr(args, field) for field in fields if getattr(args, field) is not None}
    return neutral_text(args.out, model_description(label_set, SegmentationGraph.outputs)).model_copy(
        update={"license": folder.license, **said}
    )


if __name__ == "__main__":
    main()
