"""On a linear model the best order is known: by what each place contributes to the score."""

import pytest
import torch
from torch import nn

from striate.core.errors import UnknownName
from striate.explain.deletion import curves, order, rivals
from striate.explain.fills import blur, mean


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4)).double()


@pytest.fixture
def images():
    return torch.rand(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


CLASSES = torch.tensor([2, 0, 2])


def contributions(linear, images, cover):
    """What each place adds to the score, over what the cover shows there: (N, H, W)."""
    weights = linear[1].weight.detach()[CLASSES].view_as(images)
    return (weights * (images - cover(images))).sum(dim=1)


@pytest.mark.parametrize(("cover", "function"), [("blur", blur), ("mean color", mean)])
def test_on_a_linear_model_the_order_by_contribution_is_best_the_reversed_worst_and_a_random_one_between(
    linear, images, cover, function
):
    maps = contributions(linear, images, function)
    options = {"cover": cover, "steps": 64, "measure": "score"}
    best = curves(linear, images, CLASSES, maps, **options)
    worst = curves(linear, images, CLASSES, -maps, **options)
    others = rivals(linear, images, CLASSES, draws=5, **options)
    for blind in (others.center, *others.random):
        assert (best.deletion_area < blind.deletion_area).all()
        assert (blind.deletion_area < worst.deletion_area).all()
        assert (best.insertion_area > blind.insertion_area).all()
        assert (blind.insertion_area > worst.insertion_area).all()
    torch.testing.assert_close(best.deletion_area, worst.insertion_area)  # covering from below is showing from above


def test_on_a_linear_model_the_curve_is_the_score_less_what_was_covered(linear, images):
    maps = contributions(linear, images, mean)
    found = curves(linear, images, CLASSES, maps, cover="mean color", steps=64, measure="score")
    score = linear(images).gather(1, CLASSES[:, None])[:, 0].detach()
    taken = maps.flatten(1).sort(dim=1, descending=True).values.cumsum(dim=1)
    torch.testing.assert_close(found.deletion[:, 0], score)
    torch.testing.assert_close(found.deletion[:, 1:], score[:, None] - taken)
    torch.testing.assert_close(found.insertion[:, -1], score)


def test_both_curves_begin_and_end_at_the_whole_and_the_covered_picture(linear, images):
    found = curves(linear, images, CLASSES, images.mean(dim=1), steps=7)
    whole = linear(images).softmax(dim=1).gather(1, CLASSES[:, None])[:, 0].detach()
    covered = linear(blur(images)).softmax(dim=1).gather(1, CLASSES[:, None])[:, 0].detach()
    for ends in (found.deletion[:, [0, -1]], found.insertion[:, [-1, 0]]):
        torch.testing.assert_close(ends, torch.stack([whole, covered], dim=1))
    assert found.fractions[[0, -1]].tolist() == [0, 1]
    assert found.fractions.diff().min() > 1 / 8  # 64 places in 7 steps: as even as they can be


def test_neither_the_batch_nor_the_chunk_changes_a_curve(linear, images):
    maps = images.mean(dim=1)
    together = curves(linear, images, CLASSES, maps, at_once=5)
    for n in range(3):
        part = slice(n, n + 1)
        alone = curves(linear, images[part], CLASSES[part], maps[part], at_once=64)
        torch.testing.assert_close(alone.deletion[0], together.deletion[n])
        torch.testing.assert_close(alone.insertion[0], together.insertion[n])


def test_equal_values_come_in_an_order_that_only_the_seed_decides():
    flat = torch.zeros(2, 6, 6)
    flat[:, 2, 3] = 1
    first = order(flat, 0)
    assert first[:, 0].tolist() == [15, 15]
    assert sorted(first[0].tolist()) == list(range(36))
    assert torch.equal(first, order(flat, 0))
    assert not torch.equal(first, order(flat, 1))
    assert first[0, 1:].tolist() != sorted(first[0, 1:].tolist())


def test_the_network_is_left_as_it_is_and_an_unknown_cover_is_named(images):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(4)).double()
    network(images)
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    curves(network, images, CLASSES, images.mean(dim=1), steps=2)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network[1].training
    with pytest.raises(UnknownName, match="cover"):
        curves(network, images, CLASSES, images.mean(dim=1), cover="blurr")
