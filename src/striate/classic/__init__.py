"""Classic pipelines by name: a hand-made description of each picture, then a classifier, as scikit-learn estimators."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from striate.core.catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from striate.classic.pipeline import Pipeline

__all__ = ["PIPELINES", "Pipeline", "Row", "create", "load"]


@dataclass(frozen=True)
class Row:
    """One pipeline.

    Args:
        module: the dotted path of the file whose `build` makes it.
        year: of the paper that it follows.
        image_size: the side in pixels that larger pictures, or of several sizes, are brought to in a run.
        title: what it is, in one line.
    """

    module: str
    year: int
    image_size: int
    title: str


_AT = "striate.classic."

# fmt: off
PIPELINES = Catalog("classic pipeline", {
    "color-linear": Row(_AT + "colors", 1991, 128, "two most frequent colors, color histogram, logistic regression"),
    "hog-svm": Row(_AT + "hog", 2005, 128, "histograms of oriented gradients, support vector machine"),
    "lbp-svm": Row(_AT + "lbp", 2002, 128, "local binary patterns on a grid, chi-squared map, support vector machine"),
    "pixels-svm": Row(_AT + "pixels", 1995, 32, "the pixels themselves, support vector machine"),
    "pixels-knn": Row(_AT + "pixels", 1967, 32, "the pixels themselves, nearest neighbors"),
    "eigen-svm": Row(_AT + "eigenpictures", 1991, 32, "principal components of the pixels, support vector machine"),
    "bof-svm": Row(_AT + "bag", 2004, 256, "bag of features: dense SIFT, 1,000 words, chi-squared map"),
    "spm-svm": Row(_AT + "spatial", 2006, 256, "spatial pyramid of dense SIFT, 200 words, intersection kernel"),
    "vlad-svm": Row(_AT + "vlad", 2010, 256, "dense root-SIFT, sums of differences to 64 words"),
    "fisher-svm": Row(_AT + "fisher", 2010, 256, "dense root-SIFT, Fisher vector of 64 Gaussians"),
})
# fmt: on


def create(name: str, *, seed: int = 0, **options: Any) -> Pipeline:
    """Return the pipeline `name`, not fitted yet.

    Its steps are `features`, perhaps some between, and `classifier`. `fit(images, labels)`, `predict`,
    `predict_proba` and `decision_function` take images uint8 (N, C, H, W), or a list of (C, H, W) arrays of several
    sizes, or rows of a store (`striate.classic.pictures.Stored`), which are read block by block. Scores and
    probabilities are (N, K) in the order of `classes_`; for two classes `decision_function` is (N,), as scikit-learn
    has it.

    Args:
        name: a row of `PIPELINES`.
        seed: settles every draw: of vocabularies, forests, and the pictures held out for calibration.
        options: parameters as scikit-learn names them, such as `features__step=4` or `classifier__estimator__C=1.0`;
            `get_params()` lists them. `classifier="forest"` takes another row of
            `striate.classic.classifiers.CLASSIFIERS`.

    Raises:
        UnknownName: no such pipeline, classifier or parameter; the nearest names are offered.
    """
    row = PIPELINES[name]
    from striate.classic.pipeline import with_options

    return with_options(import_module(row.module).build(name, seed=seed), seed, options)


def load(path: str | Path) -> Pipeline:
    """Read a fitted pipeline that its `save` wrote; its scores are the same, bit by bit.

    Raises:
        DataError: no such file, a damaged one, or one with parts that no pipeline of ours has.
    """
    from striate.classic.saving import read

    return read(path)
