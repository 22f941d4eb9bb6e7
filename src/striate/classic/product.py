"""Matrix products of NumPy arrays, on the threads that describe pictures."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return left @ right, computed on torch's threads, which describe the pictures too.

    NumPy's threads look for more work for some 25 ms after each product: between torch's steps they take its cores,
    and all goes at a tenth of the speed.
    """
    kind = np.result_type(left, right)
    tensors = (torch.from_numpy(np.require(array, kind, requirements="W")) for array in (left, right))
    found: NDArray[Any] = torch.matmul(*tensors).numpy()
    return found
