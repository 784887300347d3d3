"""Answers for files and folders: which photos, which answers are still to be made, and each one whole."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})

Answer = Callable[[Path], bytes]
"""Makes the answer to a photo's file."""


@dataclass(frozen=True, slots=True)
class Task:
    """A photo's file and the file that its answer goes to."""

    photo: Path
    answer: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task; ``error`` says why there is no answer."""

    task: Task
    error: str | None = None


class PlanError(ValueError):
    """What was asked for cannot be done as it is; the message says what to change."""


class RunError(RuntimeError):
    """No photo can be answered any more, whichever comes next."""


def plan_tasks(paths: Sequence[Path], out: Path, suffix: str) -> list[Task]:
    """One task per file named and per photo in the folders and patterns named, whose structure is kept under ``out``.

    Raises:
        PlanError: there is no photo where some are meant to be, or an answer would overwrite another or a photo.
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
            if task.answer.resolve() == photo.resolve():
                raise PlanError(f"The answer to {photo} would overwrite it. Name another folder with --out.")
    return list(tasks.values())


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
    else:
        yield path, Path(path.name)


def _photos(files: Iterable[Path]) -> list[Path]:
    return sorted(file for file in files if file.suffix.lower() in PHOTO_SUFFIXES and file.is_file())


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _is_answer(photo: Path, named: Path, out: Path) -> bool:
    """Whether a photo that was found lies in the folder of answers, which may be within the folder that was named."""
    return photo != named and out.resolve() != named.resolve() and photo.resolve().is_relative_to(out.resolve())


def answer_files(tasks: Iterable[Task], answer: Answer, at_once: int) -> Generator[Outcome, None, None]:
    """Answers each photo into its file; yields outcomes as they come. A photo that fails never ends the run.

    Close the generator to end early: what has begun is finished, so that every answer there is, is whole.

    Raises:
        RunError: as ``answer`` raises it.
    """
    pool = ThreadPoolExecutor(at_once)
    try:
        waiting = iter(tasks)
        under_way: set[Future[Outcome]] = {
            pool.submit(_answer_file, task, answer) for task in islice(waiting, 2 * at_once)
        }
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            under_way |= {pool.submit(_answer_file, task, answer) for task in islice(waiting, len(done))}
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(cancel_futures=True)


def _answer_file(task: Task, answer: Answer) -> Outcome:
    try:
        content = answer(task.photo)
        task.answer.parent.mkdir(parents=True, exist_ok=True)
        # Whoever finds an answer finds a whole one, even if this run is killed.
        draft = task.answer.with_name(task.answer.name + ".part")
        draft.write_bytes(content)
        draft.replace(task.answer)
    except RunError:
        raise
    except Exception as error:
        return Outcome(task, str(error) or type(error).__name__)
    return Outcome(task)
