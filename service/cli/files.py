"""Answers for files and folders: plans which answers are missing, and writes each one atomically."""

import errno
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

from service.cli.write_record import WriteRecord
from service.imaging.photo_file import PHOTO_SUFFIXES

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""Errors of a write that the next write will meet as well."""
MOVE_IT: Final = "It is left alone: move it away, or name another folder with --out."

Answer = Callable[[Path], bytes]
"""Makes the answer to a photo's file."""


@dataclass(frozen=True, slots=True)
class Task:
    """A photo's file and the file that its answer goes to."""

    photo: Path
    answer: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task; ``error`` is None, or says why there is no answer."""

    task: Task
    error: str | None = None


class PlanError(ValueError):
    """The arguments cannot be carried out; the message says what to change."""


class RunError(RuntimeError):
    """The run cannot go on: the next photos would fail as well."""


def plan_tasks(paths: Sequence[Path], out: Path, suffix: str) -> list[Task]:
    """One task per file named and per photo in the folders and patterns named, whose structure is kept under ``out``.

    Raises:
        PlanError: there is no photo where some are meant to be, or an answer would overwrite another or a photo.
            A single photo that is missing among others is none of these: it fails when its turn comes.
    """
    tasks: dict[Path, Task] = {}
    for path in paths:
        found = [(photo, place) for photo, place in _find_photos(path) if not _is_answer(photo, path, out)]
        if not found:
            raise PlanError(f"There is no photo ({', '.join(sorted(PHOTO_SUFFIXES))}) at {path}.")
        for photo, place in found:
            task = Task(photo, out / place.with_suffix(suffix))
            other = tasks.setdefault(task.answer, task)
            if other.photo != photo:
                raise PlanError(
                    f"{other.photo} and {photo} would both be answered in {task.answer}. Rename one, or run them apart."
                )
    _check_photos_stay(list(tasks.values()))
    return list(tasks.values())


def _check_photos_stay(tasks: Sequence[Task]) -> None:
    photos = {task.photo.resolve(): task.photo for task in tasks}
    for task in tasks:
        photo = photos.get(task.answer.resolve())
        if photo is not None:
            which = "it" if photo == task.photo else photo
            raise PlanError(f"The answer to {task.photo} would overwrite {which}. Name another folder with --out.")
    if not any(photo.exists() for photo in photos):
        raise PlanError(f"There is nothing at {', '.join(str(task.photo) for task in tasks[:3])}.")


def _find_photos(path: Path) -> Iterator[tuple[Path, Path]]:
    """Each photo, and its place: the path below the folder named or before the pattern, or its file name."""
    if path.is_dir():
        for photo in _photos(path.rglob("*")):
            yield photo, photo.relative_to(path)
    elif not path.exists() and _is_pattern(str(path)):
        folder = Path(*takewhile(lambda part: not _is_pattern(part), path.parts))
        pattern = path.relative_to(folder)
        # Before Python 3.13, “**” at the end would find nothing but folders.
        for photo in _photos(folder.glob(str(pattern / "*" if pattern.name == "**" else pattern))):
            yield photo, photo.relative_to(folder)
    elif path.is_file() or not path.exists():
        if path.suffix.lower() not in PHOTO_SUFFIXES and not path.exists():
            raise PlanError(f"There is nothing at {path}.")
        yield path, Path(path.name)
    else:
        raise PlanError(f"{path} is neither a file nor a folder. Write what comes from it into a file first.")


def _photos(files: Iterable[Path]) -> list[Path]:
    return sorted(file for file in files if file.suffix.lower() in PHOTO_SUFFIXES and file.is_file())


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


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
        write_whole(task.answer, answer(task.photo), written)
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
