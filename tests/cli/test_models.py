import json

import pytest

from striate.classic import PIPELINES
from striate.zoo.catalog import MODELS
from striate.zoo.published import PUBLISHED


def names(outcome):
    return [line.split()[0] for line in outcome.output.splitlines()[1:]]


def test_every_model_is_a_line_that_fits_100_columns(call):
    networks, pipelines = call("models").output.split("\n\n")
    lines = networks.splitlines()
    assert len(lines) == len(MODELS) + 1
    assert len(pipelines.splitlines()) == len(PIPELINES) + 2
    assert max(map(len, lines)) <= 100
    vgg16 = next(line for line in lines if line.startswith("vgg16 "))
    assert " ".join(vgg16.split()) == "vgg16 2014 138M 15.5G 16 3x224x224 ImageNet 25.6/8.1, dense"


def test_a_model_without_a_published_error_has_none(call):
    line = next(line for line in call("models").output.splitlines() if line.startswith("alvinn "))
    assert line.split() == ["alvinn", "1991", "4.99k", "4.95k", "2", "1x30x32"]


def test_parameters_and_year_are_bounds_that_hold_together(call):
    chosen = names(call("models", "--max-params", "5M", "--year", "2015"))
    assert "resnet56" in chosen
    assert "resnet18" not in chosen  # too large
    assert "squeezenet1_0" not in chosen  # too late
    assert chosen == [row.name for row in MODELS.values() if row.parameters <= 5_000_000 and row.year == 2015]


def test_spans_of_years_and_sizes_include_their_ends(call):
    chosen = names(call("models", "--year", "2013-2014", "--image-size", "221-224"))
    assert {"zfnet", "overfeat_accurate", "vgg16"} <= set(chosen)
    assert not {"overfeat_fast", "nin_imagenet", "mlp"} & set(chosen)


def test_macs_and_family_choose_and_an_order_sorts(call):
    chosen = names(call("models", "--family", "resnet", "--max-macs", "4G", "--sort", "macs"))
    assert chosen == ["plain18", "resnet18", "plain34", "resnet34", "resnet50_v1"]


def test_all_words_must_stand_in_the_description(call):
    assert names(call("models", "--search", "ROSENBLATT zero")) == ["perceptron"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--max-params", "5k", "--year", "2015"), "fits --year 2015 ("),
        (("--max-params", "5Q"), "'5Q' is no count: write it as 5000000, 5M, 4.1G or 300k"),
        (("--year", "2016-2014"), "write it as 2015 or 2014-2016"),
        (("--family", "lenets"), "no family of models named 'lenets': did you mean lenet"),
        (("--sort", "depths"), "no order named 'depths': did you mean depth?"),
    ],
)
def test_what_chooses_nothing_or_means_nothing_is_refused_with_the_remedy(call, arguments, said):
    outcome = call("models", *arguments)
    assert outcome.status == 2
    assert said in outcome.errors
    assert outcome.output == ""


def test_json_has_every_row_with_the_fields_that_the_design_names_and_its_results(call):
    rows = json.loads(call("models", "--json").output)
    assert [row["name"] for row in rows] == [*MODELS, *PIPELINES]
    assert {"name", "family", "year", "parameters", "macs", "depth", "image_size", "results"} <= set(rows[0])
    googlenet = next(row for row in rows if row["name"] == "googlenet")
    assert len(googlenet["results"]) == len(PUBLISHED["googlenet"])
    assert googlenet["results"][0] == {
        "data": "ImageNet",
        "top1_error": None,
        "top5_error": 10.07,
        "protocol": "1 crop",
        "training": "paper",
        "source": "paper, Table 3",
    }


def test_json_has_pipelines_with_the_fields_of_networks_and_null_where_nobody_counts(call):
    rows = json.loads(call("models", "--json").output)
    assert {frozenset(row) for row in rows} == {frozenset(rows[0])}
    hog = next(row for row in rows if row["name"] == "hog-svm")
    assert (hog["family"], hog["year"], hog["parameters"], hog["image_size"]) == ("classic", 2005, None, [128, 128])
    filtered = json.loads(call("models", "--year", "1998", "--json").output)
    assert {row["family"] for row in filtered} == {row.family for row in MODELS.values() if row.year == 1998}


def test_the_classic_family_is_listed_alone_and_without_filters(call):
    assert names(call("models", "--family", "classic")) == list(PIPELINES)
    assert [row["name"] for row in json.loads(call("models", "--family", "classic", "--json").output)] == list(
        PIPELINES
    )
    outcome = call("models", "--family", "classic", "--year", "2005", "--sort", "name")
    assert outcome.status == 2
    assert "leave out --year 2005, --sort" in outcome.errors
