import pytest
import torch
from torch import nn
from torch.nn import functional as F

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.zoo.codes import digits, orthogonal
from striate.zoo.lenet import C3, H3, Covering, RadialBasis, Subsample, TableConv2d


def layer_counts(name: str) -> dict[str, int]:
    network = zoo.create(name)
    parts = {key: part for stage in [*network.stages, network.head] for key, part in stage.named_children()}
    counts = {key: sum(weights.numel() for weights in part.parameters()) for key, part in parts.items()}
    return {key: count for key, count in counts.items() if count}


def test_lenet5_has_the_parameters_of_each_layer_of_the_paper() -> None:
    expected = {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert layer_counts("lenet5") == expected


def test_lenet1_has_the_parameters_of_each_layer_of_the_paper() -> None:
    assert layer_counts("lenet1") == {"h1": 104, "h2": 8, "h3": 512, "h4": 24, "output": 1_930}


def test_lenet1_has_the_98442_connections_of_the_paper() -> None:
    links = sum(map(len, H3))
    convolved = 4 * 24**2 * 26 + 8**2 * (25 * links + 12)
    subsampled = (4 * 12**2 + 12 * 4**2) * 5
    assert convolved + subsampled + 10 * 193 == 98_442


def test_lenet5_has_the_340908_connections_of_the_paper() -> None:
    links = sum(map(len, C3))
    convolved = 6 * 28**2 * 26 + 10**2 * (25 * links + 16) + 120 * 401
    subsampled = (6 * 14**2 + 16 * 5**2) * 5
    assert convolved + subsampled + 84 * 121 + 840 == 340_908


def test_the_tables_have_the_structure_that_the_papers_describe() -> None:
    assert [len(maps) for maps in C3] == [3] * 6 + [4] * 9 + [6]
    assert len(set(C3)) == 16
    assert [sum(source in maps for maps in C3) for source in range(6)] == [10] * 6  # every map of S2 is read as often
    assert sum(map(len, H3)) == 20
    assert set().union(*H3[:6]) == {0, 1}  # "two almost independent modules"
    assert set().union(*H3[6:]) == {2, 3}


def test_a_table_convolution_is_the_full_one_with_zeros_where_nothing_is_joined() -> None:
    torch.manual_seed(0)
    layer = TableConv2d(6, C3, 5).double()
    full = nn.Conv2d(6, 16, 5).double()
    with torch.no_grad():
        full.weight.zero_()
        link = 0
        for output, sources in enumerate(C3):
            for source in sources:
                full.weight[output, source] = layer.weight[link]
                link += 1
        full.bias.copy_(layer.bias)
    maps = torch.randn(2, 6, 14, 14, dtype=torch.float64)
    assert torch.allclose(layer(maps), full(maps), atol=1e-12)
    for source in range(6):
        moved = maps.clone()
        moved[:, source] += 1
        changed = (layer(moved) - layer(maps)).abs().amax((0, 2, 3)) > 1e-9
        assert changed.tolist() == [source in sources for sources in C3]


def test_subsampling_sums_four_units_then_scales_and_shifts_each_map() -> None:
    layer = Subsample(2)
    with torch.no_grad():
        layer.coefficient[:, 0, 0] = torch.tensor([1.0, 0.5])
        layer.bias[:, 0, 0] = torch.tensor([0.0, 3.0])
    maps = torch.arange(2 * 5 * 4, dtype=torch.float32).view(1, 2, 5, 4)
    sums = F.conv2d(maps, torch.ones(2, 1, 2, 2), stride=2, groups=2)
    assert torch.allclose(layer(maps)[:, 0], sums[:, 0])
    assert torch.allclose(layer(maps)[:, 1], 0.5 * sums[:, 1] + 3)


def test_the_output_is_minus_the_squared_distance_to_each_code_and_nothing_in_it_trains() -> None:
    layer = RadialBasis(digits())
    assert list(layer.parameters()) == []
    scores = layer(digits()[[3]])
    assert scores[0, 3] == 0
    assert scores[0, 8] == -4 * (digits()[3] != digits()[8]).sum()
    assert "head.rbf.codes" in zoo.create("lenet5").state_dict()  # a saved file says what it was trained towards


def test_the_output_stays_in_float32_under_bf16() -> None:
    network = zoo.create("lenet5")
    with torch.autocast("cpu", torch.bfloat16):
        assert network(torch.rand(2, 1, 32, 32)).dtype == torch.float32


def test_weights_start_within_2_4_over_the_number_of_inputs() -> None:
    torch.manual_seed(0)
    network = zoo.create("lenet5")
    c1, c3, f6 = network.stages[0].c1, network.stages[1].c3, network.head.f6
    for layer, fan_in in ((c1, 25), (f6, 120), (network.head.c5, 400), (network.head.s4, 4)):
        largest = max(weights.abs().max().item() for weights in layer.parameters())
        assert 0.85 * 2.4 / fan_in < largest <= 2.4 / fan_in
    first, last = c3.weight[:3].abs().max(), c3.weight[-6:].abs().max()
    assert 2.4 / 100 < first <= 2.4 / 75
    assert last <= 2.4 / 150


def test_ten_classes_take_the_digits_and_others_the_orthogonal_codes_with_a_note() -> None:
    assert torch.equal(zoo.create("lenet5").head.rbf.codes, digits())
    assert torch.equal(zoo.create("lenet5", codes="orthogonal").head.rbf.codes, orthogonal()[:10])
    assert torch.equal(zoo.create("lenet5", codes="digits", num_classes=4).head.rbf.codes, digits()[:4])
    network = zoo.create("lenet5", num_classes=100)
    assert torch.equal(network.head.rbf.codes, orthogonal()[:100])
    assert "100 classes" in network.notes[0]


def test_more_classes_than_codes_are_refused_with_their_number() -> None:
    with pytest.raises(DoesNotApply, match="168 orthogonal codes, not 169: use lenet5_modern"):
        zoo.create("lenet5", num_classes=169)
    with pytest.raises(DoesNotApply, match="10 digit codes, not 11: pass codes=orthogonal"):
        zoo.create("lenet5", num_classes=11, codes="digits")


@pytest.mark.parametrize("name", ["lenet1", "lenet5", "lenet5_modern"])
def test_pictures_of_16_are_taken_and_smaller_ones_refused_with_the_size(name: str) -> None:
    assert zoo.create(name, image_size=(16, 19))(torch.rand(2, 1, 16, 19)).shape == (2, 10)
    with pytest.raises(DoesNotApply, match=f"{name} takes pictures of 16 x 16 and more, not 15 x 32"):
        zoo.create(name, image_size=(15, 32))


def test_lenet1_squashes_its_outputs_unless_asked_not_to() -> None:
    images = 100 * torch.rand(2, 1, 28, 28)
    torch.manual_seed(0)
    published = zoo.create("lenet1")
    torch.manual_seed(0)
    linear = zoo.create("lenet1", output="linear")
    assert torch.allclose(published(images), 1.7159 * torch.tanh(2 / 3 * linear(images)), atol=1e-6)


@pytest.mark.parametrize(("pool", "kind"), [("max", nn.MaxPool2d), ("average", nn.AvgPool2d)])
def test_the_modern_form_takes_pooling_and_activation_by_name(pool: str, kind: type[nn.Module]) -> None:
    network = zoo.create("lenet5_modern", pool=pool, activation="tanh")
    assert isinstance(network.stages[1].s2, kind)
    assert isinstance(network.head.s4, kind)
    assert isinstance(network.head.act6, nn.Tanh)
    assert network.parameter_count() == 61_706


@pytest.mark.parametrize("name", ["lenet1", "lenet5", "lenet5_modern"])
def test_it_learns_a_batch_by_heart(name: str) -> None:
    torch.manual_seed(0)
    network = zoo.create(name, image_size=16, num_classes=4)
    images, labels = torch.rand(16, 1, 16, 16), torch.arange(16) % 4
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
    assert (network(images).argmax(1) == labels).all()


def test_c5_is_the_convolution_it_says_it_is_at_its_own_size_and_on_larger_maps() -> None:
    torch.manual_seed(0)
    layer = Covering(16, 120, (5, 5)).double()
    for height, width in ((5, 5), (5, 7), (9, 6)):
        maps = torch.randn(3, 16, height, width, dtype=torch.float64)
        expected = nn.functional.conv2d(maps, layer.weight, layer.bias)
        assert torch.allclose(layer(maps), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "size"), [("lenet1", 28), ("lenet5", 32), ("lenet5_modern", 32)])
def test_what_other_sizes_change_is_said(name: str, size: int) -> None:
    assert zoo.create(name).notes == ()
    (note,) = zoo.create(name, image_size=(size + 4, size)).notes
    side = 4 if name == "lenet1" else 5
    assert note.endswith(f"reads maps of {side + 1} x {side}; as published: {side} x {side}")
