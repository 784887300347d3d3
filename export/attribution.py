"""Attribution of the Open Images photos that a model learnt from, as CC BY asks for."""

from collections.abc import Iterable

from training.data import openimages_source
from training.data.prepared_folder import PreparedFolder


def photo_list(use: str, ids: Iterable[str]) -> str:
    """One id a line below the attribution; ``use``: what they were used for, a sentence."""
    return "\n".join(
        [
            f"# Open Images V7 photos, by id. {use}",
            "# Photos: CC BY 2.0, each by its author, whom Open Images' list of images names by this id.",
            "# Boxes: CC BY 4.0, Google LLC. Changed: squeezed, cropped, recoloured, combined.",
            f"# {openimages_source.INFO.source}",
            *sorted(set(ids)),
            "",
        ]
    )


def photos_of(folder: PreparedFolder) -> set[str]:
    """Ids of the photos whose crops (``ID-1``, ``ID-2`` …), or which themselves, are in the folder's train split."""
    return {name.partition("-")[0] for name in folder.names("train")}
