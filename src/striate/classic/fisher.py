"""Fisher vectors: Perronnin and Dance, 2007; Perronnin, Sanchez and Mensink, 2010.

https://doi.org/10.1007/978-3-642-15561-1_11. How a mixture of Gaussians, fitted to the vectors of all pictures, would
change to fit those of one. Equal to scikit-image's `fisher_vector`, many pictures at once.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from striate.classic.classifiers import classifier
from striate.classic.dense_sift import DenseSIFT
from striate.classic.encoded import Encoded
from striate.classic.encoding import Encoding, powered
from striate.classic.pipeline import Pipeline
from striate.classic.product import product
from striate.core.errors import RecipeError

_LEAST = 1e-3  # of the mean variance: no Gaussian is narrower, as on blank patches, which are all the same


class Fisher(Encoding):
    """The gradient of the vectors' likelihood by weights, means and variances, in units of its deviation.

    Args:
        components: Gaussians of the mixture, with diagonal covariances.
        power: of each number, signed, before the code gets length 1; None leaves the code as it is.
        seed: of the mixture.
    """

    def __init__(self, components: int = 64, *, power: float | None = 0.5, seed: int = 0) -> None:
        self.components, self.power, self.seed = components, power, seed

    def _learn(self, vectors: NDArray[Any]) -> None:
        if self.components < 1:
            raise RecipeError(f"components = {self.components}: a mixture has at least 1 Gaussian")
        vectors = vectors.astype(np.float64)  # in float32 the variance of a narrow Gaussian can come out negative
        mixture = GaussianMixture(
            min(self.components, len(vectors)),
            covariance_type="diag",
            reg_covar=max(_LEAST * float(vectors.var(0).mean()), 1e-12),
            max_iter=50,
            tol=1e-2,
            random_state=self.seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 50 steps do as well for codes as all that it takes
            mixture.fit(vectors)
        self.weights_, self.means_, self.variances_ = mixture.weights_, mixture.means_, mixture.covariances_

    def posteriors(self, vectors: NDArray[Any]) -> NDArray[Any]:
        """Return (T, K): the probability that each Gaussian made the vector."""
        precisions = 1 / self.variances_
        constant = np.log(self.weights_) + 0.5 * np.log(precisions).sum(1) - 0.5 * (self.means_**2 * precisions).sum(1)
        kind = vectors.dtype
        logarithms = product(vectors, (self.means_ * precisions).T.astype(kind))
        logarithms -= product(vectors**2, (0.5 * precisions).T.astype(kind))
        return softmax(logarithms + constant.astype(kind), axis=1)  # type: ignore[no-any-return]

    def sums(self, sets: NDArray[Any]) -> NDArray[Any]:
        """Return (n, K * (1 + 2 D)): posteriors, and vectors and their squares weighted by them, summed up."""
        count, many, length = sets.shape
        posteriors = self.posteriors(sets.reshape(-1, length)).reshape(count, many, len(self.weights_))
        posteriors = posteriors.transpose(0, 2, 1)
        parts = (posteriors.sum(2), product(posteriors, sets), product(posteriors, sets**2))
        return np.concatenate([part.reshape(count, -1) for part in parts], 1)

    def code(self, sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:
        """Return the gradients (n, K + 2 K D) by weights, means and variances; equations 16 to 18 of the review.

        The last have scikit-image's sign, which is not the review's; a linear classifier learns either.

        The review: Sanchez, Perronnin, Mensink and Verbeek, 2013. https://doi.org/10.1007/s11263-013-0636-x
        """
        kind, total = sums.dtype, len(self.weights_)
        weights, means, variances = (x.astype(kind) for x in (self.weights_, self.means_, self.variances_))
        shares = sums / np.maximum(counts, 1).astype(kind)[:, None]
        zeroth = shares[:, :total, None]
        first, second = shares[:, total:].reshape(len(sums), 2, *means.shape).transpose(1, 0, 2, 3)
        by_weight = (zeroth[..., 0] - weights) / np.sqrt(weights)
        by_mean = (first - zeroth * means) / np.sqrt(weights[:, None] * variances)
        centered = second - 2 * first * means + zeroth * (means**2 - variances)
        by_variance = -centered / (np.sqrt(2 * weights[:, None]) * variances)
        code = np.concatenate([part.reshape(len(sums), -1) for part in (by_weight, by_mean, by_variance)], 1)
        code[counts == 0] = 0
        return code if self.power is None else powered(code, self.power)


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `fisher-svm`: dense root-SIFT, 64 Gaussians, a linear support vector machine."""
    features = Encoded(DenseSIFT(), Fisher(64, seed=seed), components=64, with_places=True, levels=(1, 2), seed=seed)
    return Pipeline.of(("features", features), ("classifier", classifier("linear-svm", seed=seed)))
