"""How alike two layers represent the same pictures: linear centered kernel alignment (CKA).

Kornblith, Norouzi, Lee and Hinton, 2019 (https://arxiv.org/abs/1905.00414), in the unbiased form that may be summed
over minibatches (Nguyen, Raghu and Kornblith, 2021, https://arxiv.org/abs/2010.15327, equations 2 to 4; the
estimator of Song et al., 2012): so that layers of any size are compared in the memory of one batch. 1 for layers that
differ by a rotation, a shift and one scale; near 0, and as often below as above it, for independent ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from striate.core.errors import DoesNotApply

LEAST = 4  # pictures in a minibatch: the estimator divides by n - 3
_COLUMNS = 2**16  # features of all pictures in float64 at once


@dataclass
class Alignment:
    """Sums over minibatches for one pair of layers.

    Args:
        between: of the Hilbert-Schmidt independence criterion between the two.
        one: of the first with itself.
        other: of the second with itself.
    """

    between: float = 0.0
    one: float = 0.0
    other: float = 0.0

    def add(self, one: Tensor, other: Tensor) -> None:
        """Take in a minibatch by its Gram matrices (n, n) in both layers; see `gram`."""
        self.between += independence(one, other)
        self.one += independence(one, one)
        self.other += independence(other, other)

    @property
    def value(self) -> float:
        """CKA; NaN where a layer gives the same for all pictures."""
        power = self.one * self.other
        if self.one <= 0 or self.other <= 0:
            return float("nan")
        return float(self.between / power**0.5)


def gram(features: Tensor) -> Tensor:
    """Return the products (n, n) of pictures' features (n, ...), centered over the pictures, in float64."""
    flat = features.flatten(1)
    found = torch.zeros(len(flat), len(flat), dtype=torch.float64, device=flat.device)
    step = max(1, _COLUMNS // len(flat))
    for start in range(0, flat.shape[1], step):
        part = flat[:, start : start + step].double()
        part = part - part.mean(0)
        found += part @ part.T
    return found


def independence(one: Tensor, other: Tensor) -> float:
    """Return the unbiased Hilbert-Schmidt independence criterion of two Gram matrices (n, n), equation 3.

    Raises:
        DoesNotApply: fewer than 4 pictures.
    """
    count = len(one)
    if count < LEAST:
        raise DoesNotApply(f"layers are compared over at least {LEAST} pictures at once, not {count}: take more")
    one, other = (matrix - torch.diag(matrix.diagonal()) for matrix in (one, other))
    rows, columns = one.sum(0), other.sum(0)
    ends = rows.sum() * columns.sum() / ((count - 1) * (count - 2))
    value = (one * other).sum() + ends - 2 * (rows @ columns) / (count - 2)
    return float(value / (count * (count - 3)))


def cka(one: Tensor, other: Tensor) -> float:
    """Return the unbiased linear CKA of the features (N, ...) that two layers give to the same N pictures."""
    alignment = Alignment()
    alignment.add(gram(one), gram(other))
    return alignment.value
