"""Codes of sets of vectors, against plain loops and scikit-image."""

import numpy as np
import pytest
from skimage.feature import fisher_vector
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from striate import classic
from striate.classic.bag import BagOfFeatures
from striate.classic.classifiers import classifier
from striate.classic.dense_sift import DenseSIFT
from striate.classic.encoded import Encoded
from striate.classic.fisher import Fisher
from striate.classic.pipeline import Pipeline
from striate.classic.vlad import VLAD
from striate.core.errors import UnknownName


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(3)
    return rng.normal(size=(400, 6)) + 3 * rng.integers(0, 3, (400, 1))


@pytest.fixture(scope="module")
def sets(vectors):
    return vectors[:120].reshape(6, 20, 6)


@pytest.mark.parametrize(
    "encoding",
    [BagOfFeatures(4), BagOfFeatures(4, "soft"), BagOfFeatures(4, "localized", neighbors=2), VLAD(3), Fisher(3)],
    ids=str,
)
def test_encodings_are_scikit_learns_estimators(encoding):
    check_estimator(encoding, on_skip=None)


@pytest.mark.parametrize("encoding", [BagOfFeatures(4), BagOfFeatures(4, "soft"), VLAD(3), Fisher(3)], ids=str)
@pytest.mark.parametrize(("learned", "asked"), [(np.float64, np.float32), (np.float32, np.float64)])
def test_vectors_of_another_type_than_was_learned_from_get_the_same_codes(encoding, vectors, learned, asked):
    fitted = encoding.fit(vectors.astype(learned))
    codes = fitted.transform(vectors.astype(asked))
    assert codes.dtype == asked
    np.testing.assert_allclose(codes, fitted.transform(vectors.astype(learned)), atol=1e-3)


@pytest.mark.parametrize("power", [None, 0.5])
def test_fisher_vectors_are_scikit_images(vectors, sets, power):
    fisher = Fisher(4, power=power).fit(vectors)
    mixture = GaussianMixture(4, covariance_type="diag")
    mixture.weights_, mixture.means_, mixture.covariances_ = fisher.weights_, fisher.means_, fisher.variances_
    mixture.precisions_cholesky_ = 1 / np.sqrt(fisher.variances_)
    expected = [fisher_vector(one, mixture, improved=power is not None, alpha=0.5) for one in sets]
    np.testing.assert_allclose(fisher.encode(sets), expected, rtol=1e-6, atol=1e-6)


def test_fisher_vectors_in_float32_differ_by_rounding_only(vectors, sets):
    fisher = Fisher(4).fit(vectors)
    np.testing.assert_allclose(fisher.encode(sets.astype(np.float32)), fisher.encode(sets), atol=1e-3)


def test_the_mean_of_the_gradients_over_what_a_mixture_was_fitted_to_is_zero(vectors):
    fisher = Fisher(1, power=None).fit(vectors)
    np.testing.assert_allclose(fisher.encode(vectors[None]), 0, atol=1e-3)  # its variances have a floor


def test_vlad_is_a_loop_over_vectors_and_words(vectors, sets):
    vlad = VLAD(5, power=1).fit(vectors)
    for one, code in zip(sets, vlad.encode(sets), strict=True):
        sums = np.zeros_like(vlad.words_)
        for vector in one:
            word = np.argmin([np.sum((vector - w) ** 2) for w in vlad.words_])
            sums[word] += vector - vlad.words_[word]
        np.testing.assert_allclose(code, sums.ravel() / np.linalg.norm(sums), atol=1e-6)


def test_each_words_part_of_intra_normalized_vlad_counts_alike(vectors, sets):
    parts = VLAD(2, power=1, intra=True).fit(vectors).encode(sets).reshape(6, 2, 6)
    lengths = np.linalg.norm(parts, axis=2)
    np.testing.assert_allclose(np.linalg.norm(lengths, axis=1), 1)
    for both in lengths[(lengths > 0).all(1)]:
        np.testing.assert_allclose(both, 0.5**0.5)


def test_a_bag_is_a_loop_over_vectors_and_words(vectors, sets):
    bag = BagOfFeatures(7).fit(vectors)
    for one, code in zip(sets, bag.encode(sets), strict=True):
        counts = np.zeros(7)
        for vector in one:
            counts[np.argmin([np.sum((vector - w) ** 2) for w in bag.words_])] += 1
        np.testing.assert_allclose(code, counts / 20, atol=1e-12)


@pytest.mark.parametrize(("assignment", "neighbors"), [("soft", 7), ("localized", 3)])
def test_soft_assignment_is_a_loop_too(vectors, sets, assignment, neighbors):
    bag = BagOfFeatures(7, assignment, neighbors=neighbors).fit(vectors)
    for one, code in zip(sets, bag.encode(sets), strict=True):
        expected = np.zeros(7)
        for vector in one:
            distances = np.array([np.sum((vector - w) ** 2) for w in bag.words_])
            weights = np.exp(-distances / (2 * bag.variance_))
            weights[np.argsort(distances)[neighbors:]] = 0
            expected += weights / weights.sum() / 20
        np.testing.assert_allclose(code, expected, atol=1e-6)


def test_counts_go_through_scikit_learns_tf_idf(vectors):
    coded = make_pipeline(BagOfFeatures(5, counts=True), TfidfTransformer()).fit_transform(vectors)
    np.testing.assert_allclose(np.linalg.norm(coded.toarray(), axis=1), 1)


def test_tf_idf_is_a_step_of_a_pipeline_that_is_saved(pictures, tmp_path):
    features = Encoded(DenseSIFT(), BagOfFeatures(6, counts=True))
    made = Pipeline.of(
        ("features", features), ("weights", TfidfTransformer()), ("classifier", classifier("linear-svm", seed=0))
    )
    probabilities = made.fit(pictures, np.arange(6) % 2).predict_proba(pictures)
    made.save(tmp_path / "it.skops")
    np.testing.assert_array_equal(classic.load(tmp_path / "it.skops").predict_proba(pictures), probabilities)


@pytest.mark.parametrize("encoding", [BagOfFeatures(4), VLAD(3), Fisher(3)], ids=str)
def test_a_set_without_vectors_is_zeros(encoding, vectors):
    assert not encoding.fit(vectors).encode(np.zeros((2, 0, 6))).any()


def test_an_unknown_assignment_offers_the_nearest(vectors):
    with pytest.raises(UnknownName, match="localized"):
        BagOfFeatures(3, "localised").fit(vectors)
