"""``jppnet bulk``: answers for an archive, from as many machines as there are."""

from enum import StrEnum
from hashlib import sha256
from importlib.util import find_spec
from typing import Annotated, NoReturn

import typer
from tqdm import tqdm

from jppnet.request import People as PeopleOption
from service.cli.people import People, read_people
from service.cli.start import Model, Provider, settings_from
from service.engine.errors import StartError
from service.engine.model.card import Card, read_card
from service.engine.model.runtime import onnx_runtime, pip_install
from service.settings import Settings


class Masks(StrEnum):
    """Where masks go."""

    FILES = "files"
    COLUMN = "column"


def bulk(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder, glob or Parquet table of photos; here, or in an object store, like s3://bucket/folder."
        ),
    ],
    out: Annotated[str, typer.Option(help="Folder that the answers are written to; here or in an object store.")],
    masks: Annotated[
        Masks, typer.Option(help="Masks as PNG files, or as a column of the table of answers.")
    ] = Masks.FILES,
    people: People = "auto",
    column: Annotated[str, typer.Option(help="Column of Parquet tables that holds the photos' bytes.")] = "image",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Workers. As many as the machines have GPUs, or else cores, if not set.")
    ] = None,
    model: Model = None,
    provider: Provider = None,
) -> None:
    """Answer an archive of photos, on this machine or on a Ray cluster (RAY_ADDRESS).

    A second run with the same arguments does what is missing. What cannot be answered is in the table of failures, and
    the exit status is then 1.
    """
    wanted = read_people(people)
    if not (find_spec("ray") and find_spec("pyarrow")):
        _end(
            f"jppnet bulk needs Ray: {pip_install('cpu,ray')}. Without it, for photos in a folder of this machine: "
            "jppnet parse FOLDER --out MASKS"
        )
    from service.scale.bulk.archive import Archive
    from service.scale.bulk.source import Source
    from service.scale.bulk.storage import StorageError, StoragePath, public

    settings = settings_from({"model": model, "provider": provider})
    try:
        onnx_runtime()
        card = _card(settings)
        elsewhere = {name: file.absolute() for name in ("model", "detector") if (file := getattr(settings, name))}
        settings = settings.model_copy(update=elsewhere)  # workers run there
        photos, archive = Source.open(source, column), Archive(StoragePath.open(out))
        if photos.means(archive.location / "masks/0.jpg.png") or photos.means(archive.location / "answers/0.parquet"):
            raise StorageError("--out lies within SOURCE: the masks would be taken for photos. Choose another --out.")
        archive.claim(
            {
                "source": public(source),
                "column": column,
                "masks": masks.value,
                "model": card.name,
                "version": card.version,
                "model_sha256": sha256(settings.model.read_bytes()).hexdigest(),
                **_who_is_found(settings, wanted),
            }
        )
        left = archive.tidy()
    except (StorageError, StartError, OSError) as error:
        _end(str(error))
    if left.damaged:
        typer.echo(f"{left.damaged} tables were cut off or damaged. What was in them is done again.", err=True)
    if next(archive.done().missing(photos.shards()), None) is None:
        typer.echo("All photos have been answered before.", err=True)
        _tell_failures(left.failed, out)
        return
    from service.scale.bulk.job import run, start_ray

    start_ray()
    done = failed = 0
    with tqdm(unit="photo") as progress:
        for receipt, total in run(photos, archive, settings, masks == Masks.COLUMN, wanted, workers):
            done, failed = done + receipt["photos"], failed + receipt["failed"]
            progress.total = total
            progress.update(receipt["photos"])
    typer.echo(f"{done - failed} photos answered, {failed} failed; what was done before was left alone.", err=True)
    _tell_failures(left.failed + failed, out)


def _tell_failures(failed: int, out: str) -> None:
    """Ends with 1 where photos have no answer, be it from this run or from one before."""
    from service.scale.bulk.storage import public

    if failed:
        message = (
            f"{failed} photos have no answer: {public(out)}/failures says why. Delete that folder to try them again."
        )
        typer.echo(message, err=True)
        raise typer.Exit(1)


def _card(settings: Settings) -> Card:
    """The card of the model, which need not run here: the workers may be on other machines."""
    from service.engine.model.session import open_session

    return read_card(open_session(settings.model, "cpu", 1).metadata, str(settings.model))


def _who_is_found(settings: Settings, people: PeopleOption) -> dict[str, str]:
    """What of a job's description says whose rows there are. Without a detector, only one person is looked for."""
    if settings.detector is None or people == "one":
        return {"people": "one"}
    from service.engine.detection.session import DetectorSession

    card = DetectorSession(settings.detector, "cpu").card
    return {
        "people": str(people),
        "max_people": str(settings.max_people),
        "detector": card.name,
        "detector_version": card.version,
        "detector_sha256": sha256(settings.detector.read_bytes()).hexdigest(),
    }


def _end(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
