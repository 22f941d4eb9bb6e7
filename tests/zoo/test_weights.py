import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from striate import zoo
from striate.core.errors import DataError, DoesNotApply, UnknownName
from striate.zoo.weights import load, load_state, save, take

AKAMASTER = "akamaster:resnet20"


def drawn(name: str, seed: int, **options: object) -> nn.Module:
    torch.manual_seed(seed)
    network = zoo.create(name, **options)
    for key, value in network.state_dict().items():
        if key.endswith("running_mean"):
            nn.init.normal_(value)
    return network


def as_akamaster(network: nn.Module) -> dict[str, Tensor]:
    """The names of pytorch_resnet_cifar10, written down from the other side, without batch norm's counters."""
    names = {}
    for key, value in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        new = key.replace("stem.conv", "conv1").replace("stem.bn", "bn1").replace("head.linear", "linear")
        new = new.replace("body.", "").replace("shortcut.conv", "shortcut.0").replace("shortcut.bn", "shortcut.1")
        for stage in range(3):
            new = new.replace(f"stages.{stage}.", f"layer{stage + 1}.")
        names[new] = value.clone()
    return names


def equal(first: nn.Module, second: nn.Module) -> bool:
    left, right = first.state_dict(), second.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "mlp_300", "perceptron"])
def test_what_is_saved_loads_into_another_network_of_the_kind(name: str, tmp_path: Path) -> None:
    first, second = drawn(name, 1), drawn(name, 2)
    save(first, tmp_path / "a.safetensors")
    assert load(second, tmp_path / "a.safetensors") == f"striate:{name}"
    assert equal(first, second)


def test_equal_weights_give_equal_bytes_in_any_memory_format(tmp_path: Path) -> None:
    network = drawn("resnet20", 1)
    save(network, tmp_path / "a.safetensors")
    save(network.to(memory_format=torch.channels_last), tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize("ending", ["pth", "pt", "th"])
def test_a_checkpoint_with_wrapper_and_parallel_prefix_loads(ending: str, tmp_path: Path) -> None:
    first, second = drawn("resnet20", 1), drawn("resnet20", 2)
    state = {f"module.{key}": value for key, value in as_akamaster(first).items()}
    torch.save({"state_dict": state, "best_prec1": 91.78, "epoch": 3}, tmp_path / f"a.{ending}")
    assert load(second, tmp_path / f"a.{ending}") == AKAMASTER
    assert equal(first, second)


def test_arrays_of_half_precision_load_from_npz(tmp_path: Path) -> None:
    first, second = drawn("resnet20", 1), drawn("resnet20", 2)
    np.savez(tmp_path / "a.npz", **{key: value.half().numpy() for key, value in as_akamaster(first).items()})
    load(second, tmp_path / "a.npz", layout=AKAMASTER)
    assert second.stem.conv.weight.dtype == torch.float32
    assert torch.equal(second.stem.conv.weight, first.stem.conv.weight.half().float())


def test_projection_shortcuts_of_others_files_find_their_place() -> None:
    first, second = drawn("resnet32", 1, shortcut="B"), drawn("resnet32", 2, shortcut="B")
    assert load_state(second, as_akamaster(first)) == "akamaster:resnet32"
    assert equal(first, second)


def test_a_file_of_another_number_of_classes_is_refused_with_both_shapes_and_loads_nothing() -> None:
    network, before = drawn("resnet20", 2, num_classes=7), drawn("resnet20", 2, num_classes=7)
    with pytest.raises(DataError, match=r"head.linear.weight is 10x64 there, 7x64 here.*Nothing was loaded") as caught:
        load_state(network, drawn("resnet20", 1).state_dict(), source="x.pth")
    assert str(caught.value).startswith("x.pth does not fit")
    assert equal(network, before)


def test_missing_and_unexpected_names_are_given_with_the_nearest_and_nothing_is_loaded() -> None:
    network, before = drawn("resnet20", 2), drawn("resnet20", 2)
    state = drawn("resnet20", 1).state_dict()
    state["head.linear.wheight"] = state.pop("head.linear.weight")
    with pytest.raises(
        DataError, match=r"1 missing: head.linear.weight \(nearest: head.linear.wheight\); 1 unexpected"
    ):
        load_state(network, state)
    assert equal(network, before)


def test_whole_numbers_are_no_weights() -> None:
    state = drawn("linear", 1).state_dict()
    state["head.bias"] = state["head.bias"].to(torch.int64)
    with pytest.raises(DataError, match=r"head.bias is 10 whole there, 10 here"):
        load_state(drawn("linear", 1), state)


def test_two_names_that_mean_the_same_are_refused() -> None:
    state = as_akamaster(drawn("resnet20", 1))
    state["head.linear.bias"] = torch.zeros(10)
    with pytest.raises(DataError, match=r"1 unexpected: head.linear.bias \(a second time\)"):
        load_state(drawn("resnet20", 2), state)


def test_a_named_layout_is_the_only_one_tried() -> None:
    network = drawn("resnet20", 1)
    with pytest.raises(DataError, match="read in the layout striate:resnet20"):
        load_state(network, as_akamaster(network), layout="striate:resnet20")


def test_an_unknown_layout_and_one_of_another_model_are_refused_with_the_known_ones() -> None:
    network = drawn("resnet20", 1)
    for layout in ("akamaster:resnet32", "torchvision:resnet20"):
        with pytest.raises(UnknownName, match="akamaster:resnet20"):
            load_state(network, network.state_dict(), layout=layout)


def test_a_network_on_the_meta_device_is_refused() -> None:
    with torch.device("meta"):
        network = zoo.create("linear")
    with pytest.raises(DoesNotApply, match="meta device"):
        load_state(network, drawn("linear", 1).state_dict())


def test_any_module_loads_by_its_own_names_even_where_they_look_like_a_prefix() -> None:
    module = nn.ModuleDict({"model": nn.Linear(2, 2)})
    assert load_state(module, {"model.weight": torch.ones(2, 2), "model.bias": torch.ones(2)}) == "striate"
    assert module["model"].weight.sum() == 4


def test_the_published_resnet20_loads_and_recognizes_cifar10(shared_data: Path) -> None:
    from PIL import Image

    network = zoo.create("resnet20").eval()
    assert load(network, shared_data / "weights" / "cifar10-resnet20-12fca82f.th") == AKAMASTER
    strip = shared_data / "cifar10" / "test_batch-00.webp"
    if not strip.is_file():
        pytest.skip(f"no {strip}")
    pixels = np.asarray(Image.open(strip).convert("RGB")).reshape(-1, 32, 32, 3)
    images = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2) / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        answers = network((images - mean[:, None, None]) / deviation[:, None, None]).argmax(1)
    index = json.loads(lzma.decompress((shared_data / "cifar10" / "index.json.xz").read_bytes()))
    labels = torch.tensor([int(digit) for digit in index["test_batch"]["labels"][: len(answers)]])
    assert (answers == labels).float().mean() > 0.9  # 91.73 % over all 10,000


def test_a_head_of_another_number_of_classes_is_left_as_drawn_where_that_is_allowed() -> None:
    first, second = drawn("resnet20", 1), drawn("resnet20", 2, num_classes=7)
    before = second.head.linear.weight.clone()
    for head, left in (("auto", ("head.linear",)), ("drop", ("head.linear",))):
        taken = take(second, as_akamaster(first), head=head)
        assert (taken.layout, taken.left, taken.classes) == (AKAMASTER, left, 10)
        assert torch.equal(second.head.linear.weight, before)
        assert torch.equal(second.stem.conv.weight, first.stem.conv.weight)


def test_a_head_of_the_same_number_of_classes_is_kept_unless_it_is_to_be_dropped() -> None:
    first, second = drawn("resnet20", 1), drawn("resnet20", 2)
    before = second.head.linear.weight.clone()
    assert take(second, first.state_dict(), head="drop").left == ("head.linear",)
    assert torch.equal(second.head.linear.weight, before)
    assert take(second, first.state_dict(), head="auto").left == ()
    assert equal(first, second)


@pytest.mark.parametrize("head", ["auto", "drop"])
def test_nothing_but_the_layer_that_gives_the_scores_may_differ(head: str) -> None:
    network, before = drawn("resnet20", 2, num_classes=7), drawn("resnet20", 2, num_classes=7)
    state = drawn("resnet20", 1).state_dict()
    state["stages.2.0.body.conv1.weight"] = state["stages.2.0.body.conv1.weight"][:32]
    with pytest.raises(DataError, match=r"stages\.2\.0\.body\.conv1\.weight is 32x32x3x3 there"):
        load_state(network, state, head=head)
    assert equal(network, before)


def test_a_file_without_a_head_loads_only_where_the_head_is_to_be_dropped() -> None:
    state = {key: value for key, value in drawn("resnet20", 1).state_dict().items() if not key.startswith("head.")}
    with pytest.raises(DataError, match=r"2 missing: head\.linear.*weights_head=drop"):
        load_state(drawn("resnet20", 2), state, head="auto")
    load_state(drawn("resnet20", 2), state, head="drop")


def test_where_the_head_is_the_whole_network_nothing_would_be_left() -> None:
    with pytest.raises(DataError, match="does not fit"):
        load_state(drawn("linear", 1), drawn("linear", 2, num_classes=3).state_dict(), head="auto")


def test_auxiliary_heads_are_cut_with_the_head() -> None:
    torch.manual_seed(0)
    options = {"image_size": 32}
    first, second = (
        zoo.create("googlenet_bn", num_classes=4, **options),
        zoo.create("googlenet_bn", num_classes=3, **options),
    )
    taken = take(second, first.state_dict(), head="auto")
    assert [name.partition(".")[0] for name in taken.left] == ["head", "auxiliary", "auxiliary"]
    assert [len(first.get_submodule(name).weight) for name in taken.left] == [4, 4, 4]


def test_the_stem_for_small_pictures_is_named_as_the_cause() -> None:
    small = zoo.create("squeezenet1_0", num_classes=3, image_size=32)
    with pytest.raises(DataError, match=r"options\.stem=published"):
        load_state(small, zoo.create("squeezenet1_0", num_classes=3).state_dict())
