"""The service's answers for files and folders, without a server: the same line, the same encoders."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from service.engine.analysis import Analysis
from service.engine.engine import Engine

PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})


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


class SameAnswerError(ValueError):
    """Two photos would have their answers in the same file."""


def plan_tasks(paths: Sequence[Path], out: Path, suffix: str) -> list[Task]:
    """One task per file named and per photo in the folders named; folders keep their structure under ``out``.

    Raises:
        SameAnswerError: an answer would overwrite another.
    """
    tasks: dict[Path, Task] = {}
    for photo, place in _find_photos(paths):
        task = Task(photo, out / place.with_suffix(suffix))
        other = tasks.setdefault(task.answer, task)
        if other.photo != photo:
            raise SameAnswerError(
                f"{other.photo} and {photo} would both be answered in {task.answer}. Rename one, or run them apart."
            )
    return list(tasks.values())


def _find_photos(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each photo, and its place: the path below the folder that was named, or its file name."""
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.suffix.lower() in PHOTO_SUFFIXES and file.is_file():
                    yield file, file.relative_to(path)
        else:
            yield path, Path(path.name)


def answer_files(
    engine: Engine, tasks: Iterable[Task], encode: Callable[[Analysis], bytes], at_once: int
) -> Iterator[Outcome]:
    """Answers each photo into its file; yields outcomes as they come. A photo that fails never ends the run."""
    with ThreadPoolExecutor(at_once) as pool:
        waiting = iter(tasks)
        under_way: set[Future[Outcome]] = {
            pool.submit(_answer_file, engine, task, encode) for task in islice(waiting, 2 * at_once)
        }
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            under_way |= {pool.submit(_answer_file, engine, task, encode) for task in islice(waiting, len(done))}
            yield from (future.result() for future in done)


def _answer_file(engine: Engine, task: Task, encode: Callable[[Analysis], bytes]) -> Outcome:
    try:
        content = engine.analyze_here(task.photo.read_bytes(), encode)
        task.answer.parent.mkdir(parents=True, exist_ok=True)
        # Whoever finds an answer finds a whole one, even if this run is killed.
        draft = task.answer.with_name(task.answer.name + ".part")
        draft.write_bytes(content)
        draft.replace(task.answer)
    except Exception as error:
        return Outcome(task, str(error) or type(error).__name__)
    return Outcome(task)
