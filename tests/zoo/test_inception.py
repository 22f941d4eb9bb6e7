import torch

from striate import zoo
from striate.layers.network import Network


def on_meta(**options: object) -> Network:
    with torch.device("meta"):
        return zoo.create("inception_v3", **options)


def test_the_auxiliary_head_costs_what_is_published_and_reads_6e() -> None:
    network = on_meta()
    assert network.parameter_count(auxiliary=True) == 27_161_264
    assert network.auxiliary["aux"].reads == "stages.1.mixed6e"
    assert network.auxiliary_weights == (0.4,)


def test_the_auxiliary_head_fits_pictures_of_every_size() -> None:
    for size in (299, 150, 64, 32):
        answers = on_meta(image_size=size)(torch.empty(2, 3, size, size, device="meta"), auxiliary=True)
        assert [tuple(scores.shape) for scores in answers] == [(2, 1000)] * 2


def test_batch_norm_has_the_released_epsilon() -> None:
    assert {layer.eps for layer in on_meta().modules() if hasattr(layer, "eps")} == {0.001}
