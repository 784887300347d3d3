"""Wardrobe: MakeHuman's garments, split into the parts that people wear."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.synthetic.garments import Garment, read_garment
from training.synthetic.mesh import Ints


@dataclass(frozen=True, slots=True)
class Part:
    """Some pieces (connected parts of the mesh) or islands (of its UVs) of a garment's file, worn as one thing."""

    garment: str
    pieces: tuple[int, ...] = ()
    islands: tuple[int, ...] = ()

    def triangles(self, garment: Garment) -> Ints:
        """The triangles that belong to it, (F, 3)."""
        if self.pieces:
            return garment.triangles[np.isin(garment.piece, self.pieces)]
        return garment.triangles[np.isin(garment.island, self.islands)]


WOMENS_TOPS = (
    Part("female_casualsuit01", (0,)),
    Part("female_casualsuit02", (2,)),
    Part("female_sportsuit01", (0,)),
    Part("female_elegantsuit01", (1,)),
)
MENS_TOPS = (
    Part("male_casualsuit01", islands=(0, 1, 4, 5)),
    Part("male_casualsuit02", (1,)),
    Part("male_casualsuit03", (0,)),
    Part("male_casualsuit04", (0,)),
    Part("male_casualsuit06", (0,)),
)
WOMENS_PANTS = (
    Part("female_casualsuit01", (1,)),
    Part("female_casualsuit02", (0, 1)),
    Part("female_sportsuit01", (1,)),
    Part("male_casualsuit01", islands=(2, 3)),
)
MENS_PANTS = (
    Part("male_casualsuit01", islands=(2, 3)),
    Part("male_casualsuit02", (0,)),
    Part("male_elegantsuit01", (0,)),
)
JACKET, JACKET_SHIRT = Part("male_casualsuit05", (0, 1)), Part("male_casualsuit05", (2,))
BLAZER = Part("male_elegantsuit01", islands=(2, 4, 5, *range(7, 17), 21, 22))
BLAZER_SHIRT = Part("male_elegantsuit01", islands=(3, 6, 17, 18, 19, 20))
DUNGAREES, DUNGAREES_SHIRT = Part("male_worksuit01", (1, 2, 3, 4, 5)), Part("male_worksuit01", (0,))
OVERALL = Part("male_casualsuit01", islands=(0, 1, 2, 3, 4, 5))

SHOES = ("shoes01", "shoes02", "shoes03", "shoes04", "shoes05", "shoes06")
SOCK_TRIANGLES = 252
"""Each shoe file also holds a short sock for each foot: the pieces of this many triangles."""

SHORT_HAIR = ("short01", "short02", "short03", "short04", "afro01")
LONG_HAIR = ("bob01", "bob02", "braid01", "long01", "ponytail01", "short03")
HATS = ("fedora", "fedora_cocked")

CLOTHES = (
    *WOMENS_TOPS, *MENS_TOPS, *WOMENS_PANTS, *MENS_PANTS, JACKET, JACKET_SHIRT, BLAZER, BLAZER_SHIRT, DUNGAREES,
    DUNGAREES_SHIRT, OVERALL,
)  # fmt: skip


def read_wardrobe(root: Path) -> dict[str, Garment]:
    """All garments of a ``makehuman`` folder by name. Raises FileNotFoundError naming those that are missing."""
    paths = {path.stem: path for path in sorted(root.rglob("*.mhclo"))}
    wanted = {part.garment for part in CLOTHES} | {*SHOES, *SHORT_HAIR, *LONG_HAIR, *HATS}
    if missing := sorted(wanted - paths.keys()):
        raise FileNotFoundError(f"{root} lacks garments: {', '.join(missing)}")
    return {name: read_garment(paths[name]) for name in sorted(wanted)}
