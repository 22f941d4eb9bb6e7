import pytest

from striate.core.errors import StriateError, UnknownName
from striate.zoo.catalog import MODELS
from striate.zoo.choosing import ORDERS, choose, made_for, of_family, saying


def test_without_conditions_all_are_chosen_in_the_catalog_s_order():
    assert [row.name for row in choose({})] == list(MODELS)


def test_a_row_must_meet_all_conditions():
    found = choose({"--family vgg": of_family("vgg"), "--depth": lambda row: row.depth == 16})
    assert {row.name for row in found} == {"vgg16", "vgg16_c", "vgg16_bn"}


def test_where_nothing_fits_each_condition_says_how_many_fit_it():
    conditions = {"--year 2012": lambda row: row.year == 2012, "--family lenet": of_family("lenet")}
    with pytest.raises(StriateError, match=r"fits --year 2012 \(2 fit it\) and --family lenet \(3 fit it\)"):
        choose(conditions)


def test_an_unknown_family_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="no family of models named 'resnets': did you mean"):
        of_family("resnets")


def test_a_span_of_sizes_holds_for_height_and_width():
    assert made_for((30, 32))(MODELS["alvinn"])  # 30 x 32
    assert not made_for((32, 32))(MODELS["alvinn"])


def test_words_are_looked_for_in_the_row_and_in_its_family_s_description():
    assert saying("Rosenblatt")(MODELS["perceptron"])
    assert saying("correction he")(MODELS["resnet50"])  # "Each block learns a correction"; "ResNet: He, ..."
    assert not saying("correction Rosenblatt")(MODELS["resnet50"])


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_sorts_the_whole_catalog(order):
    values = [ORDERS[order](row) for row in sorted(MODELS.values(), key=ORDERS[order])]
    assert values == sorted(values)
    assert values[0] < values[-1]
