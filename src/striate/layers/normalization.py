"""Normalizations that torch has not, or has with another formula."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LocalResponseNorm(nn.Module):
    """Divide each unit by a power of what its neighbors among the maps answer at the same place.

    Krizhevsky, Sutskever and Hinton, 2012, section 3.3: b = a / (k + alpha * sum of a^2 over `size` maps)^beta.
    torch's own divides alpha by the number of maps, which the formula does not.
    """

    def __init__(self, size: int = 5, *, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> None:
        super().__init__()
        _require_middle(size)
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of maps (N, C, h, w); half precision is raised to float32 for it."""
        if x.dtype in {torch.bfloat16, torch.float16}:
            x = x.float()
        return F.local_response_norm(x, self.size, alpha=self.alpha * self.size, beta=self.beta, k=self.k)

    def extra_repr(self) -> str:
        """Return the constants, for the printed network."""
        return f"{self.size}, k={self.k:g}, alpha={self.alpha:g}, beta={self.beta:g}"


class LocalResponseNormWithin(nn.Module):
    """Divide each unit by a power of what its neighbors in the same map answer.

    The same formula over a window of `size` x `size` places instead of over maps, as cuda-convnet's `rnorm` and
    Caffe's WITHIN_CHANNEL have it; Caffe divides alpha by the number of places, which this does not.
    """

    def __init__(self, size: int = 5, *, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> None:
        super().__init__()
        _require_middle(size)
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of maps (N, C, h, w); half precision is raised to float32 for it."""
        if x.dtype in {torch.bfloat16, torch.float16}:
            x = x.float()
        near = F.avg_pool2d(x.square(), self.size, stride=1, padding=self.size // 2) * self.size**2  # zeros outside
        return x / (self.k + self.alpha * near) ** self.beta

    def extra_repr(self) -> str:
        """Return the constants, for the printed network."""
        return f"{self.size}, k={self.k:g}, alpha={self.alpha:g}, beta={self.beta:g}"


def _require_middle(size: int) -> None:
    if size % 2 == 0:
        raise ValueError(f"a window of {size} has no middle: take an odd number")
