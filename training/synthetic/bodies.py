"""A bank of bodies: MakeHuman's base mesh in many shapes, made once by ``anny`` and read by every process.

``anny`` needs a minute to load and a gigabyte; the bank is some 20 MB of numbers that workers map into memory. Bodies
are in metres, y up, looking along z, so the person's left is +x.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from training.synthetic.mesh import Floats, Ints, read_obj, vertex_uvs

BANK_SIZE = 160
BANK_SEED = 7
BANK_VERSION = 1
QUANTUM = 5e-5
"""Metres of one unit of the stored 16-bit positions."""

BONES_A_VERTEX = 12

BASE_VERTICES, BODY_VERTICES = 19158, 13380
"""Vertices of MakeHuman's base mesh ``hm08``: with all helpers, and of the body, which comes first."""

GROUPS = ("body", "helper-tights", "helper-skirt", "helper-l-eye", "helper-r-eye")
"""The parts of the base mesh that are drawn, or that clothes are cut from."""


@dataclass(frozen=True, slots=True)
class Rig:
    """The skeleton and how the skin hangs on it. ``weights`` is a sparse (V, B); ``parents`` (B,), -1 for the root."""

    bones: tuple[str, ...]
    parents: Ints
    weights: csr_array

    def index(self, bone: str) -> int:
        return self.bones.index(bone)


@dataclass(frozen=True, slots=True)
class Body:
    """One person at rest: ``vertices`` (V, 3) of the base mesh with its helpers, ``heads`` (B, 3) of the bones;
    ``gender`` 0 female – 1 male, ``age`` as in anny (1/3 child, 2/3 young, 1 old)."""

    vertices: Floats
    heads: Floats
    gender: float
    age: float

    @property
    def stature(self) -> float:
        """Metres from sole to crown."""
        return float(np.ptp(self.vertices[:BODY_VERTICES, 1]))


class BodyBank:
    """The bodies on disk. Raises FileNotFoundError with what to do when the bank was never made."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: `python -m training.synthesize` makes it")
        with np.load(path) as file:
            self._vertices: npt.NDArray[np.int16] = file["vertices"]
            self._heads: Floats = file["heads"]
            self._traits: Floats = file["traits"]
            count, bones = int(self._vertices.shape[1]), tuple(str(bone) for bone in file["bones"])
            index, value = file["weight_indices"], file["weight_values"]
            self.uvs: Floats = file["uvs"]
            self.lips: Floats = file["lips"]
            self.triangles: dict[str, Ints] = {name: file[f"triangles/{name}"] for name in GROUPS}
            parents = file["parents"]
        rows = np.repeat(np.arange(count), BONES_A_VERTEX)
        weights = csr_array((value.ravel(), (rows, index.ravel())), shape=(count, len(bones)))
        weights.eliminate_zeros()
        self.rig = Rig(bones, parents, weights)

    def draw(self, rng: np.random.Generator) -> Body:
        """A new body: two of the bank's of like sex and age, mixed."""
        first = int(rng.integers(len(self._traits)))
        distance = np.abs(self._traits - self._traits[first]) @ np.array([1.0, 3.0], np.float32)
        second = int(np.argsort(distance)[rng.integers(1, 12)])
        share = np.float32(rng.uniform(0, 1))
        gender, age = (1 - share) * self._traits[first] + share * self._traits[second]
        return Body(
            np.asarray(((1 - share) * self._vertices[first] + share * self._vertices[second]) * QUANTUM, np.float32),
            np.asarray((1 - share) * self._heads[first] + share * self._heads[second], np.float32),
            float(gender),
            float(age),
        )


def bake_bank(path: Path) -> None:
    """Make the bank with ``anny`` (two minutes, 1.5 GB of memory). The same bodies every time."""
    with TemporaryDirectory() as cache:  # anny's own cache would hold a gigabyte that is read once
        model, base = _load_anny(cache)
    rng = np.random.default_rng(BANK_SEED)
    shapes = [draw_shape(rng) for _ in range(BANK_SIZE)]
    vertices, heads = zip(*(_rest(model, shape) for shape in shapes), strict=True)
    names = np.array(base.groups)
    record: dict[str, npt.NDArray[Any]] = {
        "vertices": np.rint(np.stack(vertices) / QUANTUM).astype(np.int16),
        "heads": np.stack(heads).astype(np.float32),
        "traits": np.array([[shape["gender"], shape["age"]] for shape in shapes], np.float32),
        "bones": np.array(model.bone_labels),
        "parents": np.array(model.bone_parents, np.int32),
        "weight_indices": model.vertex_bone_indices.numpy().astype(np.int16),
        "weight_values": model.vertex_bone_weights.numpy().astype(np.float32),
        "uvs": vertex_uvs(len(base.vertices), base.triangles, base.uv_triangles, base.uvs),
    }
    record["lips"] = _lips(record["uvs"])
    record |= {f"triangles/{name}": base.triangles[names == name] for name in GROUPS}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **record)  # type: ignore[arg-type]
    unfinished.rename(path)


def draw_shape(rng: np.random.Generator) -> dict[str, float]:
    """Values of anny's phenotypes for one person, in 0–1: one in eight a child, the others grown up, to old age."""
    child = rng.random() < 0.12
    female = rng.random() < 0.5
    origins = rng.dirichlet([0.4, 0.4, 0.4])
    return {
        "gender": float(rng.beta(1.5, 8) if female else 1 - rng.beta(1.5, 8)),
        "age": float(rng.uniform(0.3, 0.55) if child else 0.58 + 0.42 * rng.beta(1.2, 2.2)),
        "muscle": float(rng.beta(2.5, 2.2)),
        "weight": float(rng.beta(2.2, 2.8)),
        "height": float(rng.beta(3, 3)),
        "proportions": float(rng.uniform(0.3, 1)),
        "cupsize": float(rng.beta(2, 2.5)),
        "firmness": float(rng.uniform(0.3, 0.9)),
        **dict(zip(("african", "asian", "caucasian"), map(float, origins), strict=True)),
    }


def _load_anny(cache: str) -> tuple[Any, Any]:
    import anny
    import torch
    from anny.paths import get_anny_root_dir, set_anny_cache_path

    set_anny_cache_path(cache)
    torch.set_num_threads(2)
    model = anny.Anny(
        rig="makehuman",
        topology="makehuman",
        phenotypes="all",
        local_changes="none",
        skinning_method="lbs",
        phenotype_blendshapes="original",
    )
    return model, read_obj(Path(get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj")


def _rest(model: Any, shape: dict[str, float]) -> tuple[Floats, Floats]:
    """Rest vertices and bone heads of a shape, from anny's axes (z up, looking along -y) to ours."""
    import torch

    dtype = model.template_vertices.dtype
    with torch.no_grad():
        still = torch.eye(4, dtype=dtype)[None, None].repeat(1, model.bone_count, 1, 1)
        given = {name: torch.tensor([value], dtype=dtype) for name, value in shape.items()}
        out = model(pose_parameters=still, phenotype_kwargs=given)
    return _turn(out["rest_vertices"][0].numpy()), _turn(out["rest_bone_heads"][0].numpy())


def _lips(uvs: Floats) -> Floats:
    """How much of a lip each vertex is, 0–1, from MakeHuman's mask."""
    from anny.paths import get_anny_root_dir

    picture = Path(get_anny_root_dir()) / "data/mpfb2/textures/mpfb_lips.jpg"
    mask = np.asarray(cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE), np.float32)
    rows = np.rint((1 - uvs[:, 1]) * (mask.shape[0] - 1)).astype(int)
    columns = np.rint(uvs[:, 0] * (mask.shape[1] - 1)).astype(int)
    return np.asarray(mask[rows, columns] / 255, np.float32)


def _turn(points: npt.NDArray[np.float64]) -> Floats:
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], 1).astype(np.float32)
