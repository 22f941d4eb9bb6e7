"""What ignores the network must be found out, and what follows it must not be accused."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.explain import explain
from striate.explain.randomization import cascade, randomization, rank_correlation
from striate.inside.inspecting import inspecting
from striate.inside.maps import Maps


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=(16, 16))
    with torch.no_grad():
        for _ in range(3):  # statistics that are not those of a network just made
            made(torch.randn(8, 3, 16, 16) * 2 + 1)
    return made


@pytest.fixture(scope="module")
def images():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


CLASSES = torch.tensor([1, 4, 7])


def edges(network, images, classes):
    """A method that ignores the network: the strength of edges."""
    light = images.mean(dim=1)
    return Maps((light - light.roll(1, 2)).abs(), signed=False, method="edges", picture=images.shape[2:])


def gradient(network, images, classes):
    images = images.clone().requires_grad_()
    with torch.enable_grad():
        (found,) = torch.autograd.grad(network.eval()(images).gather(1, classes[:, None]).sum(), images)
    return Maps(found.sum(dim=1), signed=True, method="gradient", picture=images.shape[2:])


def test_a_method_that_ignores_the_network_is_found_out(network, images):
    found = randomization(edges, network, images, CLASSES, seeds=2, points=2)
    assert found.signed.shape == (2, 2, 3)
    torch.testing.assert_close(found.signed, torch.ones(2, 2, 3, dtype=torch.float64))


def test_the_gradient_of_a_network_with_new_weights_has_nothing_in_common_with_the_old(network, images):
    found = randomization(gradient, network, images, CLASSES, seeds=3, points=2)
    assert found.signed[:, -1].mean().abs() < 0.1
    assert found.signed[:, -1].abs().max() < 0.3


def test_grad_cam_goes_through_and_the_cascade_ends_at_the_first_layer(network, images):
    found = randomization(explain, network, images, CLASSES, seeds=1, points=3)
    assert len(found.layers) == 3
    assert found.layers[-1].startswith("stem")
    assert found.signed.abs().max() <= 1


def test_weights_are_drawn_from_the_scores_downwards_in_a_copy_and_the_given_network_is_untouched(network, images):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    training = network.training
    random = torch.random.get_rng_state()
    changed: list[set[str]] = []
    for _, copy in cascade(network, images, seed=0):
        state = copy.state_dict()
        weights = {name for name, value in state.items() if name.endswith("weight") and value.ndim > 1}
        changed.append({name for name in weights if not torch.equal(state[name], before[name])})
    assert changed[0] == {name for name in before if name.startswith("head") and name.endswith("weight")}
    assert all(first <= second for first, second in pairwise(changed))
    assert changed[-1] == {name for name, value in before.items() if name.endswith("weight") and value.ndim > 1}
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network.training == training
    assert torch.equal(torch.random.get_rng_state(), random)


def test_batch_norm_takes_the_statistics_of_what_reaches_it(network, images):
    for _, copy in cascade(network, images, seed=0, points=1):
        norms = {name: module for name, module in copy.named_modules() if isinstance(module, nn.BatchNorm2d)}
        assert len(norms) > 10
        with inspecting(copy) as inside, torch.no_grad():
            seen = [inside.capture(name) for name in norms]
            inside.scores(images)
            results = [captured.output for captured in seen]
        for result in results:
            torch.testing.assert_close(result.mean(dim=(0, 2, 3)), torch.zeros(result.shape[1]), atol=1e-4, rtol=0)
            assert result.var(dim=(0, 2, 3)).median() > 0.5


def test_seeds_draw_other_weights_and_the_same_seed_the_same(network, images):
    def weights(seed):
        return next(copy.state_dict()["stem.conv.weight"] for _, copy in cascade(network, images, seed=seed, points=1))

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


class Scale(nn.Module):
    """Has weights and no way of its own to draw them."""

    def __init__(self):
        super().__init__()
        self.factors = nn.Parameter(torch.arange(8.0).view(1, 8, 1, 1))

    def forward(self, x):
        return x * self.factors


def test_where_a_module_cannot_draw_its_values_are_shuffled():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), Scale(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    for _, copy in cascade(network, torch.randn(2, 3, 8, 8), seed=0, points=1):
        factors = copy[1].factors.flatten()
        assert sorted(factors.tolist()) == list(range(8))
        assert factors.tolist() != list(range(8))


def test_a_network_without_weights_is_refused():
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(DoesNotApply, match="no weights"):
        next(cascade(network, torch.randn(1, 3, 8, 8)))


def test_the_rank_correlation_is_scipys_and_constant_maps_have_a_value():
    from scipy.stats import spearmanr

    first, second = torch.randn(2, 5, 6), torch.randn(2, 5, 6).round()
    expected = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(first, second, strict=True)]
    torch.testing.assert_close(rank_correlation(first, second), torch.tensor(expected, dtype=torch.float64))
    flat = torch.ones(2, 5, 6)
    assert rank_correlation(flat, flat * 3).tolist() == [1, 1]
    assert rank_correlation(first, flat).tolist() == [0, 0]
    torch.testing.assert_close(rank_correlation(first, -first), torch.full((2,), -1.0, dtype=torch.float64))
