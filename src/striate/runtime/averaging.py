"""One answer from several views of the same pictures: the mean of their probabilities."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray


def average(scores: Sequence[NDArray[np.float32]], temperature: float = 1.0) -> NDArray[np.float32]:
    """Return scores (N, K) whose probabilities, at `temperature`, are the mean of those of each view.

    With p_v = softmax(s_v / T) they are T log mean_v p_v. The mean of probabilities, as Krizhevsky et al., 2012,
    section 4.1, take it; the mean of scores would let one sure view outvote the rest.

    Args:
        scores: (N, K) of each view; those of a single one are returned as they are.
        temperature: T, what scores are divided by before the softmax. It was fitted on single views.
    """
    if len(scores) == 1:
        return scores[0]
    logarithms = torch.from_numpy(np.stack(scores)).double().div(temperature).log_softmax(dim=2)
    mean = torch.logsumexp(logarithms, dim=0) - np.log(len(scores))
    averaged: NDArray[np.float32] = (temperature * mean).float().numpy()
    return averaged
