import torch

from striate import zoo
from striate.zoo.airbench import start_from


def test_all_its_numbers_are_those_that_are_published() -> None:
    network = zoo.create("airbench94")
    assert sum(weights.numel() for weights in network.parameters()) == 1_972_792


def test_whitened_patches_are_uncorrelated_and_of_variance_one_and_stay_so() -> None:
    torch.manual_seed(0)
    network = zoo.create("airbench94")
    images = torch.randn(50, 3, 16, 16).cumsum(3) @ torch.randn(16, 16)
    assert "50 training pictures" in start_from(network, images, eps=0.0)
    answers = network.stem.whiten(images).permute(1, 0, 2, 3).flatten(1)
    covariance = answers[:12] @ answers[:12].T / answers.shape[1]
    assert torch.allclose(covariance, torch.eye(12), atol=1e-2)
    assert torch.equal(network.stem.whiten.weight[12:], -network.stem.whiten.weight[:12])
    assert not network.stem.whiten.weight.requires_grad
    assert network.stem.whiten.bias.requires_grad


def test_convolutions_begin_as_passing_their_input_on() -> None:
    stage = zoo.create("airbench94").stages[1]
    maps = torch.rand(1, 256, 5, 5)
    assert torch.allclose(stage.conv2(maps), maps, atol=1e-6)
    narrow = torch.rand(1, 64, 5, 5)
    assert torch.allclose(stage.conv1(narrow)[:, :64], narrow, atol=1e-6)


def test_the_scales_of_batch_norm_are_fixed_and_the_scores_divided_by_nine() -> None:
    network = zoo.create("airbench94").eval()
    assert not network.stages[0].norm1.weight.requires_grad
    maps = torch.rand(1, 256, 3, 3)
    assert torch.allclose(network.head(maps) * 9, network.head.linear(maps.amax((2, 3))))
