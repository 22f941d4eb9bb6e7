import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.network import Network


def on_meta(name: str = "inception_v3", **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


def test_the_auxiliary_head_costs_what_is_published_and_reads_6e() -> None:
    network = on_meta()
    assert network.parameter_count(auxiliary=True) == 27_161_264
    assert network.auxiliary["aux"].reads == "stages.1.mixed6e"
    assert network.auxiliary_weights == (0.4,)


@pytest.mark.parametrize("name", ["inception_v2", "inception_v3"])
def test_the_auxiliary_head_fits_pictures_of_every_size(name: str) -> None:
    for size in (299, 150, 64, 32):
        network = on_meta(name, image_size=size)
        answers = network(torch.empty(2, 3, size, size, device="meta"), auxiliary=True)
        assert [tuple(scores.shape) for scores in answers] == [(2, 1000)] * 2
        fitted = isinstance(network.auxiliary["aux"].layers.average, nn.AdaptiveAvgPool2d)
        assert (
            any("auxiliary head averages to 5 x 5" in note for note in network.notes) == fitted == (size in {150, 32})
        )


def test_batch_norm_has_the_released_epsilon() -> None:
    assert {layer.eps for layer in on_meta().modules() if hasattr(layer, "eps")} == {0.001}


def test_the_maps_of_v2_are_those_of_the_lectures_table() -> None:
    network = on_meta("inception_v2")
    x, seen = torch.empty(1, 3, 299, 299, device="meta"), []
    for layer in network.stem:
        seen.append((x.shape[2], x.shape[1]))
        x = layer(x)
    assert seen == [(299, 3), (149, 32), (147, 32), (147, 64), (73, 64), (71, 80), (35, 192)]
    inputs = []
    for stage, halving in zip(network.stages, (0, 1, 1), strict=True):
        x = stage[:halving](x)
        inputs.append((len(stage) - halving, x.shape[2], x.shape[1]))
        x = stage[halving:](x)
    assert inputs == [(3, 35, 288), (5, 17, 768), (2, 8, 1280)]
    assert tuple(x.shape[1:]) == (2048, 8, 8)


def test_no_filter_of_v2_is_larger_than_3_outside_the_auxiliary_head_but_for_factorized_7x7() -> None:
    for factorized, longest, parameters in (("3x3", 3, 22_459_976), ("7x7", 7, 25_769_544)):
        network = on_meta("inception_v2", factorized=factorized)
        kernels = {max(layer.kernel_size) for layer in network.stages.modules() if isinstance(layer, nn.Conv2d)}
        assert kernels == {1, 3, longest}
        assert not any(layer.kernel_size in {(5, 5), (7, 7)} for layer in network.stages.modules()
                       if isinstance(layer, nn.Conv2d))  # fmt: skip
        assert network.parameter_count() == parameters


def test_the_auxiliary_head_of_v2_has_no_batch_norm_and_reads_the_last_17_x_17() -> None:
    head = on_meta("inception_v2").auxiliary["aux"]
    assert head.reads == "stages.1.mixed6f"
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in head.modules())
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in on_meta().auxiliary["aux"].modules())
