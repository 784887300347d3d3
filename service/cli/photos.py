"""``jppnet parse``, ``pose`` and ``analyze``: answers for files, folders and patterns, or for one photo in a pipe."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import typer
from tqdm import tqdm

from service.api.problems.errors import NoJointsError, NoLabelsError, UnknownLabelError
from service.api.response.format_names import AnalyzeFormat, ParseFormat, PoseFormat
from service.cli.backends import Backend, OutputSpec, engine_backend, service_backend
from service.cli.files import (
    Answer,
    Outcome,
    RunError,
    Task,
    answer_files,
    plan_tasks,
    prepare_folder,
    split_tasks,
    write_whole,
)
from service.cli.folder_formats import CorrectionFormat, FolderFormat, coco_format, correction_format
from service.cli.people import People, read_people
from service.cli.photo_search import PlanError
from service.cli.single import STANDARD, STDIN_NAME, check_output, check_suffix, is_file, read_photo, write_answer
from service.cli.start import Model, Provider, settings_from, start_engine
from service.cli.write_record import WriteRecord, escaped
from service.logs import set_up_logs
from service.settings import ProviderName

FAILED: Final = "failed.tsv"
"""The list of photos without an answer, in the folder of answers: path, tab, reason, with ``\\t``, ``\\n``, ``\\r`` and
``\\\\`` for what would break its rows. Names that are no UTF-8 are there as the bytes that they are."""
INTERRUPTED: Final = 130
PICTURES: Final[Mapping[str, Literal["jpg", "png"]]] = {".jpg": "jpg", ".jpeg": "jpg", ".jpe": "jpg", ".png": "png"}
"""What an overlay is written as, by the suffix of its file."""

Photos = Annotated[
    list[Path],
    typer.Argument(
        help="Photos, folders of photos, and patterns in quotes, such as 'photos/**/*.jpg'; or “-”: one photo on "
        "standard input."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder that the answers are written to; of one photo also a file (mask.png), or “-”: standard output. "
        "With a photo on standard input: standard output, if not set."
    ),
]
Labels = Annotated[str | None, typer.Option(help="Only these labels, by name or id, with commas between.")]
Opacity = Annotated[float | None, typer.Option(help="Of the colours in an overlay; 0.6 if not set.", min=0, max=1)]
Mask = Annotated[Literal["png", "rle"], typer.Option(help="How JSON holds the mask.")]
Picture = Annotated[
    Literal["jpg", "png"], typer.Option(help="What overlays are written as. Of one photo, the suffix of --out says it.")
]
ImageIds = Annotated[
    Path | None,
    typer.Option(
        help="COCO annotation file whose images give the photos' ids in “coco”, by file_name. Without it, the numbers "
        "at the ends of the photos' names are the ids, if each has another; else they are counted.",
        exists=True,
        dir_okay=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make answers anew that are there already.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what failed.")]
Server = Annotated[
    str | None,
    typer.Option(help="Address of a service that answers in place of this machine, such as localhost:8000."),
]
ApiKey = Annotated[str | None, typer.Option(help="Shown to the service.", envvar="JPPNET_API_KEY")]

CORRECTED: Final = frozenset(get_args(CorrectionFormat))
COCO_HELP: Final = (
    "“coco” also writes one list of the whole folder, coco.results.json, and the photos' ids, coco.images.json: "
    "COCO(ids).loadRes(list) takes them."
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is told beside the output: where answers come from and go to, and what is said meanwhile."""

    out: Path | None
    overwrite: bool
    quiet: bool
    model: Path | None
    provider: ProviderName | None
    server: str | None
    api_key: str | None
    image_ids: Path | None = None


def parse(
    photos: Photos,
    out: Out = None,
    format: Annotated[
        Literal[ParseFormat, CorrectionFormat],
        typer.Option(
            help="What is written. “instances” is a PNG whose pixel values say whose a pixel is. " + COCO_HELP + " "
            "“labelme” and “cvat” are files for correcting masks by hand in LabelMe (polygons) and CVAT (masks), which "
            "training.prepare reads."
        ),
    ] = "mask",
    labels: Labels = None,
    opacity: Opacity = None,
    mask: Mask = "png",
    picture: Picture = "jpg",
    people: People = "auto",
    image_ids: ImageIds = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    model: Model = None,
    provider: Provider = None,
    server: Server = None,
    api_key: ApiKey = None,
) -> None:
    """Write who wears what where in each photo: a mask whose pixel values are label ids, or what --format says."""
    options = RunOptions(out, overwrite, quiet, model, provider, server, api_key, image_ids)
    if format in ("labelme", "cvat"):
        spec = OutputSpec("parse", "json", picture, labels, opacity, "rle", read_people(people))
        _run(photos, spec, options, correction_format(format))
    else:
        spec = OutputSpec("parse", format, picture, labels, opacity, mask, read_people(people))
        _run(photos, spec, options)


def pose(
    photos: Photos,
    out: Out = None,
    format: Annotated[
        PoseFormat,
        typer.Option(
            help="What is written. " + COCO_HELP + " “openpose” (25 joints) and “openpose-18” are OpenPose's JSON, "
            "NAME_keypoints.json."
        ),
    ] = "json",
    picture: Picture = "jpg",
    people: People = "auto",
    image_ids: ImageIds = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    model: Model = None,
    provider: Provider = None,
    server: Server = None,
    api_key: ApiKey = None,
) -> None:
    """Write the joints of the people in each photo."""
    spec = OutputSpec("pose", format, picture, people=read_people(people))
    _run(photos, spec, RunOptions(out, overwrite, quiet, model, provider, server, api_key, image_ids))


def analyze(
    photos: Photos,
    out: Out = None,
    format: Annotated[AnalyzeFormat, typer.Option(help="What is written.")] = "json",
    labels: Labels = None,
    opacity: Opacity = None,
    mask: Mask = "png",
    picture: Picture = "jpg",
    people: People = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    model: Model = None,
    provider: Provider = None,
    server: Server = None,
    api_key: ApiKey = None,
) -> None:
    """Write labels, mask, people and their joints for each photo."""
    spec = OutputSpec("analyze", format, picture, labels, opacity, mask, read_people(people))
    _run(photos, spec, RunOptions(out, overwrite, quiet, model, provider, server, api_key))


def _run(photos: Sequence[Path], spec: OutputSpec, options: RunOptions, form: FolderFormat = FolderFormat()) -> None:  # noqa: B008
    """Answers one photo or many. Exits with 1 if photos failed, 2 for impossible arguments, 130 on Ctrl-C."""
    try:
        if options.image_ids and spec.format != "coco":
            raise PlanError("--image-ids is of --format coco alone.")
        out = options.out
        if STANDARD in photos or out == STANDARD or (out is not None and is_file(out)):
            _answer_one(photos, spec, options, form)
        elif out is None:
            raise PlanError("Name the folder that the answers are written to: --out FOLDER.")
        else:
            _answer_many(photos, out, spec, options, form)
    except PlanError as error:
        _say(str(error))
        raise typer.Exit(2) from None


def _answer_one(photos: Sequence[Path], spec: OutputSpec, options: RunOptions, form: FolderFormat) -> None:
    """Answers a photo of which there is one, without a folder's record.

    Raises:
        PlanError: there are more, or the answer cannot be written.
    """
    out = STANDARD if options.out is None else options.out
    if len(photos) != 1 or photos[0].is_dir():
        which = out if STANDARD not in photos else STANDARD
        raise PlanError(f"“{which}” is for one photo: name one file, or “-” alone. For more, name a folder with --out.")
    (photo,) = photos
    spec = replace(spec, picture=PICTURES.get(out.suffix.lower(), spec.picture))
    suffix = form.suffix or spec.suffix
    if out == STANDARD or is_file(out):
        check_suffix(out, suffix)
    else:
        prepare_folder(out)
        out = out / f"{STDIN_NAME}{suffix}"
    check_output(out, suffix, options.overwrite)
    content = read_photo(photo)
    name = STDIN_NAME if photo == STANDARD else photo
    task = Task(name, out if out != STANDARD else name.with_suffix(suffix), Path(name.name))
    ids = {task.place: 0}
    if spec.format == "coco":
        ids |= coco_format([task], options.image_ids, WriteRecord(Path())).image_ids if photo != STANDARD else {}
    try:
        with _backend(spec, options) as backend:
            answer = backend.answer(content, ids[task.place])
            if form.convert:
                answer = form.convert(answer, task, backend.labels)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except (RunError, ValueError, OSError, RuntimeError) as error:
        _say(f"{photo}: {error}" if not isinstance(error, RunError) else str(error))
        raise typer.Exit(1) from None
    write_answer(answer, out)


def _answer_many(photos: Sequence[Path], out: Path, spec: OutputSpec, options: RunOptions, form: FolderFormat) -> None:
    """Answers what is not answered yet into a folder.

    Raises:
        PlanError: it cannot be.
    """
    try:
        tasks, left_out = plan_tasks(photos, out, form.suffix or spec.suffix)
        written = WriteRecord.read(out, f"{spec.call} {form.name or spec.format}")
        if spec.format == "coco":
            form = coco_format(tasks, options.image_ids, written)
        to_do, done, outcomes = split_tasks(tasks, written, options.overwrite)
        if to_do:
            prepare_folder(out)
    except OSError as error:
        raise PlanError(str(error)) from None
    if not options.quiet:
        for sentence in left_out.sentences():
            _say(sentence)
    end: int | None = None
    if to_do:
        try:
            with _backend(spec, options) as backend:
                before = len(done) + len(outcomes)
                _answer(to_do, _answering(backend, form), backend.at_once, before, written, outcomes, options.quiet)
        except RunError as error:
            _say(str(error))
            end = 1
        except KeyboardInterrupt:
            end = INTERRUPTED
    failed = sorted((outcome.task.photo, outcome.error) for outcome in outcomes if outcome.error)
    if form.join and end is None and not _write_joined(form.join, tasks, written):
        end = 1
    is_listed = _report_failures(failed, written)
    listing = out / FAILED if is_listed else None
    if not options.quiet:
        _say(_summary(len(done), len(tasks) - len(done), len(outcomes), len(failed), listing))
    if end or failed:
        raise typer.Exit(end or 1)


def _answering(backend: Backend, form: FolderFormat) -> Answer:
    def answer(task: Task) -> bytes:
        content = backend.answer(task.photo.read_bytes(), form.image_ids.get(task.place, 0))
        return form.convert(content, task, backend.labels) if form.convert else content

    return answer


def _write_joined(
    join: Callable[[Sequence[Task]], Mapping[str, bytes]], tasks: Sequence[Task], written: WriteRecord
) -> bool:
    """Writes the files that are joined of all answers; gives whether it could."""
    answers = {task.answer for task in tasks}
    own = (task for task in tasks if written.holds(task.answer) and not written.other_kind(task.answer))
    there = [task for task in own if task.answer.is_file()]
    try:
        for name, content in join(there).items():
            file = written.folder / name
            if file in answers or (file.exists() and not written.is_unchanged(file)):
                _say(f"{file} is there, and is not what this command wrote. Move it away, or name another --out.")
                return False
            write_whole(file, content, written)
    except (OSError, RunError, ValueError) as error:
        _say(f"The file of all photos could not be written: {error}")
        return False
    return True


def _say(text: str) -> None:
    """Prints a message on stderr; control characters in it, from names of files, are escaped."""
    printable = (c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    typer.echo("".join(printable), err=True)


@contextmanager
def _backend(spec: OutputSpec, options: RunOptions) -> Iterator[Backend]:
    if options.server is not None:
        with service_backend(options.server, options.api_key, spec) as backend:
            yield backend
        return
    settings = settings_from({"model": options.model, "provider": options.provider})
    # For people: what goes right is not worth a line of log before the answer.
    level = settings.log_level if "log_level" in settings.model_fields_set else "warning"
    set_up_logs(settings.log_format or "pretty", level)
    engine = start_engine(settings)
    try:
        yield engine_backend(engine, spec)
    except (NoJointsError, NoLabelsError, UnknownLabelError) as error:
        _say(str(error))
        raise typer.Exit(2) from None
    finally:
        engine.close()


def _answer(
    to_do: Sequence[Task],
    answer: Answer,
    at_once: int,
    before: int,
    written: WriteRecord,
    outcomes: list[Outcome],
    quiet: bool,
) -> None:
    """Answers tasks and shows how far it is; ``outcomes`` grows as they come, so that they are there after Ctrl-C."""
    with (
        tqdm(total=before + len(to_do), initial=before, unit="photo", disable=True if quiet else None) as bar,
        closing(answer_files(to_do, answer, at_once, written)) as coming,
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
