from types import ModuleType

import pytest
import torch

from striate import zoo
from striate.data.preprocess import Preprocess
from striate.zoo.known_weights import KNOWN, imagenet_classes, of_file
from striate.zoo.renaming import layouts_for


@pytest.mark.parametrize("name", KNOWN)
def test_known_weights_are_of_a_network_that_has_their_layout(name: str) -> None:
    row = KNOWN[name]
    origin = name.partition(".")[0]
    assert origin in layouts_for(row.model)
    assert len(row.digest) == 8
    assert set(row.digest) <= set("0123456789abcdef")
    assert of_file(row.file) is row


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_s_size_is_that_of_its_network_s_tensors(name: str) -> None:
    row = KNOWN[name]
    with torch.device("meta"):
        state = zoo.create(row.model).state_dict()
    megabytes = sum(tensor.numel() * tensor.element_size() for tensor in state.values()) / 10**6
    assert megabytes == pytest.approx(row.megabytes, rel=0.02, abs=1)


def test_pictures_are_prepared_in_whole_pixels() -> None:
    for row in KNOWN.values():
        preprocess = Preprocess(**row.preprocess())
        assert round(preprocess.size[0] / preprocess.center) == row.covered


def test_class_names_are_a_thousand_and_all_different() -> None:
    names = imagenet_classes()
    assert len(names) == len(set(names)) == 1000
    assert names[0] == "tench"
    assert names[281] == "tabby"
    assert names[134] == "crane bird"
    assert names[517] == "crane"


@pytest.mark.reference
@pytest.mark.parametrize("name", KNOWN)
def test_rows_say_what_torchvision_says(torchvision: ModuleType, name: str) -> None:
    row = KNOWN[name]
    theirs, _, tag = name.removeprefix("torchvision:").partition(".")
    weights = torchvision.models.get_model_weights(theirs)[f"IMAGENET1K_{tag.upper() or 'V1'}"]
    prepared = weights.transforms()
    accuracies = weights.meta["_metrics"]["ImageNet-1K"]
    assert row.url == weights.url
    assert (accuracies["acc@1"], accuracies["acc@5"]) == (row.top1, row.top5)
    assert (prepared.crop_size, prepared.resize_size) == ([row.size], [row.covered])
    assert prepared.interpolation.value == row.preprocess()["interpolation"]
    assert [x.lower() for x in weights.meta["categories"]] == [x.lower() for x in imagenet_classes()]
    if theirs in {"googlenet", "inception_v3"}:  # they apply the rest inside the network
        assert row.mean == row.std == (0.5, 0.5, 0.5)
    else:
        assert (tuple(prepared.mean), tuple(prepared.std)) == (row.mean, row.std)
    assert weights.meta["_file_size"] * 2**20 / 10**6 == pytest.approx(row.megabytes, abs=0.6)
