"""Who wears what: garments together as people wear them, each under the label that LIP gives it."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from training.labels.lip import LABEL_ID
from training.synthetic import palette, regions
from training.synthetic.accessories import brows, sunglasses, visor
from training.synthetic.bodies import Body
from training.synthetic.layers import OVERLAP, GarmentFitter, Layer, LayerStack
from training.synthetic.materials import Material, plain
from training.synthetic.mesh import Floats
from training.synthetic.regions import FAR, BodyCoordinates
from training.synthetic.wardrobe import (
    BLAZER,
    BLAZER_SHIRT,
    DUNGAREES,
    DUNGAREES_SHIRT,
    HATS,
    JACKET,
    JACKET_SHIRT,
    LONG_HAIR,
    MENS_PANTS,
    MENS_TOPS,
    OVERALL,
    SHOES,
    SHORT_HAIR,
    SOCK_TRIANGLES,
    WOMENS_PANTS,
    WOMENS_TOPS,
    Part,
)

KINDS = ("separates", "dress", "jumpsuit", "sport")
WOMENS_KINDS, MENS_KINDS = (0.6, 0.18, 0.12, 0.1), (0.66, 0.01, 0.15, 0.18)
COAT, SHOELESS, SOCKS, GLOVES, SCARF, SUNGLASSES = 0.3, 0.13, 0.45, 0.14, 0.15, 0.25
BOOTS = 0.15
HEADWEAR = {"": 0.78, "fedora": 0.07, "cap": 0.09, "beanie": 0.06}
"""How often; labels that are rare on the street are not rare here."""

ANKLE = 2.1
"""Along the leg: where shoes begin."""


def dress(fitter: GarmentFitter, body: Body, rng: np.random.Generator) -> list[Layer]:
    """Skin, hair and clothes for one body, from the skin outwards."""
    outfit = Outfit(LayerStack(fitter, body), rng)
    outfit.skin()
    outfit.clothes()
    outfit.head()
    return outfit.fitting.layers


def pick(rng: np.random.Generator, *ranges: tuple[float, float]) -> float:
    """A number from one of the ranges, each as likely as the others."""
    low, high = ranges[rng.integers(len(ranges))]
    return float(rng.uniform(low, high))


class Outfit:
    """Chooses and puts on. Methods are called from the skin outwards."""

    def __init__(self, fitting: LayerStack, rng: np.random.Generator) -> None:
        self.fitting, self.rng = fitting, rng
        self.female = fitting.body.gender < 0.5
        self.flat_chested = fitting.body.gender > 0.85
        self.hair_color = palette.hair_color(rng, fitting.body.age)
        self.skin_material = palette.skin(rng, self.hair_color)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def skin(self) -> None:
        """Skin with lips and brows, and eyes."""
        fitter, places = self.fitting.fitter, self.fitting.places
        body = fitter.groups["body"].index
        at = places.only(body)
        tint = fitter.bank.lips[body] - brows(at)
        self.fitting.bare("body", "skin", regions.skin_labels(at), self.skin_material, tint)
        white = replace(
            self.skin_material, colors=np.array([[0.6, 0.58, 0.55]] * 2 + [[0.03, 0.02, 0.015]], np.float32)
        )
        for eye in ("helper-l-eye", "helper-r-eye"):
            forward = places.points[fitter.groups[eye].index, 2]
            iris = np.where(forward > np.quantile(forward, 0.75), -1.0, 0.0).astype(np.float32)
            self.fitting.bare(eye, "eye", LABEL_ID["face"], white, iris)

    def clothes(self) -> None:
        """Socks first, coat and shoes last."""
        kind = str(self.rng.choice(KINDS, p=WOMENS_KINDS if self.female else MENS_KINDS))
        shoes = "" if self.chance(SHOELESS) else str(self.rng.choice(SHOES))
        socks = palette.cloth(self.rng, "knit") if self.chance(SOCKS) else None
        if socks:
            start = pick(self.rng, (1.55, 1.95), (1.55, 1.95), (0.8, 1.5))
            self.fitting.region("helper-tights", "socks", socks, lambda p: regions.stockings(p, start), 0.003)
        if kind == "separates":
            self.bottom()
            self.top()
        else:
            {"dress": self.dress, "jumpsuit": self.jumpsuit, "sport": self.sportswear}[kind]()
        if kind != "jumpsuit" and self.chance(COAT):
            self.coat()
        if shoes:
            self.shoes(shoes, socks)
        if self.chance(GLOVES):
            cuff = self.rng.uniform(1.75, 2.0)
            self.fitting.region(
                "body", "glove", palette.cloth(self.rng, "knit"), lambda p: regions.gloves(p, cuff), 0.003
            )
        if self.chance(SCARF):
            self.scarf()

    def bottom(self) -> None:
        """Trousers, shorts, leggings or a skirt."""
        rng, material = self.rng, palette.cloth(self.rng, "pants")
        if self.female and self.chance(0.4):
            self.skirt(palette.cloth(rng, "skirt"), "skirt", pick(rng, (0.3, 1.0), (1.0, 2.0)))
        elif self.chance(0.6):
            parts = WOMENS_PANTS if self.female else MENS_PANTS
            self.part(parts[rng.integers(len(parts))], "pants", material)
        else:
            end, flare = pick(rng, (0.35, 1.0), (1.2, 2.25)), rng.beta(1, 2.5) * 0.04
            self.fitting.region(
                "helper-tights",
                "pants",
                material,
                lambda p: regions.legwear(p, end, waist=0.08),
                0.007,
                lambda p: flare * np.clip(p.leg, 0, 2),
            )

    def top(self) -> None:
        """A shirt, blouse, sweater, tank top; few men wear none."""
        rng, material = self.rng, palette.cloth(self.rng, "top")
        if self.flat_chested and self.chance(0.06):
            return
        if self.chance(0.55):
            parts = WOMENS_TOPS if self.female and self.chance(0.8) else MENS_TOPS
            self.part(parts[rng.integers(len(parts))], "upper-clothes", material)
            return
        sleeve, hem = pick(rng, (0.0, 0.0), (0.35, 0.8), (1.1, 2.05)), pick(rng, (-0.12, 0.06), (-0.1, 0.02))
        if self.female and self.chance(0.2):
            hem = rng.uniform(0.12, 0.3)
        neck, loose = (rng.uniform(0.075, 0.11), rng.uniform(0.02, 0.12)), rng.beta(1.2, 2) * 0.03
        self.fitting.region(
            "helper-tights",
            "upper-clothes",
            material,
            lambda p: regions.top(p, sleeve, hem, neck),
            0.01,
            lambda p: loose * regions.below_chest(p) + 0.4 * loose * np.clip(p.arm, 0, 1.5) * (p.is_arm > 0.5),
        )

    def sportswear(self) -> None:
        """Tight or little, as gymnasts, runners and swimmers wear."""
        rng, material, second = self.rng, palette.cloth(self.rng, "top"), palette.cloth(self.rng, "top")
        wear = self.fitting.region
        if self.female and self.chance(0.4):  # a leotard
            sleeve = 2.0 if self.chance(0.4) else 0.0
            wear("helper-tights", "jumpsuits", material, lambda p: regions.jumpsuit(p, sleeve, 0.1, (0.1, 0.08)), 0.003)
            return
        end, flare = pick(rng, (0.25, 0.5), (0.6, 1.0), (1.8, 2.1)), 0.0 if self.female else rng.uniform(0, 0.03)
        wear(
            "helper-tights",
            "pants",
            second,
            lambda p: regions.legwear(p, end, 0.06),
            0.005,
            lambda p: flare * np.clip(p.leg, 0, 2),
        )
        if not self.flat_chested or self.chance(0.7):
            hem, sleeve = (pick(rng, (0.25, 0.3), (0.0, 0.05)) if self.female else -0.03), pick(rng, (0, 0), (0.3, 0.6))
            wear("helper-tights", "upper-clothes", material, lambda p: regions.top(p, sleeve, hem, (0.09, 0.07)), 0.008)

    def dress(self) -> None:
        """A bodice and a skirt of the same cloth."""
        material, sleeve = palette.cloth(self.rng, "skirt"), pick(self.rng, (0.0, 0.0), (0.3, 2.0))
        neck = (self.rng.uniform(0.08, 0.12), self.rng.uniform(0.03, 0.13))
        self.skirt(material, "dress", pick(self.rng, (0.4, 1.1), (1.1, 2.1)))
        self.fitting.region("helper-tights", "dress", material, lambda p: regions.top(p, sleeve, 0.0, neck), 0.009)

    def skirt(self, material: Material, label: str, end: float, thickness: float = 0.004) -> None:
        """The base mesh's skirt down to ``end`` along the leg, wide or drawn in towards the legs."""
        tights = self.fitting.body.vertices[self.fitting.fitter.groups["helper-tights"].index]
        wide = self.fitting.body.vertices[self.fitting.fitter.groups["helper-skirt"].index]
        nearest = tights[cKDTree(tights).query(wide)[1]]
        drawn_in = self.rng.uniform(0.0, 0.7) * np.array([1, 0, 1], np.float32)
        base = (wide + drawn_in * (nearest - wide)).astype(np.float32)
        self.fitting.region(
            "helper-skirt", label, material, lambda p: regions.skirt(p, end), thickness, hides=0.15, base=base
        )

    def jumpsuit(self) -> None:
        """Dungarees, an overall, or one piece of any cut."""
        rng = self.rng
        kind = rng.choice(["dungarees", "overall", "any"], p=[0.3, 0.2, 0.5])
        if kind == "dungarees":
            self.part(DUNGAREES_SHIRT, "upper-clothes", palette.cloth(rng, "top"))
            self.part(DUNGAREES, "jumpsuits", palette.cloth(rng, "pants"))
        elif kind == "overall":
            self.part(OVERALL, "jumpsuits", palette.cloth(rng, "coat"))
        else:
            sleeve, leg = pick(rng, (0.0, 0.0), (0.3, 2.0)), pick(rng, (0.3, 0.8), (1.3, 2.1))
            neck, flare = (rng.uniform(0.08, 0.11), rng.uniform(0.03, 0.12)), rng.beta(1, 2) * 0.04
            self.fitting.region(
                "helper-tights",
                "jumpsuits",
                palette.cloth(rng, "skirt"),
                lambda p: regions.jumpsuit(p, sleeve, leg, neck),
                0.01,
                lambda p: flare * np.clip(p.leg, 0, 2) * (p.is_arm < 0.5),
            )

    def coat(self) -> None:
        """A jacket or blazer over its own shirt, or a coat of any length, open or closed."""
        rng, material = self.rng, palette.cloth(self.rng, "coat")
        kind = rng.choice(["jacket", "blazer", "any"], p=[0.25, 0.25, 0.5])
        if kind != "any":
            shirt, outer = (JACKET_SHIRT, JACKET) if kind == "jacket" else (BLAZER_SHIRT, BLAZER)
            for layer in self.fitting.layers[:]:
                if layer.name == "upper-clothes":  # its own shirt is made to lie under it
                    self.fitting.layers.remove(layer)
            self.part(shirt, "upper-clothes", palette.cloth(rng, "top"))
            self.part(outer, "coat", material)
            return
        gap, sleeve, hem = pick(rng, (0.0, 0.0), (0.02, 0.07)), rng.uniform(1.6, 2.05), rng.uniform(-0.12, 0.1)

        def front(places: BodyCoordinates) -> Floats:
            return regions.open_front(places, gap) if gap else np.full(len(places.arm), FAR, np.float32)

        if self.chance(0.4):
            end = rng.uniform(0.5, 1.6)
            self.fitting.region(
                "helper-skirt", "coat", material, lambda p: np.minimum(regions.skirt(p, end), front(p)), 0.03, hides=0.1
            )
        self.fitting.region(
            "helper-tights",
            "coat",
            material,
            lambda p: np.minimum(regions.top(p, sleeve, hem, (0.08, 0.05)), front(p)),
            0.026,
        )

    def shoes(self, name: str, socks: Material | None) -> None:
        """Shoes, left and right; their files' short socks are cloth or, on bare feet, skin."""
        fitting, garment, material = self.fitting, self.fitting.fitter.garments[name], palette.leather(self.rng)
        covered = fitting.skin_under(garment, garment.triangles) & (fitting.places.leg > ANKLE - 0.15)
        fitting.end_skin(covered)
        for layer in fitting.layers[:]:
            if layer.name == "socks":
                fitting.change(layer, layer.ending((ANKLE - layer.places.leg).astype(np.float32)))
        boots = self.chance(BOOTS)
        sizes = np.bincount(garment.piece)
        is_sock = sizes[garment.piece] == SOCK_TRIANGLES
        left = garment.fit(fitting.body)[garment.triangles[:, 0], 0] > 0
        for side, mask in (("left", left), ("right", ~left)):
            fitting.mesh(garment, garment.triangles[mask & ~is_sock], f"{side}-shoe", material)
            if not boots:
                lining = garment.triangles[mask & is_sock]
                fitting.mesh(garment, lining, "socks" if socks else f"{side}-leg", socks or self.skin_material)
        if boots:
            self.boot_shafts(material)

    def boot_shafts(self, material: Material) -> None:
        start = self.rng.uniform(1.1, 1.8)
        for side, is_left in (("left", 1.0), ("right", 0.0)):

            def shaft(places: BodyCoordinates, own: float = is_left) -> Floats:
                along = np.minimum(regions.stockings(places, start), (2.3 - places.leg) * 0.1)
                return np.where(places.left == own, along, -FAR).astype(np.float32)

            self.fitting.region("helper-tights", f"{side}-shoe", material, shaft, 0.014)

    def scarf(self) -> None:
        """A ring around the neck, most with an end hanging down in front."""
        rng = self.rng
        material = replace(palette.cloth(rng, "knit"), fold_height=0.03, fold_scale=0.05)
        rise = rng.uniform(0.05, 0.08)
        wear = self.fitting.region
        wear("helper-tights", "scarf", material, lambda p: regions.neck_band(p, rise, 0.06), 0.04)
        if self.chance(0.6):
            middle, width, end = (
                rng.choice([-1, 1]) * rng.uniform(0.03, 0.07),
                rng.uniform(0.06, 0.13),
                rng.uniform(0.2, 0.5),
            )
            wear("helper-tights", "scarf", material, lambda p: regions.front_strip(p, middle, width, end), 0.045)

    def head(self) -> None:
        """Hair, headwear, sunglasses."""
        rng, fitting = self.rng, self.fitting
        hat = str(rng.choice(list(HEADWEAR), p=list(HEADWEAR.values())))
        tilt = rng.uniform(-0.1, 0.25)

        def beside_hat(places: BodyCoordinates) -> Floats:
            return -regions.cap(places, 0.055, tilt) if hat else np.full(len(places.arm), FAR, np.float32)

        if not self.chance(0.01 if self.female else 0.06):
            front = rng.uniform(0.045, 0.065) + (0.0 if self.female else 0.03 * rng.random())
            fitting.region(
                "body",
                "hair",
                palette.hair(self.hair_color, rng, strands=False, edge=0.02),
                lambda p: np.minimum(regions.scalp(p, front), beside_hat(p)),
                rng.uniform(0.002, 0.007),
                hides=None,
            )
            if self.chance(0.97 if self.female else 0.7):
                names = LONG_HAIR if self.female and self.chance(0.85) else SHORT_HAIR
                hair = fitting.fitter.garments[str(rng.choice(names))]
                layer = fitting.mesh(hair, hair.triangles, "hair", palette.hair(self.hair_color, rng, strands=True))
                fitting.change(layer, layer.ending(beside_hat(layer.places)))
        material = palette.cloth(rng, "knit")
        if hat == "fedora":
            garment = fitting.fitter.garments[str(rng.choice(HATS))]
            fitting.mesh(garment, garment.triangles, "hat", material)
        elif hat:
            fitting.region("body", "hat", material, lambda p: regions.cap(p, 0.045, tilt), 0.014, hides=None)
            if hat == "cap":
                fitting.on_head("hat", material, *visor(fitting.places, backward=self.chance(0.2)))
        if self.chance(SUNGLASSES):
            dark = replace(plain(Material.SMOOTH, rng.uniform(0.01, 0.12, 3)), gloss=0.5, roughness=60.0)
            fitting.on_head("sunglasses", dark, *sunglasses(fitting.places, rng))

    def part(self, part: Part, label: str, material: Material) -> None:
        """Wear a part of a garment: the skin beneath goes, and layers end under its hem."""
        fitting, garment = self.fitting, self.fitting.fitter.garments[part.garment]
        triangles = part.triangles(garment)
        fitting.end_skin(fitting.skin_under(garment, triangles))
        beneath = fitting.layers[:]
        worn = fitting.mesh(garment, triangles, label, material)
        trunk = worn.places.is_arm < 0.5
        if label in ("pants", "jumpsuits"):
            leg_end = float(np.quantile(worn.places.leg, 0.97)) - 0.12
            for layer in (layer for layer in beneath if layer.name == "socks"):
                fitting.change(layer, layer.ending((layer.places.leg - leg_end).astype(np.float32)))
        elif label in ("upper-clothes", "coat") and trunk.any():
            hem = float(np.quantile(worn.rest[trunk, 1], 0.02)) + 2 * OVERLAP
            for layer in (layer for layer in beneath if layer.name in ("pants", "skirt", "dress")):
                on_arm = -FAR if layer.name == "dress" else FAR
                below = np.where(layer.places.is_arm < 0.5, hem - layer.places.points[:, 1], on_arm)
                fitting.change(layer, layer.ending(below.astype(np.float32)))
