import torch
from torch import nn

from striate import zoo


def sizes_of(image_size: int) -> list[tuple[int, int]]:
    with torch.device("meta"):
        network = zoo.create("inception_v4", image_size=image_size)
        maps = [network.stem(torch.empty(2, 3, image_size, image_size))]
        maps += network.features(torch.empty(2, 3, image_size, image_size))
    return [tuple(found.shape[1:3]) for found in maps]


def test_the_grids_are_those_of_the_paper_and_small_pictures_keep_theirs_in_the_stem() -> None:
    assert sizes_of(299) == [(384, 35), (384, 35), (1024, 17), (1536, 8)]
    assert sizes_of(35) == [(384, 35), (384, 35), (1024, 17), (1536, 8)]


def test_the_stem_joins_three_times_and_the_modules_are_4_7_and_3_with_a_reduction_between() -> None:
    with torch.device("meta"):
        network = zoo.create("inception_v4")
    assert [name for name, _ in network.stem.named_children()][3:] == ["mixed3a", "mixed4a", "mixed5a"]
    assert [len(stage) for stage in network.stages] == [4, 1 + 7, 1 + 3]
    assert list(dict(network.stages[1].named_children()))[::7] == ["mixed6a", "mixed6h"]


def test_batch_norm_has_the_released_epsilon_and_means_leave_the_border_out() -> None:
    with torch.device("meta"):
        modules = list(zoo.create("inception_v4").modules())
    assert {layer.eps for layer in modules if isinstance(layer, nn.BatchNorm2d)} == {0.001}
    assert not any(layer.count_include_pad for layer in modules if isinstance(layer, nn.AvgPool2d))
