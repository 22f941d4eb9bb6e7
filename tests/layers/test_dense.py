from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.layers.blocks import fully_connected, pooled_linear
from striate.layers.dense import applied_densely, convolutional


def made(size: tuple[int, int] = (3, 4)) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(fully_connected(5, size, (16, 8), 6, drop=(0.5, 0.5), first=6)).double().eval()


def maps(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_at_the_size_it_was_made_for_the_scores_are_the_same() -> None:
    head, seen = made(), maps(2, 5, 3, 4)
    assert torch.allclose(convolutional(head)(seen), head(seen), rtol=0, atol=1e-12)
    assert convolutional(head, average=False)(seen).shape == (2, 6, 1, 1)


def test_on_larger_maps_every_place_has_the_scores_of_its_own_window_and_their_mean_is_the_answer() -> None:
    head, seen = made(), maps(2, 5, 5, 6)
    scores = convolutional(head, average=False)(seen)
    assert scores.shape == (2, 6, 3, 3)
    for i in range(3):
        for j in range(3):
            assert torch.allclose(scores[:, :, i, j], head(seen[:, :, i : i + 3, j : j + 4]), rtol=0, atol=1e-12)
    assert torch.allclose(convolutional(head)(seen), scores.mean((2, 3)), rtol=0, atol=1e-12)


def test_the_mean_of_linear_scores_is_the_score_of_the_mean() -> None:
    head, seen = pooled_linear(5, 3).double(), maps(2, 5, 4, 7)
    assert torch.allclose(convolutional(head)(seen), head(seen), rtol=0, atol=1e-12)


def test_the_weights_are_shared_and_nothing_is_copied() -> None:
    head = made()
    dense = convolutional(head)
    assert dense.fc6.weight.data_ptr() == head.fc6.weight.data_ptr()
    assert dense.fc7.bias is head.fc7.bias


@pytest.mark.parametrize(("name", "native"), [("vgg11", 64), ("alexnet", 67)])
def test_whole_networks_agree_at_their_own_size_and_average_on_larger_pictures(name: str, native: int) -> None:
    torch.manual_seed(0)
    network = zoo.create(name, num_classes=3, image_size=native, stem="published", init="he").double().eval()
    dense = applied_densely(network)
    pictures = torch.rand(1, 3, native, native, dtype=torch.float64)
    assert torch.allclose(dense(pictures), network(pictures), rtol=0, atol=1e-6)
    larger = torch.rand(1, 3, native + 32, native + 32, dtype=torch.float64)
    places = applied_densely(network, average=False)(larger)
    assert places.shape[2:] == (2, 2)
    assert torch.allclose(dense(larger), places.mean((2, 3)), rtol=0, atol=1e-12)


def test_one_that_is_convolutional_already_stays_what_it_is() -> None:
    network = zoo.create("nin_cifar10").eval()
    pictures = torch.rand(1, 3, 40, 40)
    assert torch.allclose(applied_densely(network)(pictures), network(pictures), atol=1e-6)
    assert applied_densely(network, average=False)(pictures).shape == (1, 10, 10, 10)


def test_without_a_layer_that_says_the_size_it_is_asked_for() -> None:
    head = nn.Sequential(OrderedDict(flatten=nn.Flatten(), linear=nn.Linear(20, 3)))
    with pytest.raises(DoesNotApply, match=r"linear reads: pass size=\(height, width\)"):
        convolutional(head)
    assert convolutional(head, (2, 2))(torch.rand(2, 5, 2, 2)).shape == (2, 3)
    with pytest.raises(DoesNotApply, match="reads 20 numbers, which are no maps of 3 x 3"):
        convolutional(head, (3, 3))


def test_what_has_no_like_among_convolutions_is_refused_by_name() -> None:
    head = nn.Sequential(OrderedDict(flatten=nn.Flatten(), norm=nn.BatchNorm1d(20), linear=nn.Linear(20, 3)))
    with pytest.raises(DoesNotApply, match=r"norm \(BatchNorm1d\) has no like"):
        convolutional(head, (2, 2))
    with pytest.raises(DoesNotApply, match=r"without nn\.Flatten"):
        convolutional(nn.Sequential(nn.Linear(4, 2)))
