"""Classifiers by name, each with decision scores and calibrated probabilities; scikit-learn's where it has them."""

from collections.abc import Callable
from typing import Any, Self

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline

from striate.classic.calibrated import Calibrated
from striate.classic.kernel_svm import KernelSVM
from striate.classic.linear_svm import LinearSVM
from striate.classic.maps import IntersectionMap, RBFMap, chi_squared_map
from striate.core.catalog import Catalog
from striate.core.errors import DoesNotApply


class TooFew(DoesNotApply, ValueError):
    """Fewer vectors than a classifier needs; also what scikit-learn raises then."""


class Nearest(KNeighborsClassifier):  # type: ignore[misc]
    """scikit-learn's, which refuses too few vectors when it is fitted, and not only when it is asked."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's own)
        """Keep the vectors (N, D) and their labels (N,)."""
        super().fit(X, y)
        count = self.n_samples_fit_
        if count < self.n_neighbors:
            raise TooFew(
                f"{self.n_neighbors} nearest neighbors among {count} vectors, as some are held out for calibration: "
                f"take more pictures (here n_samples = {count}), or set n_neighbors lower"
            )
        return self


# nearest: by brute force, as trees of neighbors do not help in so many dimensions, and no file of ours may hold them
CLASSIFIERS: Catalog[Callable[[int], Any]] = Catalog(
    "classifier",
    {
        "perceptron": lambda seed: Perceptron(random_state=seed),
        "logistic": lambda _: LogisticRegression(max_iter=500),
        "linear-svm": lambda _: LinearSVM(),
        "rbf-svm": lambda _: KernelSVM("rbf"),
        "chi-squared-svm": lambda _: KernelSVM("chi-squared"),
        "intersection-svm": lambda _: KernelSVM("intersection", C=1.0),
        "rbf-map-svm": lambda seed: make_pipeline(RBFMap(seed=seed), LinearSVM(5.0)),
        "chi-squared-map-svm": lambda _: make_pipeline(chi_squared_map(), LinearSVM()),
        "intersection-map-svm": lambda _: make_pipeline(IntersectionMap(), LinearSVM()),
        "forest": lambda seed: RandomForestClassifier(300, n_jobs=-1, random_state=seed),
        "nearest": lambda _: Nearest(5, algorithm="brute"),
        "nearest-mean": lambda _: NearestCentroid(),
    },
)


def classifier(name: str, *, seed: int) -> Calibrated:
    """Return the classifier `name`, not fitted yet; its own parameters begin with `estimator__`.

    Raises:
        UnknownName: no such classifier; the nearest names are offered.
    """
    return Calibrated(CLASSIFIERS[name](seed), seed=seed)
