"""``jppnet parse``, ``pose`` and ``analyze``: answers for files, folders and patterns."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from tqdm import tqdm

from service.api.problems.errors import NoJointsError, NoLabelsError, UnknownLabelError
from service.api.request.answer_options import DEFAULT
from service.api.response.formats import AnalyzeFormat, ParseFormat, PoseFormat
from service.cli.backends import Backend, OutputSpec, engine_backend, service_backend
from service.cli.files import (
    Outcome,
    PlanError,
    RunError,
    Task,
    answer_files,
    plan_tasks,
    prepare_folder,
    split_tasks,
    write_whole,
)
from service.cli.people import People, read_people
from service.cli.start import Model, Provider, settings_from, start_engine
from service.cli.write_record import WriteRecord, escaped
from service.logs import set_up_logs
from service.settings import ProviderName

FAILED: Final = "failed.tsv"
"""The list of photos without an answer, in the folder of answers: path, tab, reason, with ``\\t``, ``\\n``, ``\\r`` and
``\\\\`` for what would break its rows. Names that are no UTF-8 are there as the bytes that they are."""
INTERRUPTED: Final = 130

Photos = Annotated[
    list[Path],
    typer.Argument(help="Photos, folders of photos, and patterns in quotes, such as 'photos/**/*.jpg'."),
]
Out = Annotated[Path, typer.Option(help="Folder that the answers are written to.", file_okay=False)]
Labels = Annotated[str | None, typer.Option(help="Only these labels, by name or id, with commas between.")]
Opacity = Annotated[float, typer.Option(help="Of the colours in an overlay.", min=0, max=1)]
Mask = Annotated[Literal["png", "rle"], typer.Option(help="How JSON holds the mask.")]
Picture = Annotated[Literal["jpg", "png"], typer.Option(help="What overlays are written as.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make answers anew that are there already.")]
Server = Annotated[str | None, typer.Option(help="Address of a service that answers in place of this machine.")]
ApiKey = Annotated[str | None, typer.Option(help="Shown to the service.", envvar="JPPNET_API_KEY")]


def parse(
    photos: Photos,
    out: Out,
    format: Annotated[
        ParseFormat,
        typer.Option(
            help="What is written. “instances” is a PNG whose pixel values say whose a pixel is. “coco” takes a "
            "photo's image_id from the number that its file is named."
        ),
    ] = "mask",
    labels: Labels = None,
    opacity: Opacity = DEFAULT.opacity,
    mask: Mask = "png",
    picture: Picture = "jpg",
    people: People = "auto",
    overwrite: Overwrite = False,
    model: Model = None,
    provider: Provider = None,
    server: Server = None,
    api_key: ApiKey = None,
) -> None:
    """Write who wears what where in each photo: a mask whose pixel values are label ids, or what --format says."""
    spec = OutputSpec("parse", format, picture, labels, opacity, mask, read_people(people))
    _run(photos, out, spec, overwrite, model, provider, server, api_key)


def pose(
    photos: Photos,
    out: Out,
    format: Annotated[
        PoseFormat,
        typer.Option(help="What is written. “coco” takes a photo's image_id from the number that its file is named."),
    ] = "json",
    picture: Picture = "jpg",
    people: People = "auto",
    overwrite: Overwrite = False,
    model: Model = None,
    provider: Provider = None,
    server: Server = None,
    api_key: ApiKey = None,
) -> None:
    """Write the joints of the people in each photo."""
    spec = OutputSpec("pose", format, picture, people=read_people(people))
    _run(photos, out, spec, overwrite, model, provider, server, api_key)


def analyze(
    photos: Photos,
    out: Out,
    format: Annotated[AnalyzeFormat, typer.Option(help="What is written.")] = "json",
    labels: Labels = None,
    opacity: Opacity = DEFAULT.opacity,
    mask: Mask = "png",
    picture: Picture = "jpg",
    people: People = "auto",
    overwrite: Overwrite = False,
    model: Model = None,
    provider: Provider = None,
    server: Server = None,
    api_key: ApiKey = None,
) -> None:
    """Write labels, mask, people and their joints for each photo."""
    spec = OutputSpec("analyze", format, picture, labels, opacity, mask, read_people(people))
    _run(photos, out, spec, overwrite, model, provider, server, api_key)


def _run(
    photos: Sequence[Path],
    out: Path,
    spec: OutputSpec,
    overwrite: bool,
    model: Path | None,
    provider: ProviderName | None,
    server: str | None,
    api_key: str | None,
) -> None:
    """Answers what is not answered yet. Exits with 1 if photos failed, 2 for impossible arguments, 130 on Ctrl-C."""
    try:
        tasks = plan_tasks(photos, out, spec.suffix)
        written = WriteRecord.read(out)
        to_do, done, outcomes = split_tasks(tasks, written, overwrite)
        if to_do:
            prepare_folder(out)
    except (PlanError, OSError) as error:
        _say(str(error))
        raise typer.Exit(2) from None
    end: int | None = None
    if to_do:
        try:
            with _backend(spec, model, provider, server, api_key) as backend:
                _answer(to_do, backend, len(done) + len(outcomes), written, outcomes)
        except RunError as error:
            _say(str(error))
            end = 1
        except KeyboardInterrupt:
            end = INTERRUPTED
    failed = sorted((outcome.task.photo, outcome.error) for outcome in outcomes if outcome.error)
    is_listed = _report_failures(failed, written)
    listing = out / FAILED if is_listed else None
    _say(_summary(len(done), len(tasks) - len(done), len(outcomes), len(failed), listing))
    if end or failed:
        raise typer.Exit(end or 1)


def _say(text: str) -> None:
    """Prints a message on stderr; control characters in it, from names of files, are escaped."""
    printable = (c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    typer.echo("".join(printable), err=True)


@contextmanager
def _backend(
    spec: OutputSpec, model: Path | None, provider: ProviderName | None, server: str | None, api_key: str | None
) -> Iterator[Backend]:
    if server:
        with service_backend(server, api_key, spec) as backend:
            yield backend
        return
    settings = settings_from({"model": model, "provider": provider})
    set_up_logs(settings.log_format, settings.log_level)
    engine = start_engine(settings)
    try:
        yield engine_backend(engine, spec)
    except (NoJointsError, NoLabelsError, UnknownLabelError) as error:
        _say(str(error))
        raise typer.Exit(2) from None
    finally:
        engine.close()


def _answer(
    to_do: Sequence[Task], backend: Backend, before: int, written: WriteRecord, outcomes: list[Outcome]
) -> None:
    """Answers tasks and shows how far it is; ``outcomes`` grows as they come, so that they are there after Ctrl-C."""
    with (
        tqdm(total=before + len(to_do), initial=before, unit="photo", disable=None) as bar,
        closing(answer_files(to_do, *backend, written)) as coming,
    ):
        for outcome in coming:
            outcomes.append(outcome)
            bar.update()


def _report_failures(failed: Sequence[tuple[Path, str | None]], written: WriteRecord) -> bool:
    """Names what failed, on the screen and in a file; a run without failures removes the file. Gives whether there is
    one: not if it cannot be written, or if its place is taken by another's."""
    for photo, reason in failed:
        _say(f"{escaped(str(photo))}: {reason}")
    file = written.folder / FAILED
    if file.exists() and not written.holds(file):
        return False
    try:
        if failed:
            rows = (f"{escaped(str(photo))}\t{escaped(reason or '')}\n" for photo, reason in failed)
            write_whole(file, "".join(rows).encode(errors="surrogateescape"), written)
        else:
            file.unlink(missing_ok=True)
    except (OSError, RunError) as error:
        _say(f"The list of failures could not be written: {error}")
        return False
    return True


def _summary(there: int, to_do: int, done: int, failed: int, listing: Path | None) -> str:
    words = [f"{done - failed} of {there + to_do} photos answered"]
    if there:
        words.append(f"{there} had their answer (--overwrite makes them anew)")
    if failed:
        words.append(f"{failed} failed, listed in {listing}" if listing else f"{failed} failed, listed above")
    if done < to_do:
        words.append(f"{to_do - done} left: the same command goes on with them")
    return "; ".join(words) + "."
