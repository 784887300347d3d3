"""Answers for files and folders: plans which answers are missing, and writes each one atomically."""

import errno
import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from service.cli.photo_search import Found, LeftOut, PlanError, find_photos
from service.cli.write_record import WriteRecord
from service.imaging.photo_file import PHOTO_SUFFIXES

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""Errors of a write that the next write will meet as well."""
OTHERS: Final = "Name another folder with --out, or make answers anew with --overwrite."
MOVE_IT: Final = "It is left alone: move it away, or name another folder with --out."


@dataclass(frozen=True, slots=True)
class Task:
    """A photo's file and the file that its answer goes to."""

    photo: Path
    answer: Path
    place: Path
    """The photo's path below the folder named or before the pattern, or its file name."""


Answer = Callable[[Task], bytes]
"""Makes the answer to a photo's file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task; ``error`` is None, or says why there is no answer."""

    task: Task
    error: str | None = None


class Plan(NamedTuple):
    """What is to be answered, and what was found beside it."""

    tasks: list[Task]
    left_out: LeftOut


class RunError(RuntimeError):
    """The run cannot go on: the next photos would fail as well."""


def plan_tasks(paths: Sequence[Path], out: Path, suffix: str) -> Plan:
    """One task per file named and per photo in the folders and patterns named, whose structure is kept under ``out``.

    An answer has its photo's name with ``suffix`` in place of the photo's own. Photos that differ in their own suffix
    alone, like ``p.jpg`` and ``p.png``, keep it: ``p.jpg.json`` and ``p.png.json``.

    Raises:
        PlanError: there is no photo where some are meant to be, or an answer would overwrite another or a photo.
            A single photo that is missing among others is none of these: it fails when its turn comes.
    """
    all_found, left_out = dict[tuple[Path, Path], None](), LeftOut()
    for path in paths:
        found = Found(left_out=left_out)
        find_photos(path, found)
        photos = [(photo, place) for photo, place in found.photos if not _is_answer(photo, path, out)]
        if not photos:
            suffixes = ", ".join(sorted(PHOTO_SUFFIXES))
            raise PlanError(" ".join([f"There is no photo ({suffixes}) at {path}.", *left_out.sentences()]))
        all_found |= dict.fromkeys(photos)
    tasks = _named_tasks(list(all_found), out, suffix)
    _check_photos_stay(tasks)
    return Plan(tasks, left_out)


def _named_tasks(photos: Sequence[tuple[Path, Path]], out: Path, suffix: str) -> list[Task]:
    """The tasks of photos, given with their places.

    Raises:
        PlanError: several would have the same answer, whatever their suffixes.
    """
    full = set[tuple[Path, Path]]()
    while True:
        answers = defaultdict(list)
        for photo in photos:
            place = photo[1]
            answers[out / place.with_name((place.name if photo in full else place.stem) + suffix)].append(photo)
        alike = {photo for same in answers.values() if len(same) > 1 for photo in same}
        if not alike - full:
            break
        full |= alike
    for answer, (photo, *others) in answers.items():
        if others:
            raise PlanError(
                f"{photo[0]} and {others[0][0]} would both be answered in {answer}. Rename one, or run them apart."
            )
    return [Task(photo, answer, place) for answer, ((photo, place),) in answers.items()]


def _check_photos_stay(tasks: Sequence[Task]) -> None:
    photos = {task.photo.resolve(): task.photo for task in tasks}
    for task in tasks:
        photo = photos.get(task.answer.resolve())
        if photo is not None:
            which = "it" if photo == task.photo else photo
            raise PlanError(f"The answer to {task.photo} would overwrite {which}. Name another folder with --out.")
    if not any(photo.exists() for photo in photos):
        raise PlanError(f"There is nothing at {', '.join(str(task.photo) for task in tasks[:3])}.")


def _is_answer(photo: Path, named: Path, out: Path) -> bool:
    """Whether a photo that was found lies in the folder of answers, which may be within the folder that was named."""
    return photo != named and out.resolve() != named.resolve() and photo.resolve().is_relative_to(out.resolve())


def prepare_folder(folder: Path) -> None:
    """Creates the folder of answers and checks that files can be written there.

    Raises:
        PlanError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"?")
    except OSError as error:
        raise PlanError(
            f"Nothing can be written into {folder}: {error.strerror or error}. See to that first."
        ) from None


def split_tasks(
    tasks: Iterable[Task], written: WriteRecord, overwrite: bool
) -> tuple[list[Task], list[Task], list[Outcome]]:
    """Splits tasks into those to do, those done before, and the outcomes of those that cannot be done.

    What lies in an answer's place is overwritten only if it is asked for, and if it is what was written there before.
    """
    to_do, done, blocked = list[Task](), list[Task](), list[Outcome]()
    for task in tasks:
        if not (task.answer.exists() or task.answer.is_symlink()):
            to_do.append(task)
        elif not written.holds(task.answer):
            blocked.append(Outcome(task, f"{task.answer} is there, and this command did not write it. {MOVE_IT}"))
        elif not overwrite and (kind := written.other_kind(task.answer)):
            blocked.append(Outcome(task, f"{task.answer} is the answer of “{kind}”. {OTHERS}"))
        elif not overwrite:
            done.append(task)
        elif written.is_unchanged(task.answer):
            to_do.append(task)
        else:
            blocked.append(Outcome(task, f"{task.answer} was changed after it had been written. {MOVE_IT}"))
    return to_do, done, blocked


def answer_files(
    tasks: Iterable[Task], answer: Answer, at_once: int, written: WriteRecord
) -> Generator[Outcome, None, None]:
    """Answers each photo into its file; yields outcomes as they come. A photo that fails never ends the run.

    Close the generator to end early: what has begun is finished, so that every answer there is, is whole.

    Raises:
        RunError: as ``answer`` raises it, or there is no room for answers.
    """
    pool = ThreadPoolExecutor(at_once)
    try:
        waiting = iter(tasks)
        under_way: set[Future[Outcome]] = {
            pool.submit(_answer_file, task, answer, written) for task in islice(waiting, 2 * at_once)
        }
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            under_way |= {pool.submit(_answer_file, task, answer, written) for task in islice(waiting, len(done))}
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(cancel_futures=True)


def _answer_file(task: Task, answer: Answer, written: WriteRecord) -> Outcome:
    try:
        write_whole(task.answer, answer(task), written)
    except RunError:
        raise
    except Exception as error:
        return Outcome(task, str(error) or type(error).__name__)
    return Outcome(task)


def write_whole(file: Path, content: bytes, written: WriteRecord) -> None:
    """Writes a file atomically, and records it.

    Raises:
        RunError: there is no room, or nothing can be written any more.
        OSError: this file cannot be written.
    """
    draft = file.with_name(f".jppnet-{sha256(file.name.encode(errors='surrogateescape')).hexdigest()[:16]}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(content)
            written.add(file, content)
            draft.replace(file)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno in NO_ROOM:
            raise RunError(f"{file} cannot be written: {error.strerror}.") from None
        raise
