"""Pooling across channels, which torch has not; it has maximum, average and L2 pooling over places.

Maximum and average are `nn.MaxPool2d` and `nn.AvgPool2d`, overlapping where the stride is less than the window
(Krizhevsky et al., 2012, section 3.4); L2 is `nn.LPPool2d(2, ...)`, the root of the sum of squares.
"""

from torch import Tensor, nn


class Maxout(nn.Module):
    """The largest of every `pieces` channels that follow each other.

    Goodfellow, Warde-Farley, Mirza, Courville and Bengio, 2013, section 3. https://arxiv.org/abs/1302.4389
    After a linear layer or convolution with `pieces` times the channels it is a learned convex function of the input.
    """

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, C * pieces, ...) to (N, C, ...).

        Raises:
            ValueError: the channels do not divide by `pieces`.
        """
        if x.shape[1] % self.pieces:
            raise ValueError(f"maxout over {self.pieces} cannot take {x.shape[1]} channels: not a multiple of it")
        return x.reshape(len(x), -1, self.pieces, *x.shape[2:]).max(dim=2).values

    def extra_repr(self) -> str:
        """Return how many channels compete, for the printed network."""
        return str(self.pieces)
