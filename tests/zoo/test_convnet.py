import torch

from striate import zoo


def test_the_layers_have_the_parameters_that_the_slide_counts() -> None:
    network = zoo.create("lecture_conv3")
    counts = [sum(weights.numel() for weights in stage.conv.parameters()) for stage in network.stages]
    assert counts == [608, 3_216, 544]


def test_zero_padding_of_two_keeps_the_32_pixels_of_the_slide() -> None:
    stage = zoo.create("lecture_conv3").stages[0]
    assert stage.conv.padding == (2, 2)
    assert stage(torch.rand(1, 3, 32, 32)).shape == (1, 8, 32, 32)


def test_odd_sizes_are_taken() -> None:
    assert zoo.create("lecture_conv3", image_size=(11, 9))(torch.rand(2, 3, 11, 9)).shape == (2, 10)
