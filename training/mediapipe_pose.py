"""Find poses with MediaPipe, before preparing: ``python -m training.mediapipe_pose PHOTOS OUT.json``.

MediaPipe brings its own OpenCV, so it has an environment of its own: ``make pose-environment``. ``training.prepare``
reads the file that this writes; nothing else in training uses MediaPipe. Photos that OUT.json already names are
skipped.

``--heavy`` names ``pose_landmark_heavy.tflite`` of the npm package ``@mediapipe/pose`` 0.5 (Apache-2.0), the larger
network, which MediaPipe's Python package would download.
"""

import argparse
import json
import shutil
from pathlib import Path

import cv2
import mediapipe
from tqdm import tqdm

SAVE_EVERY = 50
"""Photos between two saves of the file."""


def find_pose(detector: "mediapipe.solutions.pose.Pose", photo: Path) -> list[list[float]] | None:
    """33 × [x, y, z, visibility] in pixels (z on x's scale), or None when nobody is found or the file is broken."""
    image = cv2.imread(str(photo))
    if image is None:
        print(f"{photo}: not an image that can be read; skipped")
        return None
    height, width = image.shape[:2]
    found = detector.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_landmarks
    if found is None:
        return None
    return [
        [round(p.x * width, 2), round(p.y * height, 2), round(p.z * width, 2), round(p.visibility, 2)]
        for p in found.landmark
    ]


def install_heavy(network: Path) -> None:
    """Puts the heavy network where MediaPipe looks for it."""
    folder = Path(mediapipe.__file__).parent / "modules" / "pose_landmark"
    shutil.copyfile(network, folder / "pose_landmark_heavy.tflite")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of .jpg photos")
    parser.add_argument("out", type=Path, help="JSON file: photo's file name → landmarks (null: nobody found)")
    parser.add_argument("--heavy", type=Path, help="pose_landmark_heavy.tflite, to be used in place of the package's")
    args = parser.parse_args()
    if args.heavy:
        install_heavy(args.heavy)
    poses = json.loads(args.out.read_text()) if args.out.exists() else {}
    missing = [photo for photo in sorted(args.photos.glob("*.jpg")) if photo.name not in poses]
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=2 if args.heavy else 1) as detector:
        for number, photo in enumerate(tqdm(missing, unit="photo"), start=1):
            poses[photo.name] = find_pose(detector, photo)
            if number % SAVE_EVERY == 0:
                args.out.write_text(json.dumps(poses))
    args.out.write_text(json.dumps(poses))


if __name__ == "__main__":
    main()
