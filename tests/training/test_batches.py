"""Which photos a process sees in which pass, and the sentences about batches that do not suit the processes."""

import time
from multiprocessing import Value

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from training.data.sampler import SeededSampler
from training.data.training_dataset import TrainingExample
from training.errors.input_error import InputError
from training.loop.batches import PassDraws, batch_norm_warning, photos_of_a_pass, training_loader
from training.loop.distributed import DistributedContext
from training.networks.presets import load_recipe


def batch_of(size, **run):
    return load_recipe("lite", [f"schedule.batch={size}", *(f"run.{key}={value}" for key, value in run.items())])


@pytest.mark.parametrize(
    ("batch", "ranks", "passes", "choice"),
    [
        (5, 2, 1, "cannot be shared evenly by 2 processes: choose schedule.batch=4 or schedule.batch=6"),
        (4, 8, 1, "by 8 processes: choose schedule.batch=8"),
        (16, 2, 3, r"by 2 processes × 3 passes: choose schedule.batch=12 or schedule.batch=18"),
    ],
)
def test_a_batch_that_cannot_be_shared_evenly_is_refused(batch, ranks, passes, choice):
    with pytest.raises(InputError, match=choice):
        photos_of_a_pass(batch_of(batch, accumulate=passes), ranks)


def test_a_batch_is_shared_by_processes_and_passes():
    assert photos_of_a_pass(batch_of(16), 1) == 16
    assert photos_of_a_pass(batch_of(16, accumulate=2), 4) == 2


def draws(rank, ranks, photos, passes, first_step=0, epoch=0):
    sampler = SeededSampler(21, seed=1, rank=rank, world_size=ranks)
    sampler.epoch = epoch
    chosen = PassDraws(sampler, photos, passes)
    chosen.first_step = first_step
    return list(chosen)


@pytest.mark.parametrize(("ranks", "passes"), [(1, 2), (2, 1), (2, 2), (4, 1)])
def test_every_step_learns_from_the_same_photos_with_the_same_seeds(ranks, passes):
    alone = draws(0, 1, 4, 1)
    assert len(alone) == 5
    photos = 4 // ranks // passes
    shared = [draws(rank, ranks, photos, passes) for rank in range(ranks)]
    for step, batch in enumerate(alone):
        parts = [draw for rank in shared for part in rank[step * passes : (step + 1) * passes] for draw in part]
        assert sorted(parts) == sorted(batch)


def test_a_resumed_epoch_goes_on_with_the_next_step():
    assert draws(1, 2, 2, 1, first_step=3) == draws(1, 2, 2, 1)[3:]


class CountedExamples(Dataset):
    """Empty examples, and how many of them were loaded, in whichever process."""

    def __init__(self):
        self.loaded = Value("i", 0)

    def __getitem__(self, draw):
        with self.loaded:
            self.loaded.value += 1
        return TrainingExample(*[torch.zeros(1)] * len(TrainingExample._fields))


class TestLoader:
    @staticmethod
    def loader(device="cpu", examples=None, **run):
        context = DistributedContext(torch.device(device), 0, 1)
        draws = PassDraws(SeededSampler(40, seed=1, rank=0, world_size=1), 2, 1)
        return training_loader(examples or CountedExamples(), draws, batch_of(2, **run), context)

    @pytest.mark.parametrize(("workers", "prefetch"), [(1, 1), (1, 3), (2, 2)])
    def test_each_process_prepares_so_many_batches_ahead(self, workers, prefetch):
        examples, ahead = CountedExamples(), 2 * workers * prefetch
        batches = iter(self.loader(examples=examples, workers=workers, prefetch=prefetch))
        until = time.monotonic() + 30
        while examples.loaded.value < ahead and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)
        assert examples.loaded.value == ahead
        next(batches)
        while examples.loaded.value < ahead + 2 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)
        assert examples.loaded.value == ahead + 2, "one more, for the one that was taken"

    def test_without_processes_a_batch_is_loaded_when_it_is_asked_for(self):
        examples = CountedExamples()
        batches = iter(self.loader(examples=examples, workers=0))
        assert examples.loaded.value == 0
        next(batches)
        assert examples.loaded.value == 2

    def test_they_live_from_epoch_to_epoch(self):
        loader = self.loader(workers=1)
        before, after = ([worker.pid for worker in iter(loader)._workers] for _ in range(2))
        assert before == after

    @pytest.mark.parametrize(
        ("device", "asked", "pinned"), [("cuda", True, True), ("cuda", False, False), ("cpu", True, False)]
    )
    def test_batches_are_page_locked_where_there_is_a_gpu(self, device, asked, pinned):
        assert self.loader(device, pin_memory=str(asked).lower(), workers=0).pin_memory is pinned


class TestBatchNorm:
    norm, frozen = nn.Sequential(nn.BatchNorm2d(1)), nn.Sequential(nn.Conv2d(1, 1, 1))

    def test_one_photo_a_process_is_warned_of_with_the_remedy(self):
        warning = batch_norm_warning(self.norm, batch_of(16), 16)
        assert "measures 1 photo at a time (a batch of 16, 16 processes, 1 passes)" in warning
        assert "run.sync_batch_norm=true" in warning

    @pytest.mark.parametrize(
        ("network", "recipe", "ranks"),
        [(norm, batch_of(16), 4), (frozen, batch_of(16), 16), (norm, batch_of(16, sync_batch_norm="true"), 16)],
    )
    def test_enough_photos_shared_statistics_and_frozen_ones_are_not(self, network, recipe, ranks):
        assert batch_norm_warning(network, recipe, ranks) is None
