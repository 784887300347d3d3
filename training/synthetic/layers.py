"""Layers of skin, hair and cloth on a body at rest, and how one is put on over the others.

Each layer knows where it ends. A new layer ends those beneath it a little inside its own border, so that nothing
shows through, and nothing gapes either.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from training.labels.lip import LABEL_ID
from training.synthetic.bodies import GROUPS, Body, BodyBank
from training.synthetic.garments import Garment
from training.synthetic.materials import Material
from training.synthetic.mesh import Floats, Ints, normals, triangle_to_vertex
from training.synthetic.regions import FAR, BodyCoordinates, Regions

Inside = Callable[[BodyCoordinates], Floats]
"""A garment's border: metres inside it, negative outside, at each point."""

OVERLAP = 0.02
"""Metres that an inner layer goes on under an outer one's border."""

REACH = 0.045
"""A garment hides the skin that its file names, as far as this from its mesh; metres."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A surface on a body at rest: ``rest`` (N, 3), how it follows the bones (``weights``, sparse (N, B)), where it
    ends (``cover``, as in ``Surface``), its label or those of its vertices, where its points lie on the body, and
    which triangles ``touch`` each vertex (sparse (N, F))."""

    name: str
    rest: Floats
    weights: csr_array
    triangles: Ints
    uvs: Floats
    labels: Floats | int
    material: Material
    cover: Floats
    places: BodyCoordinates
    touch: csr_array
    tint: Floats | None = None

    def ending(self, cover: Floats) -> "Layer":
        """The same, but also ending where ``cover`` is negative."""
        return replace(self, cover=np.minimum(self.cover, cover))


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the base mesh with its own numbering: ``index`` (N,) into the base mesh."""

    index: Ints
    triangles: Ints
    weights: csr_array
    touch: csr_array


class GarmentFitter:
    """Garment fitter: mesh groups and skin weights of all garments, shared by all bodies."""

    def __init__(self, bank: BodyBank, garments: dict[str, Garment]) -> None:
        self.bank, self.garments, self.regions = bank, garments, Regions(bank.rig)
        self.groups = {name: self._group(name) for name in GROUPS}
        self.weights = {name: garment.skin_weights(bank.rig.weights) for name, garment in garments.items()}

    def _group(self, name: str) -> Group:
        triangles = self.bank.triangles[name]
        index = np.unique(triangles).astype(np.int32)
        local = np.searchsorted(index, triangles).astype(np.int32)
        return Group(index, local, csr_array(self.bank.rig.weights[index]), triangle_to_vertex(len(index), local))


class LayerStack:
    """A body with its layers of skin, hair and clothes. ``layers`` go from the skin outwards; the first is the skin."""

    def __init__(self, fitter: GarmentFitter, body: Body) -> None:
        self.fitter, self.body = fitter, body
        self.places = fitter.regions.coordinates(body)
        self.layers: list[Layer] = []

    def bare(
        self, group_name: str, name: str, labels: Floats | int, material: Material, tint: Floats | None = None
    ) -> Layer:
        """Add a group of the base mesh as it is."""
        group = self.fitter.groups[group_name]
        places = self.places.only(group.index)
        layer = Layer(
            name,
            places.points,
            group.weights,
            group.triangles,
            self.fitter.bank.uvs[group.index],
            labels,
            material,
            np.full(len(places.arm), FAR, np.float32),
            places,
            group.touch,
            tint,
        )
        self.layers.append(layer)
        return layer

    def region(
        self,
        group_name: str,
        label: str,
        material: Material,
        inside: Inside,
        thickness: float,
        looser: Inside | None = None,
        hides: float | None = OVERLAP,
        base: Floats | None = None,
    ) -> Layer:
        """Wear the region ``inside`` of a group of the base mesh (or of ``base``, its points moved), pushed outwards
        by ``thickness`` metres plus ``looser``. Layers beneath end ``hides`` metres inside its border."""
        if hides is not None:
            self.end_beneath(inside, hides)
        group = self.fitter.groups[group_name]
        layer = self.bare(group_name, label, LABEL_ID[label], material)
        rest = layer.rest if base is None else base
        push = np.full(len(rest), thickness, np.float32)
        if looser is not None:
            push = push + looser(layer.places)
        rest = rest + push[:, None] * normals(rest, group.triangles, group.touch)
        return self.change(layer, replace(layer, rest=rest.astype(np.float32), cover=inside(layer.places)))

    def mesh(self, garment: Garment, triangles: Ints, label: str, material: Material) -> Layer:
        """Wear some triangles of a MakeHuman mesh."""
        used = np.unique(triangles)
        local = np.searchsorted(used, triangles).astype(np.int32)
        rest = garment.fit(self.body)[used]
        anchors = csr_array(garment.anchors[used])
        p = self.places
        arm, leg, is_arm, is_leg, is_head = (
            np.asarray(anchors @ values, np.float32) for values in (p.arm, p.leg, p.is_arm, p.is_leg, p.is_head)
        )
        left = (rest[:, 0] > 0).astype(np.float32)
        layer = Layer(
            label,
            rest,
            csr_array(self.fitter.weights[garment.name][used]),
            local,
            garment.uvs[used],
            LABEL_ID[label],
            material,
            np.full(len(used), FAR, np.float32),
            BodyCoordinates(rest, arm, leg, is_arm, is_leg, is_head, left, p.arm_length, p.leg_length, p.marks),
            triangle_to_vertex(len(used), local),
        )
        self.layers.append(layer)
        return layer

    def on_head(self, label: str, material: Material, rest: Floats, triangles: Ints) -> Layer:
        """Wear something stiff that moves with the head."""
        rig, count = self.fitter.bank.rig, len(rest)
        head = np.full(count, rig.index("head"))
        weights = csr_array((np.ones(count, np.float32), (np.arange(count), head)), shape=(count, len(rig.bones)))
        no, yes = np.zeros(count, np.float32), np.ones(count, np.float32)
        layer = Layer(
            label,
            rest,
            weights,
            triangles,
            np.zeros((count, 2), np.float32),
            LABEL_ID[label],
            material,
            yes,
            BodyCoordinates(rest, no, no, no, no, yes, no, 1.0, 1.0, self.places.marks),
            triangle_to_vertex(count, triangles),
        )
        self.layers.append(layer)
        return layer

    def change(self, old: Layer, new: Layer) -> Layer:
        """Put ``new`` in the place of ``old``."""
        self.layers[next(place for place, layer in enumerate(self.layers) if layer is old)] = new
        return new

    def end_beneath(self, inside: Inside, margin: float) -> None:
        """All layers so far end ``margin`` metres inside a border."""
        for layer in self.layers[:]:
            self.change(layer, layer.ending(np.asarray(margin - inside(layer.places), np.float32)))

    def end_skin(self, covered: npt.NDArray[np.bool_]) -> None:
        """The skin ends where base vertices (V,) are covered."""
        body = self.fitter.groups["body"].index
        self.change(self.layers[0], self.layers[0].ending(np.where(covered[body], -1.0, 1.0).astype(np.float32)))

    def skin_under(self, garment: Garment, triangles: Ints) -> npt.NDArray[np.bool_]:
        """Which base vertices (V,) some triangles of a garment hide: those that its file names, near them."""
        covered = np.zeros(len(self.places.arm), bool)
        mesh = garment.fit(self.body)[np.unique(triangles)]
        near, _ = cKDTree(mesh).query(self.body.vertices[garment.hidden], distance_upper_bound=REACH)
        covered[garment.hidden[np.isfinite(near)]] = True
        return covered
