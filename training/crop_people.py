"""Cut people out of Open Images photos: ``python -m training.crop_people --root DIR --model FILE --out OUT``.

DIR holds ``openimages/`` and ``teachers/`` (docs/everyday-photos.md). Writes each photo with its aspect restored to
OUT/photos, a crop around each of its larger people to OUT/crops, and to OUT/crops.json which part of which photo each
picture shows, where its people are, and which teachers will label it. Next: find poses in OUT/crops
(``training.mediapipe_pose OUT/crops OUT/poses.json``), then ``training.prepare openimages --root OUT``.
"""

import argparse
import sys
from pathlib import Path

import cv2
from tqdm import tqdm

from training.data.openimages_source import OpenImagesPeople
from training.data.person_crops import PersonCrop, person_crops
from training.data.sample import UInt8Array
from training.errors.reporting import reports_input_errors
from training.self_training.openimages import CropIndex, Picture, Teachers, write_index

JPEG_QUALITY = 95


def crop_photo(source: OpenImagesPeople, name: str, split: str, out: Path) -> dict[str, Picture]:
    """Writes a photo and its people; gives what each picture shows, by its name."""
    image, boxes = source.read_restored(name), source.boxes(name)
    height, width = image.shape[:2]
    _write_jpeg(out / "photos" / f"{name}.jpg", image)
    whole = PersonCrop(0, 0, width, height, 1.0)
    largest = int(boxes[:, 2:].prod(axis=1).argmax())
    pictures = {name: Picture(name, split, False, whole, boxes.round(1).tolist(), largest)}
    for number, (own, crop) in enumerate(person_crops(boxes, width, height), 1):
        _write_jpeg(out / "crops" / f"{name}-{number}.jpg", crop.cut(image))
        pictures[f"{name}-{number}"] = Picture(name, split, True, crop, crop.to_crop(boxes).round(1).tolist(), own)
    return pictures


def _write_jpeg(path: Path, image: UInt8Array) -> None:
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder with openimages/ and teachers/")
    parser.add_argument("--model", type=Path, required=True, help="a model file, which says what garments are")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    args = parser.parse_args()
    teachers = Teachers.in_folder(args.root / "teachers", args.model)
    needed = (*teachers.paths(), args.root / "openimages" / "boxes.csv")
    if missing := [str(path) for path in needed if not path.exists()]:
        sys.exit(f"Missing: {', '.join(missing)}")
    source = OpenImagesPeople(args.root / "openimages")
    for folder in ("photos", "crops"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Picture] = {}
    for split, names in source.splits().items():
        for name in tqdm(names, desc=split, unit="photo"):
            pictures |= crop_photo(source, name, split, args.out)
    write_index(args.out, CropIndex(teachers, pictures))
    print(f"{args.out}: {sum(picture.is_crop for picture in pictures.values())} people of {len(pictures)} pictures")


if __name__ == "__main__":
    main()
