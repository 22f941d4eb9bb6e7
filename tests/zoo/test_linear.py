import torch

from striate import zoo


def test_the_scores_start_at_zero_and_are_linear_in_the_pixels() -> None:
    network = zoo.create("linear")
    images = torch.rand(3, 1, 28, 28)
    assert network(images).abs().max() == 0
    torch.nn.init.normal_(network.head.weight)
    assert torch.allclose(network(2 * images), 2 * network(images), rtol=1e-4)


def test_the_weights_of_a_class_are_a_picture() -> None:
    network = zoo.create("linear", in_channels=3, image_size=(5, 4), num_classes=2)
    pattern = torch.rand(3, 5, 4)
    with torch.no_grad():
        network.head.weight[1] = pattern.flatten()
    assert torch.allclose(network(pattern[None])[0, 1], pattern.square().sum())
