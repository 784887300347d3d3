"""A LIP of drawings, in the folders that LIP's archives unpack to, and recipes to learn it within seconds."""

import cv2
import numpy as np

from training.data.adapters.lip import LookIntoPerson
from training.data.preparation import prepare
from training.data.prepared_folder import PreparedFolder
from training.loop.distributed import init_distributed
from training.loop.initial_weights import random_network
from training.loop.trainer import Trainer
from training.networks.presets import PRESETS, load_recipe

JOINTS = {6: (36, 70), 7: (36, 34), 8: (36, 28), 9: (36, 8)}
"""LIP's index of a joint that is marked → its place on every drawing."""


def draw_person(number):
    """A dress with a face, RGB and labels, 72 × 96; drawing 3 wears a hat."""
    image = np.full((96, 72, 3), 90 + 20 * number, np.uint8)
    labels = np.zeros((96, 72), np.uint8)
    cv2.rectangle(image, (22, 30), (50, 90), (200, 30, 30), -1)
    labels[30:91, 22:51] = 6
    cv2.circle(image, (36, 20), 9, (30, 200, 30), -1)
    cv2.circle(labels, (36, 20), 9, 13, -1)
    if number == 3:
        image[5:12, 28:45] = 255
        labels[5:12, 28:45] = 1
    return image, labels


def write_lip(root):
    """Four drawings, as LIP is published; each is there for training and, under another name, for validation."""
    images, labels, poses = (
        root / f"TrainVal_{part}" for part in ("images", "parsing_annotations", "pose_annotations")
    )
    poses.mkdir(parents=True)
    pose = ",".join("{},{},0".format(*JOINTS[joint]) if joint in JOINTS else "nan,nan,nan" for joint in range(16))
    for split, names in {"train": "0123", "val": "4567"}.items():
        (images / f"{split}_images").mkdir(parents=True)
        (labels / f"{split}_segmentations").mkdir(parents=True)
        for name in names:
            image, label_map = draw_person(int(name) % 4)
            cv2.imwrite(str(images / f"{split}_images" / f"{name}.jpg"), image[:, :, ::-1])
            cv2.imwrite(str(labels / f"{split}_segmentations" / f"{name}.png"), label_map)
        (images / f"{split}_id.txt").write_text("".join(f"{name}\n" for name in names))
        (poses / f"lip_{split}_set.csv").write_text("".join(f"{name}.jpg,{pose}\n" for name in names))


def draw_people(root):
    """The drawings, prepared."""
    write_lip(root / "lip")
    assert prepare(LookIntoPerson(root / "lip"), root / "data") == []
    return PreparedFolder(root / "data")


def write_recipe(path, preset, changes):
    """A preset with some of its lines changed."""
    text = (PRESETS / f"{preset}.toml").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


def write_tiny_recipe(path, epochs, batch=2):
    """The default recipe, small enough for a test; an epoch is two steps, or with batches of one drawing four."""
    changes = {
        "height = 256": "height = 64",
        "width = 192": "width = 64",
        "batch = 16": f"batch = {batch}",
        "epochs = 46": f"epochs = {epochs}",
        "warmup_epochs = 2": "warmup_epochs = 0",
        "ema_decay = 0.998": "ema_decay = 0.5",
    }
    return write_recipe(path, "lite", changes)


def write_slim_recipe(path, epochs):
    """The original's recipe for a JPPNet of a sixteenth of the channels that learns faster; an epoch is two steps."""
    changes = {
        "height = 384": "height = 64",
        "width = 384": "width = 64",
        'fit = "squash"': 'fit = "squash"\nslimming = 16',
        "batch = 4": "batch = 2",
        "epochs = 35": f"epochs = {epochs}",
        "learning_rate = 1e-4": "learning_rate = 3e-3\nclip_norm = 5.0",
    }
    return write_recipe(path, "jppnet-s2", changes)


def trainer(recipe_file, folder, out):
    """A run about to start, with its folder made; its trunk with ImageNet's weights where the network brings them."""
    out.mkdir(parents=True, exist_ok=True)
    recipe = load_recipe(str(recipe_file))
    network = random_network(recipe, folder.label_set)
    if recipe.network.name == "lite":
        network.load_pretrained(None)
    return Trainer(network, recipe, folder, out, init_distributed(recipe.run.timeout))
