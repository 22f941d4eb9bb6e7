"""Classifiers: scikit-learn's own battery, and what they must agree with."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import Perceptron
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from striate.classic.calibrated import Calibrated
from striate.classic.classifiers import CLASSIFIERS, Nearest, classifier
from striate.classic.kernel_svm import KernelSVM
from striate.classic.kernels import OF_HISTOGRAMS
from striate.classic.linear_svm import LinearSVM
from striate.classic.maps import IntersectionMap, RBFMap, chi_squared_map
from striate.core.errors import DoesNotApply, UnknownName


@pytest.fixture(scope="module")
def flowers():
    vectors, labels = load_iris(return_X_y=True)
    return vectors / vectors.sum(1, keepdims=True), np.array(["setosa", "versicolor", "virginica"])[labels]


@pytest.mark.parametrize(
    "estimator",
    [
        LinearSVM(),
        KernelSVM(),
        KernelSVM("intersection"),
        KernelSVM("chi-squared"),
        IntersectionMap(),
        RBFMap(20),
        Calibrated(LinearSVM()),
        Nearest(1, algorithm="brute"),
    ],
    ids=str,
)
def test_classifiers_and_maps_are_scikit_learns_estimators(estimator):
    of_histograms = {"check_class_weight_classifiers": "it feeds negative values to what is said to take none"}
    expected = of_histograms if getattr(estimator, "kernel", "") in OF_HISTOGRAMS else {}
    results = check_estimator(estimator, expected_failed_checks=expected, on_skip=None)
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(expected)


def test_too_few_vectors_for_the_neighbors_are_refused_with_the_remedy(flowers):
    vectors, labels = flowers
    few = np.array([0, 1, 50, 51, 100, 101])
    with pytest.raises(DoesNotApply, match=r"5 nearest neighbors among 4 vectors, .* set n_neighbors lower"):
        classifier("nearest", seed=0).fit(vectors[few][:4], labels[few][:4])
    fitted = classifier("nearest", seed=0).set_params(estimator__n_neighbors=1).fit(vectors[few], labels[few])
    assert fitted.score(vectors[few], labels[few]) == 1


def test_a_share_to_hold_out_is_between_0_and_1(flowers):
    with pytest.raises(ValueError, match="holdout = 5: it is the share"):
        classifier("logistic", seed=0).set_params(holdout=5).fit(*flowers)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_each_classifier_answers_with_scores_and_probabilities(name, flowers):
    vectors, labels = flowers
    fitted = classifier(name, seed=0).fit(vectors, labels)
    scores, probabilities = fitted.decision_function(vectors), fitted.predict_proba(vectors)
    assert scores.shape == probabilities.shape == (150, 3)
    np.testing.assert_array_equal(fitted.classes_[scores.argmax(1)], fitted.predict(vectors))
    assert fitted.score(vectors, labels) > 0.6
    two = np.flatnonzero(labels != "setosa")
    of_two = classifier(name, seed=0).fit(vectors[two], labels[two])
    assert of_two.decision_function(vectors).shape == (150,)
    np.testing.assert_array_equal(
        of_two.predict(vectors), of_two.classes_[(of_two.decision_function(vectors) > 0).astype(int)]
    )


@pytest.mark.parametrize(("count", "length"), [(150, 4), (12, 40)])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_the_linear_machine_is_liblinears(count, length, kind):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    vectors = (rng.normal(size=(count, length)) + 2 * np.eye(length)[labels]).astype(kind)
    weights = {0: 1.0, 1: 2.0, 2: 0.5}
    ours = LinearSVM(C=0.1, class_weight=weights, tol=1e-8).fit(vectors, labels)
    theirs = LinearSVC(C=0.1, intercept_scaling=300, tol=1e-9, max_iter=50_000, dual=False)
    theirs.fit(vectors.astype(np.float64), labels, [weights[label] for label in labels])
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)
    np.testing.assert_allclose(ours.decision_function(vectors), theirs.decision_function(vectors), atol=5e-3)


def test_the_kernel_machine_is_libsvms_on_its_support_vectors_alone(flowers):
    vectors, labels = flowers
    ours = KernelSVM("rbf", C=2.0, gamma=30.0).fit(vectors, labels)
    theirs = SVC(kernel="rbf", C=2.0, gamma=30.0).fit(vectors, labels)
    assert len(ours.support_vectors_) < len(vectors)
    np.testing.assert_allclose(ours.decision_function(vectors), theirs.decision_function(vectors), atol=1e-2)


def test_a_kernel_that_memory_cannot_hold_is_refused_before_it_is_computed():
    with pytest.raises(DoesNotApply, match="explicit map"):
        KernelSVM("chi-squared").fit(np.zeros((17_000, 1)), np.arange(17_000) % 2)
    with pytest.raises(UnknownName, match="chi-squared"):
        KernelSVM("chi-square").fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize("kernel", ["linear", "rbf", "intersection"])
def test_many_vectors_take_an_explicit_map_that_answers_alike(kernel, flowers):
    exact, mapped = (KernelSVM(kernel, C=100.0, exact_up_to=most).fit(*flowers) for most in (150, 149))
    assert mapped.explicit_
    assert not exact.explicit_
    assert (exact.predict(flowers[0]) == mapped.predict(flowers[0])).mean() > 0.95


def test_the_products_of_mapped_vectors_are_nearly_the_kernel():
    rng = np.random.default_rng(1)
    a, b = rng.dirichlet(np.ones(8), 2)
    mapped = IntersectionMap(order=60, interval=0.2).fit_transform(np.stack([a, b]))
    assert mapped[0] @ mapped[1] == pytest.approx(np.minimum(a, b).sum(), rel=0.03)
    assert not IntersectionMap().fit_transform(np.zeros((2, 3))).any()
    mapped = chi_squared_map().fit_transform(np.stack([a, b]))
    assert mapped[0] @ mapped[1] == pytest.approx((2 * a * b / (a + b)).sum(), rel=0.03)


def test_a_temperature_makes_the_probabilities_as_sure_as_the_answers_are_right():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 4000)
    vectors = labels[:, None] + rng.normal(size=(4000, 1)) * 1.0
    fitted = Calibrated(LinearSVM()).fit(vectors[:2000], labels[:2000])
    sure = fitted.predict_proba(vectors[2000:]).max(1)
    right = fitted.predict(vectors[2000:]) == labels[2000:]
    assert sure.mean() == pytest.approx(right.mean(), abs=0.03)
    assert (sure.mean() - right.mean()) ** 2 < (0.5 - right.mean()) ** 2


def test_a_class_that_is_worth_more_is_answered_more_often(flowers):
    vectors, labels = flowers
    for machine in (LinearSVM, KernelSVM):
        plain, weighted = (
            machine(C=0.5, class_weight=w).fit(vectors, labels).predict(vectors) for w in (None, {"virginica": 20.0})
        )
        assert (weighted == "virginica").sum() > (plain == "virginica").sum()


def test_votes_count_as_scores_where_a_classifier_has_none(flowers):
    fitted = Calibrated(KNeighborsClassifier(3)).fit(*flowers)
    assert fitted.score(*flowers) > 0.9
    assert Calibrated(Perceptron()).fit(*flowers).temperature_ > 0


def test_too_few_pictures_to_hold_any_out_leave_the_scores_as_they_are():
    assert Calibrated(LinearSVM()).fit(np.eye(3), [0, 1, 2]).temperature_ == 1


def test_a_class_with_one_picture_leaves_the_others_calibrated(flowers):
    vectors, labels = flowers
    some = np.concatenate([np.arange(100), [140]])
    fitted = Calibrated(LinearSVM()).fit(vectors[some], labels[some])
    assert list(fitted.classes_) == ["setosa", "versicolor", "virginica"]
    assert fitted.temperature_ != 1
    assert np.isfinite(fitted.predict_proba(vectors)).all()


@pytest.mark.parametrize(("kind", "apart"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_the_map_of_the_rbf_kernel_is_scikit_learns(kind, apart):
    vectors = np.random.default_rng(4).random((60, 9)).astype(kind)
    fitted = RBFMap(20).fit(vectors)
    np.testing.assert_allclose(fitted.transform(vectors), fitted.map_.transform(vectors), atol=apart)
