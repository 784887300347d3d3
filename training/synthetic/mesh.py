"""Triangle meshes, and the reader of the Wavefront files they come in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from training.errors.input_error import InputError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ObjFile:
    """What an ``.obj`` says: positions (V, 3), UVs (T, 2), triangles as position and UV indices (F, 3), and the group
    that each triangle stands in."""

    vertices: Floats
    uvs: Floats
    triangles: Ints
    uv_triangles: Ints
    groups: list[str]


def read_obj(path: Path) -> ObjFile:
    """Read a Wavefront file; polygons become fans of triangles. Raises InputError naming a line that cannot be read."""
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    triangles, uv_triangles, groups = [], [], []
    group = ""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        keyword, *fields = line.split() or [""]
        try:
            if keyword == "v":
                vertices.append([float(field) for field in fields[:3]])
            elif keyword == "vt":
                uvs.append([float(field) for field in fields[:2]])
            elif keyword == "g":
                group = " ".join(fields)
            elif keyword == "f":
                corners = [(field + "/").split("/")[:2] for field in fields]
                points = [int(point) - 1 for point, _ in corners]
                texels = [int(texel or 1) - 1 for _, texel in corners]
                for k in range(1, len(fields) - 1):
                    triangles.append((points[0], points[k], points[k + 1]))
                    uv_triangles.append((texels[0], texels[k], texels[k + 1]))
                    groups.append(group)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
    return ObjFile(
        np.array(vertices, np.float32),
        np.array(uvs or [[0, 0]], np.float32),
        np.array(triangles, np.int32),
        np.array(uv_triangles, np.int32),
        groups,
    )


def vertex_uvs(count: int, triangles: Ints, uv_triangles: Ints, uvs: Floats) -> Floats:
    """One UV a vertex (count, 2): that of its last corner. Seams smear over one row of triangles."""
    chosen = np.zeros((count, 2), np.float32)
    chosen[triangles.ravel()] = uvs[uv_triangles.ravel()]
    return chosen


def triangle_to_vertex(count: int, triangles: Ints) -> csr_array:
    """Matrix (count, F) with 1 where a triangle touches a vertex."""
    rows = triangles.ravel()
    columns = np.repeat(np.arange(len(triangles)), 3)
    return csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(triangles)))


def normals(vertices: Floats, triangles: Ints, touch: csr_array) -> Floats:
    """Unit normals (V, 3), each the area-weighted mean of the triangles around the vertex."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    summed = touch @ np.cross(b - a, c - a)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.maximum(length, 1e-12), np.float32)


def components(count: int, triangles: Ints) -> Ints:
    """Number of the connected piece that each vertex belongs to, (count,), in the order of their first vertices."""
    from scipy.sparse.csgraph import connected_components

    rows = np.concatenate([triangles[:, 0], triangles[:, 1]])
    columns = np.concatenate([triangles[:, 1], triangles[:, 2]])
    edges = csr_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(count, count))
    _, labels = connected_components(edges, directed=False)
    _, first = np.unique(labels, return_index=True)
    order = np.argsort(np.argsort(first))
    return np.asarray(order[labels], np.int32)
