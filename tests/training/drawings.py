"""A data set of drawings and a recipe to learn it within seconds."""

import cv2
import numpy as np

from training.data.sample import DatasetInfo, PreparedFolder, Sample, no_joints
from training.devices import take_place
from training.recipe import PRESETS, load_recipe
from training.train import Trainer, random_network


def draw_people(root):
    """A prepared folder of four drawings of a dress with a face; only the last one has a hat."""
    folder = PreparedFolder(root / "data")
    for number in range(4):
        image = np.full((96, 72, 3), 90 + 20 * number, np.uint8)
        labels = np.zeros((96, 72), np.uint8)
        cv2.rectangle(image, (22, 30), (50, 90), (200, 30, 30), -1)
        labels[30:91, 22:51] = 6
        cv2.circle(image, (36, 20), 9, (30, 200, 30), -1)
        cv2.circle(labels, (36, 20), 9, 13, -1)
        if number == 3:
            image[5:12, 28:45] = 255
            labels[5:12, 28:45] = 1
        joints = no_joints()
        joints[[6, 7, 8, 9]] = [(36, 70, 1), (36, 34, 1), (36, 28, 1), (36, 8, 1)]
        photo = root / f"{number}.jpg"
        cv2.imwrite(str(photo), image[:, :, ::-1])
        folder.write(Sample(str(number), image, labels, joints, "CC0"), photo)
    names = ["0", "1", "2", "3"]
    folder.write_index(DatasetInfo("drawings", "CC0", "made here"), {"train": names, "val": names})
    return folder


def write_tiny_recipe(path, epochs):
    """The default recipe, small enough for a test; an epoch is two steps."""
    text = (PRESETS / "lite.toml").read_text()
    for old, new in (
        ("height = 256", "height = 64"),
        ("width = 192", "width = 64"),
        ("batch = 16", "batch = 2"),
        ("epochs = 72", f"epochs = {epochs}"),
        ("warmup_epochs = 2", "warmup_epochs = 0"),
        ("ema_decay = 0.998", "ema_decay = 0.5"),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


def trainer(recipe_file, folder, out):
    """A run about to start, with its folder made."""
    out.mkdir(parents=True, exist_ok=True)
    recipe = load_recipe(str(recipe_file))
    network = random_network(recipe, folder.label_set)
    network.load_pretrained(None)
    return Trainer(network, recipe, folder, out, take_place())
