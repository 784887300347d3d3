"""The job: Ray Data streams the shards that are missing through a pool of workers."""

import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from service.engine.photo.people import PeopleOption
from service.scale.bulk.archive import Archive, Done
from service.scale.bulk.source import Shard, Source
from service.scale.bulk.worker import Worker
from service.settings import Settings

SHARDS = pa.schema(
    {"photos": pa.list_(pa.string()), "table": pa.string(), "row_group": pa.int64(), "first_row": pa.int64()}
)


class PhotoCount:
    """The number of photos to do: an actor that the listing updates and the driver reads."""

    def __init__(self) -> None:
        self._photos = 0

    def set(self, photos: int) -> None:
        """Sets the number so far."""
        self._photos = photos

    def get(self) -> int:
        """The number so far."""
        return self._photos


class Shards(Datasource):  # type: ignore[misc]
    """The missing shards as a data set of Ray's, a row each. One task lists them while the first are being answered."""

    def __init__(self, source: Source, done: Done, total: Any) -> None:
        self._source = source
        self._done = done
        self._total = total

    def estimate_inmemory_data_size(self) -> int | None:
        """Not known before all is listed."""
        return None

    def get_read_tasks(self, parallelism: int, per_task_row_limit: int | None = None, **_: Any) -> list[ReadTask]:
        """The one task."""
        source, done, total = self._source, self._done, self._total  # not the whole of this object

        def read() -> Iterator[pa.Table]:
            photos = 0
            for shard in done.missing(source.shards()):
                photos += len(shard.photos)
                total.set.remote(photos)
                yield _block(shard)

        unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ReadTask(read, unknown)]


def _block(shard: Shard) -> pa.Table:
    return pa.Table.from_pylist([{**asdict(shard), "photos": list(shard.photos)}], SHARDS)


def start_ray() -> None:
    """Joins the cluster that ``RAY_ADDRESS`` names, or starts one of this machine alone."""
    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address, logging_level="error")
    else:
        ray.init("local", logging_level="error", include_dashboard=False)


def run(
    source: Source,
    archive: Archive,
    settings: Settings,
    masks_in_column: bool,
    people: PeopleOption,
    workers: int | None,
) -> Iterator[tuple[dict[str, int], int]]:
    """Answers what is missing; after each shard, yields what became of it and how many photos there are to do so far.

    Needs :func:`start_ray`. Ray starts a worker that dies anew, and gives it its shard again.
    """
    total = ray.remote(PhotoCount).options(num_cpus=0).remote()
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # the command has one that counts photos
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context.target_max_block_size = 1  # a shard is a block, and goes to a worker as soon as it is found
    on_gpu = settings.provider in ("cuda", "tensorrt") or (
        settings.provider == "auto" and ray.cluster_resources().get("GPU", 0) > 0
    )
    shards = ray.data.read_datasource(
        Shards(source, archive.done(), total),
        num_cpus=0,  # it must not wait for the workers to leave it a core: they wait for it
        override_num_blocks=1,
    )
    receipts = shards.map(
        Worker,
        fn_constructor_args=(source, archive, settings if on_gpu else one_core(settings), masks_in_column, people),
        compute=ray.data.ActorPoolStrategy(size=workers or _workers("GPU" if on_gpu else "CPU")),
        num_cpus=1,
        num_gpus=1 if on_gpu else 0,
    )
    for receipt in receipts.iter_rows():
        yield receipt, ray.get(total.get.remote())


def _workers(resource: str) -> int:
    """A worker for each one that the cluster has at this moment."""
    return max(1, int(ray.cluster_resources().get(resource, 0)))


def one_core(settings: Settings) -> Settings:
    """The settings of a worker that has one core of a machine: more workers, not more lanes, use the others."""
    return settings.model_copy(update={"lanes": settings.lanes or 1, "threads": settings.threads or 1})
