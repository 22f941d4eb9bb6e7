"""Fitted pipelines in files, through skops: no pickle, and only types from a fixed list, never from the file's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.base import BaseEstimator
from sklearn.tree._tree import TREE_LEAF, Tree
from skops.io.exceptions import UntrustedTypesFoundException

from striate.classic.pipeline import Pipeline
from striate.core.errors import DataError, DoesNotApply
from striate.core.files import whole_file

_OURS = (
    "bag.BagOfFeatures",
    "calibrated.Calibrated",
    "classifiers.Nearest",
    "colors.ColorHistogram",
    "colors.FrequentColors",
    "dense_sift.DenseSIFT",
    "eigenpictures.Eigenpictures",
    "encoded.Encoded",
    "fisher.Fisher",
    "gist.Gist",
    "hog.HOG",
    "interest.InterestSIFT",
    "kernel_svm.KernelSVM",
    "lbp.LBP",
    "linear_svm.LinearSVM",
    "maps.IntersectionMap",
    "maps.RBFMap",
    "pipeline.Pipeline",
    "pixels.Pixels",
    "pyramids.Pyramid",
    "vlad.VLAD",
)
_TREE = "sklearn.tree._tree.Tree"  # of forests: arrays of nodes, which `_sound` looks at
TRUSTED = (*(f"striate.classic.{name}" for name in _OURS), _TREE)  # beside the estimators that skops trusts itself


def write(pipeline: Pipeline, path: str | Path) -> None:
    """Write the fitted pipeline to the file `path`, whole.

    Raises:
        DoesNotApply: a part is of a type that is not in `TRUSTED`.
    """
    with whole_file(Path(path)) as beside:
        skops.io.dump(pipeline, beside)
        foreign = set(skops.io.get_untrusted_types(file=beside)) - set(TRUSTED)
        if foreign:
            raise DoesNotApply(
                f"a pipeline with {', '.join(sorted(foreign))} cannot be saved, as no file with it is read again: "
                "take steps of striate.classic and scikit-learn"
            )


def read(path: str | Path) -> Pipeline:
    """Read what `write` wrote.

    Raises:
        DataError: no such file, a damaged one, or one with types that are not in `TRUSTED`.
    """
    try:
        found = skops.io.load(path, trusted=list(TRUSTED))
    except FileNotFoundError:
        raise DataError(f"no file {path}: `save` of a fitted pipeline writes one") from None
    except UntrustedTypesFoundException as error:
        raise DataError(f"{path} holds types that no pipeline of ours has, and was not opened: {error}") from None
    except Exception as error:  # noqa: BLE001 zipfile, json and skops each raise their own for a damaged file
        raise DataError(f"{path} is not a pipeline, or is damaged ({error}): save it anew") from None
    if not isinstance(found, Pipeline):
        raise DataError(f"{path} holds a {type(found).__name__}, not a pipeline: take a file that its `save` wrote")
    if not all(_sound(tree) for tree in _trees(found)):
        raise DataError(f"{path} holds a tree with branches that lead nowhere: the file is damaged, save it anew")
    return found


def _trees(part: Any) -> Iterator[Tree]:
    """Yield the trees of an estimator, wherever they are in it."""
    if isinstance(part, Tree):
        yield part
    elif isinstance(part, BaseEstimator):
        yield from _trees(list(vars(part).values()))
    elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
        for one in part:
            yield from _trees(one)


def _sound(tree: Tree) -> bool:
    """Return whether every branch leads to a later node and asks for a number that is there.

    scikit-learn follows the nodes in a file without a look: a wrong one reads foreign memory, or never ends.
    """
    inner = np.flatnonzero(tree.children_left != TREE_LEAF)
    children = np.stack([tree.children_left[inner], tree.children_right[inner]])
    forward = (children > inner).all() and (children < tree.node_count).all()
    asked = tree.feature[inner]
    return bool(forward and (asked >= 0).all() and (asked < tree.n_features).all())
