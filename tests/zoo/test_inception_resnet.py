import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.network import Network
from striate.zoo.inception_resnet import ScaledResidual
from striate.zoo.weights import load_state


def on_meta(name: str, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


def blocks(network: Network) -> list[ScaledResidual]:
    return [module for module in network.modules() if isinstance(module, ScaledResidual)]


@pytest.mark.parametrize(
    ("name", "widths"), [("inception_resnet_v1", (256, 896, 1792)), ("inception_resnet_v2", (320, 1088, 1536))]
)
def test_the_grids_are_those_of_the_paper_and_small_pictures_keep_theirs_in_the_stem(
    name: str, widths: tuple[int, ...]
) -> None:
    for size in (299, 35):
        maps = on_meta(name, image_size=size).features(torch.empty(2, 3, size, size, device="meta"))
        assert [tuple(found.shape[1:3]) for found in maps] == list(zip(widths, (35, 17, 8), strict=True))


@pytest.mark.parametrize(
    ("name", "depths"), [("inception_resnet_v1", (5, 10, 5)), ("inception_resnet_v2", (10, 20, 9))]
)
def test_corrections_are_scaled_but_for_the_last_which_has_no_relu(name: str, depths: tuple[int, ...]) -> None:
    *scaled, last = blocks(on_meta(name))
    wanted = [scale for scale, depth in zip((0.17, 0.1, 0.2), depths, strict=True) for _ in range(depth)]
    assert [block.scale for block in scaled] == wanted
    assert all(isinstance(block.join, nn.ReLU) for block in scaled)
    assert last.scale == 1.0
    assert isinstance(last.join, nn.Identity)


def test_a_block_adds_its_scaled_correction() -> None:
    block = ScaledResidual(4, (((2, 1),), ((2, 1), (3, 3))), 0.1, last=True).eval()
    x = torch.randn(1, 4, 5, 5)
    joined = torch.cat([block.branches.branch0(x), block.branches.branch1(x)], 1)
    assert torch.allclose(block(x), x + 0.1 * block.project(joined))
    assert "scale=0.1" in str(block)


def test_the_linear_head_costs_what_a_matrix_of_1792_by_1000_does_more() -> None:
    network = on_meta("inception_resnet_v1", head="linear")
    assert network.parameter_count() == 23_995_624 - (1792 * 512 + 2 * 512 + 512 * 1000) + 1792 * 1000
    assert [name for name, _ in network.head.named_children()][-2:] == ["drop", "linear"]


def test_facenet_s_names_load_into_the_first_version() -> None:
    network = zoo.create("inception_resnet_v1", num_classes=2)
    ours = network.state_dict()
    ends = {"stem.conv6": "conv2d_4b", "stem.conv5": "conv2d_4a", "stem.conv4": "conv2d_3b", "stem.conv3": "conv2d_2b"}
    ends |= {"stem.conv2": "conv2d_2a", "stem.conv1": "conv2d_1a", "stages.2.blocks.5": "block8"}
    ends |= {f"stages.{stage}.blocks": f"repeat_{stage + 1}" for stage in range(3)}
    ends |= {"stages.1.mixed6a": "mixed_6a", "stages.2.mixed7a": "mixed_7a"}
    ends |= {"head.embed": "last_linear", "head.bn": "last_bn", "head.linear": "logits"}
    theirs = {}
    for name, value in ours.items():
        before = next(place for place in ends if name.startswith(f"{place}."))
        new = ends[before] + name.removeprefix(before).replace(".branches.", ".").replace(".project.", ".conv2d.")
        branch = new.partition(".branch")[2][:1]
        alone = f"{name.partition('.branch' + branch)[0]}.branch{branch}.conv2.conv.weight" not in ours
        for step in range(1, 5):
            new = new.replace(
                f"branch{branch}.conv{step}.", f"branch{branch}." if alone else f"branch{branch}.{step - 1}."
            )
        theirs[new] = value + 1
    assert {"repeat_1.4.branch2.2.bn.bias", "mixed_6a.branch0.conv.weight", "block8.conv2d.bias"} <= theirs.keys()
    assert load_state(network, theirs) == "facenet:inception_resnet_v1"
