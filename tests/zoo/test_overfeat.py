import pytest
import torch

from striate import zoo
from striate.zoo.overfeat import fine_scores


def test_a_larger_picture_is_answered_at_many_places_which_are_averaged() -> None:
    torch.manual_seed(0)
    network = zoo.create("overfeat_fast", image_size=8, num_classes=3, init="he").eval()
    maps = torch.rand(1, 1024, 2, 6)  # pictures of 8 leave 2 x 2
    places = [network.head(maps[..., left : left + 2]) for left in (0, 2, 4)]
    assert torch.allclose(network.head(maps), torch.stack(places).mean(0), atol=1e-5)
    assert not torch.allclose(places[0], places[1], atol=1e-3)


def test_a_network_for_larger_pictures_has_the_same_weights_and_says_that_it_averages() -> None:
    with torch.device("meta"):
        network = zoo.create("overfeat_fast", image_size=231 + 64)
    assert network.parameter_count() == 145_920_872
    assert network.notes == ("overfeat_fast is applied at 3 x 3 places, and averaged",)


@pytest.mark.parametrize(("name", "size"), [("overfeat_fast", 71), ("overfeat_fast", 150), ("overfeat_accurate", 77)])
def test_what_the_head_is_built_for_is_what_comes(name: str, size: int) -> None:
    with torch.device("meta"):
        network = zoo.create(name, image_size=size, stem="published")
    left = network.head.pool(network.features(torch.empty(1, 3, size, size, device="meta"))[-1])
    reads = network.get_submodule(f"head.fc{6 if name == 'overfeat_fast' else 7}").kernel_size
    assert reads == tuple(left.shape[2:])


def test_fine_scores_are_those_of_the_pooling_begun_at_each_offset_and_contain_the_coarse_ones() -> None:
    torch.manual_seed(0)
    network = zoo.create("overfeat_fast", image_size=12, num_classes=3, init="he").eval()
    images = torch.rand(1, 3, 15, 18)
    maps = network.features(images)[-1]
    assert maps.shape[2:] == (5, 7)
    fine = fine_scores(network, images)
    assert fine.shape == (1, 3, 2, 4)  # at each offset 2 x 3 pooled units, so 1 x 2 places
    for i in range(2):
        for j in range(4):
            seen = maps[:, :, i : i + 4, j : j + 4]  # from i = 2a + b on: the a-th place at offset b
            assert torch.allclose(fine[:, :, i, j], network.head(seen), atol=1e-5)
