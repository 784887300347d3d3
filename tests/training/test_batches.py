"""Which photos a process sees in which pass, and the sentences about batches that do not suit the processes."""

import pytest
from torch import nn

from training.data.sampler import SeededSampler
from training.errors.input_error import InputError
from training.loop.batches import PassDraws, batch_norm_warning, photos_of_a_pass
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
