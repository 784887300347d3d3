"""Several ranks of a distributed run, as processes on this machine that talk over gloo."""

import multiprocessing
import os
import socket
from pathlib import Path

from training.loop.distributed import end_distributed


def run_ranks(count, work, seconds=120):
    """Run ``work()`` in ``count`` processes, in each as torchrun would start it; returns their exit codes.

    They are forks: nothing is imported anew. Raises AssertionError, and kills them, when they take too long.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    ranks = [fork.Process(target=_work_as, args=(rank, count, port, work)) for rank in range(count)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(seconds)
    late = [rank for rank in ranks if rank.is_alive()]
    for rank in late:
        rank.kill()
    assert not late, "ranks wait for each other"
    return [rank.exitcode for rank in ranks]


def _work_as(rank, count, port, work):
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    work()
    end_distributed()


def repeated(folder, out, photos):
    """The validation samples of a prepared folder, again and again under other names, ``photos`` in all."""
    names = folder.names("val")
    for part in ("images", "labels", "joints"):
        (out / part).mkdir(parents=True)
    again = [f"{number}" for number in range(photos)]
    for number, name in enumerate(again):
        source = names[number % len(names)]
        for part, suffix in (("images", "jpg"), ("labels", "png"), ("joints", "json")):
            os.link(folder.root / part / f"{source}.{suffix}", out / part / f"{name}.{suffix}")
    for file in ("dataset.json", "labels.toml"):
        os.link(folder.root / file, out / file)
    (out / "val.txt").write_text("".join(f"{name}\n" for name in again))
    (out / "train.txt").write_text("".join(f"{name}\n" for name in again))
    return Path(out)
