from collections import OrderedDict

from torch import nn

from striate.layers.branches import chains, projected
from striate.zoo.renames import side_by_side
from striate.zoo.renaming import rename


def test_timm_s_branches_take_the_names_of_chains() -> None:
    ours = nn.Sequential(
        OrderedDict(block=chains(3, ((4, 1),), ((4, 1), (5, 3)), pool=projected(nn.AvgPool2d(3, 1, padding=1), 3, 2)))
    ).state_dict()
    theirs = {}
    for name, tensor in ours.items():
        new = name.replace("block.branch0.conv1.", "block3.branch0.").replace(
            "block.pool.project.", "block3.branch2.1."
        )
        new = new.replace("block.branch1.conv1.", "block3.branch1.0.").replace(
            "block.branch1.conv2.", "block3.branch1.1."
        )
        theirs[new] = tensor
    assert theirs.keys().isdisjoint(ours)
    renames = side_by_side(r"^block(?P<number>\d)", "block", pool=2)
    found = {rename(name, renames): tensor for name, tensor in theirs.items()}
    assert found.keys() == ours.keys()
    assert all(found[name] is tensor for name, tensor in ours.items())
