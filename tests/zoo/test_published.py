import subprocess
import sys

import pytest

from striate.zoo.catalog import MODELS
from striate.zoo.published import DATA, PROTOCOLS, PUBLISHED, TRAININGS, Result

EVERY = [(name, result) for name, results in PUBLISHED.items() for result in results]


def test_results_are_those_of_models():
    assert set(PUBLISHED) <= set(MODELS)
    assert len(PUBLISHED) > 50


@pytest.mark.parametrize(("name", "result"), EVERY, ids=[f"{name}-{number}" for number, (name, _) in enumerate(EVERY)])
def test_no_number_stands_without_data_protocol_training_and_source(name, result):
    assert result.data in DATA
    assert result.protocol in PROTOCOLS
    assert result.training in TRAININGS
    assert result.source
    errors = [error for error in (result.top1_error, result.top5_error) if error is not None]
    assert errors
    assert all(0 < error < 100 for error in errors)
    assert errors == sorted(errors, reverse=True)  # top-5 forgives more than top-1


@pytest.mark.parametrize(("name", "result"), EVERY, ids=[f"{name}-{number}" for number, (name, _) in enumerate(EVERY)])
def test_data_fit_the_pictures_of_the_network(name, result):
    sides = {"MNIST": (28, 32), "CIFAR-10": (32, 32), "CIFAR-100": (32, 32)}.get(result.data, (221, 299))
    assert all(sides[0] <= side <= sides[1] for side in MODELS[name].image_size)


def test_nothing_is_listed_twice():
    measured = [(name, r.data, r.protocol, r.training, r.source) for name, r in EVERY]
    assert len(measured) == len(set(measured))


def test_every_protocol_training_and_data_set_is_used():
    results = [result for _, result in EVERY]
    assert {result.protocol for result in results} == set(PROTOCOLS)
    assert {result.training for result in results} == set(TRAININGS)
    assert {result.data for result in results} == set(DATA)


def test_one_protocol_orders_the_networks_as_their_papers_do():
    crop = {
        name: r.top1_error for name, r in EVERY if (r.data, r.protocol, r.training) == ("ImageNet", "1 crop", "paper")
    }
    assert crop["densenet264"] < crop["densenet201"] < crop["densenet169"] < crop["densenet121"] < crop["squeezenet1_0"]


def test_more_crops_never_hurt():
    for name in ("googlenet", "densenet121", "densenet264", "resnet50_v1"):
        by_protocol = {result.protocol: result for result in reversed(PUBLISHED[name])}
        one, ten = by_protocol["1 crop"], by_protocol["10 crops"]
        assert ten.top5_error < one.top5_error


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Result("MNIST", 0.95, None, "1 view", "paper", "there"), "MNIST 0.95, 1 view"),
        (Result("MNIST", 12.0, None, "1 view", "paper", "there"), "MNIST 12.0, 1 view"),
        (Result("ImageNet", None, 10.07, "1 crop", "paper", "there"), "ImageNet -/10.1, 1 crop"),
        (Result("ImageNet", 41.822, 8.0, "1 crop", "torchvision", "there"), "ImageNet 41.8/8.0, 1 crop (torchvision)"),
    ],
)
def test_a_result_in_brief_keeps_three_digits_and_says_whose_training_it_was(result, said):
    assert result.brief() == said


def test_results_import_no_torch():
    code = "import sys, striate.zoo.published, striate.zoo.choosing; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
