"""The multiply-accumulates of a classic pipeline are those that it does for one picture."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from striate.classic import PIPELINES, create
from striate.classic.arithmetic import _Products, multiply_accumulates
from striate.classic.bag import BagOfFeatures
from striate.classic.classifiers import classifier
from striate.classic.dense_sift import DenseSIFT, dense_sift, smoothed
from striate.classic.encoded import Encoded
from striate.classic.interest import InterestSIFT
from striate.classic.pipeline import Pipeline

COUNT, SIDE, CLASSES = 40, 32, 3
VALUES = 3 * SIDE**2
LABELS = np.arange(COUNT) % CLASSES
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 3, SIDE, SIDE)).astype(np.uint8)


def rbf_map(length):
    """Every one of the vectors stands for all: distances to them, their mixture, a linear machine."""
    return COUNT * length + COUNT**2 + CLASSES * COUNT


def counted(name, **options):
    return multiply_accumulates(create(name, **options).fit(IMAGES, LABELS), IMAGES.shape[1:])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("color-linear", CLASSES * (2 * 4 + 4**3)),
        ("lbp-svm", 2 * 8 * 4 * SIDE**2 + CLASSES * 3 * (2 * 16 * 59)),  # between 4 pixels; three numbers of the map
        ("pixels-svm", rbf_map(VALUES)),
        ("pixels-knn", COUNT * VALUES),
        ("eigen-svm", (COUNT - 1) * VALUES + rbf_map(COUNT - 1)),
        ("hog-svm", 18 * 8 * SIDE * (SIDE + 8) + rbf_map(7 * 7 * 4 * 18)),  # 8 rows of cells, then 8 columns
    ],
)
def test_counted_by_hand(name, expected):
    assert counted(name) == expected


def test_every_further_word_is_held_against_every_vector():
    pipeline = create("bof-svm", features__encoding__words=60).fit(IMAGES, LABELS)
    vectors = next(pipeline.steps[0][1].local_.describe(IMAGES[:1])).vectors.shape[1]
    more = counted("bof-svm", features__encoding__words=100) - counted("bof-svm", features__encoding__words=60)
    assert more == 40 * (vectors * 128 + 3 * CLASSES)


def test_products_are_what_torch_counts_as_two_operations():
    pixels = torch.rand(2, 40, 33)
    with FlopCounterMode(display=False) as operations:
        dense_sift(pixels, 3, 2)
    with _Products() as products:
        dense_sift(pixels, 3, 2)
    assert 2 * products.count == operations.get_total_flops() > 0


def test_a_filter_multiplies_once_for_each_neighbor_that_it_adds():
    neighbors = 2 * 5  # three deviations of 1.58 to either side, which cells of 10 pixels ask for
    with _Products() as products:
        smoothed(torch.rand(1, 20, 20), 10)
    assert products.count == neighbors * 20 * (30 + 20)  # the rows of a picture with a margin of 5, then the columns


@pytest.mark.parametrize("name", list(PIPELINES))
def test_all_pipelines_are_counted(name):
    found = counted(name)
    assert found is not None
    assert found > 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, CLASSES * 64) for name in ("perceptron", "logistic", "linear-svm", "nearest-mean")),
        *((name, 3 * CLASSES * 64) for name in ("chi-squared-map-svm", "intersection-map-svm")),
        ("nearest", COUNT * 64),
        ("forest", 0),
    ],
)
def test_classifiers_counted_by_hand(name, expected):
    images = IMAGES[:, :1, :8, :8]
    pipeline = create("pixels-svm", classifier=name).fit(images, LABELS)
    assert multiply_accumulates(pipeline, (1, 8, 8)) == expected


@pytest.mark.parametrize("name", ["rbf-svm", "chi-squared-svm", "intersection-svm"])
def test_an_exact_kernel_is_held_against_the_support_vectors(name):
    images = IMAGES[:, :1, :8, :8]
    pipeline = create("pixels-svm", classifier=name).fit(images, LABELS)
    machine = pipeline.steps[-1][1].estimator_
    assert multiply_accumulates(pipeline, (1, 8, 8)) == len(machine.support_vectors_) * (64 + CLASSES - 1)
    pipeline = create("pixels-svm", classifier=name, classifier__estimator__exact_up_to=10)
    if name != "chi-squared-svm":  # which has no map here
        assert multiply_accumulates(pipeline.fit(images, LABELS), (1, 8, 8)) > 0


def test_what_nobody_counts_has_no_number():
    features = Encoded(InterestSIFT(), BagOfFeatures(5))
    pipeline = Pipeline.of(("features", features), ("classifier", classifier("linear-svm", seed=0)))
    assert multiply_accumulates(pipeline.fit(IMAGES, LABELS), IMAGES.shape[1:]) is None
    pipeline = create("pixels-knn", classifier__estimator__algorithm="kd_tree").fit(IMAGES, LABELS)
    assert multiply_accumulates(pipeline, IMAGES.shape[1:]) is None


def test_what_is_left_out_of_a_union_counts_nothing_and_what_auto_becomes_is_seen():
    assert counted("color-linear", features__frequent="drop") == CLASSES * 4**3
    assert counted("pixels-knn", classifier__estimator__algorithm="auto") == COUNT * VALUES


def test_a_description_alone_counts_as_in_a_pipeline():
    alone = Pipeline.of(("features", DenseSIFT())).fit(IMAGES, LABELS)
    assert 0 < multiply_accumulates(alone, IMAGES.shape[1:]) < counted("bof-svm")
