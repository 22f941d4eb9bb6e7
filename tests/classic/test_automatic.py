"""A word that is not auto is refused, wherever a parameter is a number or auto."""

import numpy as np
import pytest

from striate.classic.dense_sift import DenseSIFT
from striate.classic.hog import HOG
from striate.classic.kernel_svm import KernelSVM
from striate.classic.maps import RBFMap
from striate.core.errors import RecipeError


@pytest.mark.parametrize("descriptor", [HOG(cell="8px"), DenseSIFT(step="fine"), DenseSIFT(cells="4")], ids=str)
def test_a_descriptor_refuses_another_word(descriptor, pictures):
    with pytest.raises(RecipeError, match="give a number, or auto"):
        descriptor.fit(pictures)


@pytest.mark.parametrize("estimator", [KernelSVM(gamma="scale"), RBFMap(gamma="scale")], ids=str)
def test_a_kernel_refuses_another_word(estimator):
    with pytest.raises(RecipeError, match="gamma = 'scale': give a number, or auto"):
        estimator.fit(np.eye(4), [0, 1, 0, 1])
