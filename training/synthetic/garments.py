"""MakeHuman's garments, shoes, hats and hair: meshes bound to the base mesh by ``.mhclo`` files.

A garment's vertex lies on three vertices of the base mesh (weights that sum to 1) plus an offset that grows with the
body, so it fits every body at rest. Its skin weights are those of the same three vertices, so it follows every pose.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array, diags_array

from training.errors.input_error import InputError
from training.synthetic.bodies import BASE_VERTICES, Body
from training.synthetic.mesh import Floats, Ints, components, read_obj, vertex_uvs


@dataclass(frozen=True, slots=True)
class Garment:
    """One ``.mhclo`` with its mesh: ``anchors`` (G, V) takes base vertices to garment vertices, ``offsets`` (G, 3)
    in units of ``scales`` (three axes: two base vertices and the reference length between them), ``hidden`` the base
    vertices that it covers; ``piece`` (F,) and ``island`` (F,) are the numbers of each triangle's connected piece of
    the mesh and of its UVs, in the order of their first vertices."""

    name: str
    triangles: Ints
    uvs: Floats
    anchors: csr_array
    offsets: Floats
    scales: tuple[tuple[int, int, float], ...]
    hidden: Ints
    piece: Ints
    island: Ints

    def fit(self, body: Body) -> Floats:
        """The garment on a body at rest, (G, 3) in metres."""
        size = [
            abs(float(body.vertices[a, axis] - body.vertices[b, axis])) / length
            for axis, (a, b, length) in enumerate(self.scales)
        ]
        return np.asarray(self.anchors @ body.vertices + self.offsets * np.array(size, np.float32), np.float32)

    def skin_weights(self, base: csr_array) -> csr_array:
        """Skin weights (G, B) from the base mesh's (V, B)."""
        anchors = self.anchors.copy()
        anchors.data = np.maximum(anchors.data, 0)
        weights = csr_array(anchors @ base)
        return csr_array(diags_array(1 / weights.sum(1)) @ weights).astype(np.float32)


def read_garment(path: Path) -> Garment:
    """Read an ``.mhclo`` and the ``.obj`` that it names. Raises InputError naming a line that cannot be read."""
    scales: dict[str, tuple[int, int, float]] = {}
    rows: list[list[float]] = []
    hidden: list[int] = []
    section, mesh_file = "", path.with_suffix(".obj").name
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            if words[0] in ("verts", "delete_verts"):
                section = words[0]
            elif words[0].endswith("_scale"):
                scales[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
            elif words[0] == "obj_file":
                mesh_file = words[1]
            elif section == "verts" and words[0].isdigit():
                rows.append(
                    [float(word) for word in words] if len(words) == 9 else [float(words[0])] * 3 + [1, 0, 0] + [0] * 3
                )
            elif section == "delete_verts":
                hidden += _ranges(words)
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}, line {number}: {error}") from error
    mesh = read_obj(path.parent / mesh_file)
    table = np.array(rows, np.float64)
    if len(table) != len(mesh.vertices):
        raise InputError(f"{path} binds {len(table)} vertices, {mesh_file} has {len(mesh.vertices)}")
    count = len(table)
    anchors = csr_array(
        (table[:, 3:6].ravel().astype(np.float32), (np.repeat(np.arange(count), 3), table[:, :3].ravel().astype(int))),
        shape=(count, BASE_VERTICES),
    )
    return Garment(
        path.stem,
        mesh.triangles,
        vertex_uvs(count, mesh.triangles, mesh.uv_triangles, mesh.uvs),
        anchors,
        table[:, 6:9].astype(np.float32),
        tuple(scales[axis] for axis in "xyz"),
        np.array(hidden, np.int32),
        components(count, mesh.triangles)[mesh.triangles[:, 0]],
        components(len(mesh.uvs), mesh.uv_triangles)[mesh.uv_triangles[:, 0]],
    )


def _ranges(words: list[str]) -> list[int]:
    """``3 - 5 9`` → 3, 4, 5, 9."""
    numbers: list[int] = []
    for place, word in enumerate(words):
        if word == "-":
            numbers += range(numbers[-1] + 1, int(words[place + 1]))
        else:
            numbers.append(int(word))
    return numbers
