"""What a model's labels and joints are, as tables with their colours."""

from collections.abc import Iterator, Sequence

from service.engine.model.card import Card
from service.imaging.png import Color
from service.imaging.skeleton import bone_colors

SWATCHES = "images/colors"


def labels_page(card: Card) -> str:
    """The page of a model."""
    return "\n".join(_lines(card)) + "\n"


def swatches(card: Card) -> dict[str, str]:
    """A small picture of every colour on the page, by its path: Markdown has no colours of its own."""
    colors = {*card.palette, *bone_colors(len(card.skeleton))}
    return {f"{SWATCHES}/{_hex(color)}.svg": _picture(color) for color in sorted(colors)}


def _lines(card: Card) -> Iterator[str]:
    yield f"# Labels and joints of {card.name}"
    yield ""
    yield "Made by `make reference` from the model's card. Another model may have others: `GET /model`"
    yield "lists those of the model that is served. Left and right are the person's own, not the picture's."
    yield ""
    yield "## Labels"
    yield ""
    yield "The id is the pixel value in a mask; the colour shows it in a palette PNG and in an overlay."
    yield ""
    yield "| id | label | colour | red, green, blue | in a mirrored photo |"
    yield "| --- | --- | --- | --- | --- |"
    mirrored = _partners(card.label_flip_pairs)
    for label in card.labels:
        partner = card.labels[mirrored[label.id]].name if label.id in mirrored else ""
        yield f"| {label.id} | `{label.name}` | {_swatch(label.color)} | {_numbers(label.color)} | {partner} |"
    yield ""
    yield "## Joints"
    yield ""
    yield "The index is the place in `keypoints`, and what `skeleton` refers to."
    yield ""
    yield "| index | joint | in a mirrored photo |"
    yield "| --- | --- | --- |"
    mirrored = _partners(card.joint_flip_pairs)
    for index, joint in enumerate(card.joints):
        partner = card.joints[mirrored[index]] if index in mirrored else ""
        yield f"| {index} | `{joint}` | {partner} |"
    yield ""
    yield "## Bones"
    yield ""
    yield "The colour is that of the bone in an overlay."
    yield ""
    yield "| bone | from | to | colour |"
    yield "| --- | --- | --- | --- |"
    for (start, end), color in zip(card.skeleton, bone_colors(len(card.skeleton)), strict=True):
        yield f"| {start}–{end} | {card.joints[start]} | {card.joints[end]} | {_swatch(color)} |"


def _partners(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    return {one: other for a, b in pairs for one, other in ((a, b), (b, a))}


def _swatch(color: Color) -> str:
    return f"![]({SWATCHES}/{_hex(color)}.svg) `#{_hex(color)}`"


def _picture(color: Color) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="16">'
        f'<rect width="32" height="16" fill="#{_hex(color)}" stroke="#888"/></svg>\n'
    )


def _numbers(color: Color) -> str:
    return ", ".join(map(str, color))


def _hex(color: Color) -> str:
    return "".join(f"{value:02x}" for value in color)
