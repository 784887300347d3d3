"""Rendering of a whole data set of synthetic people, in several processes."""

import json
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.data.prepared_folder import PreparedFolder
from training.data.sample import DatasetInfo, Sample
from training.synthetic.bodies import BANK_VERSION, BodyBank, bake_bank
from training.synthetic.layers import GarmentFitter
from training.synthetic.people import PersonGenerator
from training.synthetic.poses import PoseLibrary
from training.synthetic.scene import NoVisiblePersonError, SceneGenerator
from training.synthetic.surroundings import PhotoBackgrounds
from training.synthetic.wardrobe import read_wardrobe

LICENCE = "free to use: rendered from MakeHuman's garments (CC0), anny's bodies (Apache-2.0) and CMU's motion (free)"

BODIES = Path.home() / ".cache" / "jppnet" / f"bodies-{BANK_VERSION}.npz"

VAL_EVERY = 20
"""Every 20th picture is for validation."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """Everything that decides a rendered data set."""

    seed: int
    material: Path
    bodies: Path
    backgrounds: Path | None
    out: Path

    def name(self, index: int) -> str:
        """Name of the sample of an index."""
        return f"rendered-{self.seed}-{index:06d}"

    def info(self) -> DatasetInfo:
        """Description of the data set."""
        licence = LICENCE
        if self.backgrounds is not None:
            behind = PreparedFolder(self.backgrounds).info
            licence += f"; backgrounds cut from {behind.name}: {behind.licence}"
        return DatasetInfo("rendered people", licence, f"training.synthesize, seed {self.seed}")


class RenderWorker:
    """Renders samples and stores them; loads bodies, clothes and motion once."""

    def __init__(self, job: RenderJob) -> None:
        self.job, self.folder = job, PreparedFolder(job.out)
        bank = BodyBank(job.bodies)
        person_generator = PersonGenerator(
            bank, GarmentFitter(bank, read_wardrobe(job.material / "makehuman")), PoseLibrary(job.material / "cmu")
        )
        self.scenes = SceneGenerator(person_generator, PhotoBackgrounds(job.backgrounds) if job.backgrounds else None)

    def render(self, index: int) -> None:
        """Render one sample and write it. Raises NoVisiblePersonError."""
        sample = self.scenes.generate(self.job.seed, index)
        name = self.job.name(index)
        image = cv2.imdecode(np.frombuffer(sample.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        people = self.job.out / "people"
        people.mkdir(parents=True, exist_ok=True)
        (people / f"{name}.json").write_text(json.dumps([asdict(person) for person in sample.people]))
        with tempfile.TemporaryDirectory() as folder:
            photo = Path(folder) / "photo.jpg"
            photo.write_bytes(sample.jpeg)
            self.folder.write(Sample(name, np.asarray(image, np.uint8), sample.labels, sample.joints, LICENCE), photo)


_worker: RenderWorker | None = None


def _start_worker(job: RenderJob) -> None:
    """Initialise a worker process with one thread, since there are several processes."""
    global _worker
    os.environ["LP_NUM_THREADS"] = "1"  # Mesa's software rasteriser reads it when the context opens
    cv2.setNumThreads(1)
    _worker = RenderWorker(job)


def _render_one(index: int) -> str | None:
    """Render one sample in a worker process. Returns the reason if it could not be rendered."""
    assert _worker is not None
    try:
        _worker.render(index)
    except NoVisiblePersonError as error:
        return str(error)
    except Exception as error:  # one bad sample never ends a run; it is named at the end
        return f"index {index}: {type(error).__name__}: {error}"
    return None


def synthesize(job: RenderJob, count: int, processes: int) -> list[str]:
    """Render what is missing of ``count`` samples. Returns the reasons for those that could not be rendered."""
    folder = PreparedFolder(job.out)
    job.out.mkdir(parents=True, exist_ok=True)
    todo = [index for index in range(count) if not folder.has(job.name(index))]
    skipped: list[str] = []
    if todo:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(processes, len(todo)), spawn, _start_worker, (job,)) as pool:
            running = [pool.submit(_render_one, index) for index in todo]
            for done in tqdm(as_completed(running), total=len(todo), desc="render", unit="picture"):
                reason = done.result()
                if reason is not None:
                    skipped.append(reason)
    names = [name for index in range(count) if folder.has(name := job.name(index))]
    val = [name for name in names if int(name[-6:]) % VAL_EVERY == VAL_EVERY - 1]
    folder.write_index(job.info(), {"train": [name for name in names if name not in set(val)], "val": val})
    return sorted(skipped)


def ensure_bodies(path: Path) -> None:
    """Make the bank of bodies if it is missing, in a process of its own, whose memory is freed."""
    if path.exists():
        return
    print(f"making {path} with anny: two minutes, once")
    maker = multiprocessing.get_context("spawn").Process(target=bake_bank, args=(path,))
    maker.start()
    maker.join()
    if not path.exists():
        sys.exit(f"{path} could not be made; is anny installed (pip install -e '.[synthetic]')?")
