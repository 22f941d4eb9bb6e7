"""Batches: a function of seed, epoch and step."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from striate.core.errors import DataError
from striate.data.augment import Augment, apply, targets
from striate.data.batches import Batches
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.sources import open_table

STORE = Store(open_table("digits"), Preprocess(size=(8, 8), channels=1))
ROWS = np.arange(100, 450)


def _batches(**options: object) -> Batches:
    settings = {"batch_size": 64, "seed": 0, "augment": Augment(shift=1), **options}
    return Batches(STORE, ROWS, **settings)  # type: ignore[arg-type]


def _epoch(batches: Batches, epoch: int) -> list[list[int]]:
    return [batches.at(epoch, step).rows.tolist() for step in range(batches.steps_per_epoch)]


def test_an_epoch_shows_every_picture_once_in_batches_of_nearly_one_size() -> None:
    batches = _batches()
    epoch = _epoch(batches, 1)
    assert sorted(row for batch in epoch for row in batch) == ROWS.tolist()
    assert {len(batch) for batch in epoch} <= {58, 59}


def test_order_depends_on_seed_and_epoch_alone() -> None:
    assert _epoch(_batches(), 3) == _epoch(_batches(), 3)
    assert _epoch(_batches(), 3) != _epoch(_batches(), 4)
    assert _epoch(_batches(), 3) != _epoch(_batches(seed=1), 3)


def test_reading_ahead_gives_the_same_batches_from_any_step() -> None:
    batches = _batches()
    plain = [batches.at(2, step) for step in range(batches.steps_per_epoch)]
    for first in (0, 3, batches.steps_per_epoch - 1):
        for ahead, expected in zip(_batches().ahead(2, first), plain[first:], strict=True):
            assert (ahead.images == expected.images).all()
            assert (ahead.draws.shifts == expected.draws.shifts).all()


@pytest.mark.parametrize("world", [2, 3, 4])
def test_processes_share_the_batches_of_one(world: int) -> None:
    alone = _batches().at(1, 2)
    pairs = np.arange(len(alone.rows)) // 2
    for rank in range(world):
        part, mine = _batches().at(1, 2, rank, world), pairs % world == rank
        assert (part.rows == alone.rows[mine]).all()
        assert (part.images == alone.images[mine]).all()
        assert (part.draws.shifts == alone.draws.shifts[mine]).all()


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("step", [1, 2])  # one begins at an odd position of the epoch
def test_partners_stay_together_however_many_processes_share_a_batch(step: int, world: int) -> None:
    batches = _batches(augment=Augment(mixup=1.0))
    alone = batches.at(1, step)
    partners = alone.rows[alone.draws.partners]
    assert (alone.rows[1::2] == partners[: len(partners) // 2 * 2 : 2]).all()
    for rank in range(world):
        part, mine = batches.at(1, step, rank, world), np.arange(len(alone.rows)) // 2 % world == rank
        assert (part.rows[part.draws.partners] == partners[mine]).all()
        assert (part.draws.own_shares == alone.draws.own_shares[mine]).all()


def test_a_rank_may_get_no_picture() -> None:
    batches = Batches(STORE, ROWS[:2], batch_size=2, seed=0, augment=Augment(mixup=1.0, noise=1.0))
    batch = batches.at(1, 0, rank=1, world=2)
    assert len(batch.rows) == len(batch.draws) == 0
    assert apply(torch.from_numpy(batch.images), batch.draws).shape == (0, 1, 8, 8)
    assert targets(torch.from_numpy(batch.labels), batch.draws, 10).shape == (0,)


def test_an_alternating_flip_mirrors_a_picture_every_other_epoch_wherever_it_stands() -> None:
    batches = _batches(augment=Augment(flip="alternating"))
    mirrored = []
    for epoch in (1, 2, 3):
        steps = [batches.at(epoch, step) for step in range(batches.steps_per_epoch)]
        rows, flips = np.concatenate([s.rows for s in steps]), np.concatenate([s.draws.flips for s in steps])
        assert not flips[:, 0].any()
        mirrored.append(flips[np.argsort(rows), 1])
    assert (mirrored[0] != mirrored[1]).all()
    assert (mirrored[0] == mirrored[2]).all()
    assert 0.4 < mirrored[0].mean() < 0.6


def test_balanced_sampling_shows_classes_equally_often() -> None:
    table = open_table("digits")
    rows = np.concatenate([np.flatnonzero(table.labels == 0)[:150], np.flatnonzero(table.labels == 1)[:10]])
    batches = Batches(STORE, rows, batch_size=32, seed=0, augment=Augment(), sampling="balanced")
    labels = np.concatenate([batches.at(e, s).labels for e in range(1, 21) for s in range(batches.steps_per_epoch)])
    assert len(labels) == 20 * 160
    assert abs((labels == 1).mean() - 0.5) < 0.04


def test_a_picture_lost_while_training_is_left_out_and_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("L", (8, 8), 30 * number).save(tmp_path / name / f"{number}.png")
    table = open_table(tmp_path)
    (tmp_path / "b" / "2.png").unlink()
    store = Store(table, Preprocess(size=(8, 8), channels=1))
    batches = Batches(store, np.arange(8), batch_size=8, seed=0, augment=Augment(shift=1, mixup=1.0))
    batch = batches.at(1, 0)
    assert [table.name(row) for row in batch.unreadable] == ["b/2.png"]
    assert len(batch.images) == len(batch.labels) == len(batch.rows) == len(batch.draws.shifts) == 7
    assert set(batch.unreadable).isdisjoint(batch.rows.tolist())
    assert (~batch.draws.mixed).sum() == 1  # its partner is the one that was lost


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(DataError, match="no picture to train on"):
        Batches(STORE, np.zeros(0, np.int64), batch_size=8, seed=0, augment=Augment())
